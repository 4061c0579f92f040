"""How values are written in config.toml: each function reads one, or raises ValueError «expected ...»."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time, timedelta
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from monitor.core.cadence import find_zone, parse_cadence

_DURATION = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SIZE = re.compile(r"(\d{1,9})(?: ?(KiB|MiB|GiB))?", re.ASCII)
_SIZES = {None: 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}", re.ASCII
)
_HOST = re.compile(r"(?=.{1,253}$)([A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}", re.ASCII)
_ROUTE = re.compile(r"rsshub:/[!-.0-~][!-~]*", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def duration(written: object) -> timedelta:
    """Read a whole number of seconds, minutes, hours or days."""
    found = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError('expected a duration such as "30s", "15m", "6h" or "21d"')
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def positive_duration(written: object) -> timedelta:
    """Read a duration that is longer than nothing."""
    length = duration(written)
    if not length:
        raise ValueError("expected a duration longer than nothing")
    return length


def size(written: object) -> int:
    """Read a number of bytes, or of KiB, MiB or GiB."""
    text = str(written) if isinstance(written, int) and not isinstance(written, bool) else written
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[1]) == 0:
        raise ValueError('expected a size such as "5 MiB", "512 KiB" or 5242880')
    return int(found[1]) * _SIZES[found[2]]


def clock(written: object) -> time:
    """Read a time of day."""
    found = _CLOCK.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError('expected a time of day such as "03:30"')
    return time(int(found[1]), int(found[2]))


def _pattern(pattern: re.Pattern[str], expected: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"expected {expected}")
        return text

    return check


identifier = _pattern(_ID, "an id of small letters, digits, dashes and underscores, at most 64")
language = _pattern(_LANGUAGE, 'a language code such as "en", "ru" or "zh"')
host_name = _pattern(_HOST, 'the name or address of a server, such as "mail.example.org"')
variable = _pattern(_VARIABLE, 'the name of an environment variable such as "ENTENTE_SMTP_PASSWORD"')


def mail_address(text: str) -> str:
    """Take an address that every mail server carries; one with other letters is told how to be written."""
    if _MAIL.fullmatch(text):
        return text
    expected = "expected a mail address such as watch@example.org, in ASCII"
    box, _, domain = text.rpartition("@")
    if not box.isascii():
        raise ValueError(f"{expected}: no relay is sure to know a mailbox with other letters (SMTPUTF8)")
    try:
        written = f"{box}@{domain.encode('idna').decode()}"
    except UnicodeError:
        written = ""
    hint = f'; write "{written}"' if written != text and _MAIL.fullmatch(written) else ""
    raise ValueError(f"{expected} (a domain in its xn-- form){hint}")


def one_line(text: str) -> str:
    """Take a text that cannot break out of the header or the line that it is put into."""
    if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text):
        raise ValueError("expected one line without control characters")
    return text.strip()


def cadences(written: object) -> list[str]:
    """Read one cadence or a list of them, each as the core reads it and none twice."""
    listed = written if isinstance(written, list) else [written]
    found = [text if isinstance(text, str) else "" for text in listed]
    if not found:
        raise ValueError("expected at least one cadence")
    for text in found:
        parse_cadence(text)
    if len(set(found)) < len(found):
        raise ValueError("expected each cadence once")
    return found


def timezone(text: str) -> str:
    """Take an IANA zone; a misspelt one is told its nearest."""
    try:
        find_zone(text)
    except ValueError as error:
        near = nearest(text, available_timezones())
        raise ValueError(f"{error}{near}") from None
    return text


def nearest(text: str, known: set[str]) -> str:
    """The known name that a text is nearest to, as the end of a sentence; nothing where none is near."""
    by_folded = {name.casefold(): name for name in sorted(known)}
    close = get_close_matches(text.casefold(), by_folded, n=1)
    return f'; did you mean "{by_folded[close[0]]}"?' if close else ""


def web_address(text: str) -> str:
    """Take an absolute http or https address without user name and password."""
    expected = "expected an http or https address"
    parts = _split(text, expected)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(expected)
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without user name and password: they are never sent")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"{expected} in ASCII, with anything else percent-encoded")
    return text


def _split(text: str, expected: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # is checked when asked for
    except ValueError:
        raise ValueError(expected) from None
    return parts


def web_address_or_nothing(text: str) -> str:
    """Take a web address, or an empty text for none."""
    return web_address(text) if text else text


def feed_address(text: str) -> str:
    """Take a web address, or a path behind an RSSHub written "rsshub:/path"."""
    if not text.startswith("rsshub:"):
        return web_address(text)
    if not _ROUTE.fullmatch(text):
        raise ValueError('expected the path of a route behind RSSHub, such as "rsshub:/caixin/latest"')
    return text


def contact(text: str) -> str:
    """Take what publishers find us by, a web or a mail address; or nothing."""
    if not text or _MAIL.fullmatch(text):
        return text
    try:
        return web_address(text)
    except ValueError:
        raise ValueError("expected a web address or a mail address") from None


def allowed(text: str) -> str:
    """Take an exemption from the private-address rule: "cidr", "cidr:port", "host" or "host:port"."""
    target, port = _without_port(text)
    if port is not None and not 0 < port < 65536:
        raise ValueError("expected a port from 1 to 65535")
    if "/" in target:
        _check_network(target)
    elif not _is_address(target) and not _HOST.fullmatch(target):
        raise ValueError('expected "host", "host:port", "10.0.0.0/8" or "10.0.0.0/8:port"')
    return text


def _without_port(text: str) -> tuple[str, int | None]:
    """The parts of "x:80" and "[::1]:80"; an IPv6 address without brackets has no port."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d{1,5}))?", text, re.ASCII)
    plain = re.fullmatch(r"([^:]*):(\d{1,5})", text, re.ASCII)
    found = bracketed or plain
    if found is None:
        return text, None
    return found[1], int(found[2]) if found[2] else None


def _check_network(text: str) -> None:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ValueError(f"expected a network such as 10.0.0.0/8: {error}") from None
    if network.prefixlen == 0:
        raise ValueError("expected a network smaller than the whole internet")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
