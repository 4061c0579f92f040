from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import values
from monitor.sources.address import parse_allowed


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("6h", timedelta(hours=6)),
        ("21d", timedelta(days=21)),
        ("0s", timedelta()),
        ("999999d", timedelta(days=999_999)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(written: str, read: timedelta) -> None:
    assert values.duration(written) == read


@pytest.mark.parametrize(
    "written", ["", "15", "15 m", "1.5h", "-1h", "15M", "1w", "1h30m", "٣h", "1h\n", 15, None, True]
)
def test_anything_else_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError, match='expected a duration such as "30s"'):
        values.duration(written)


def test_nothing_is_no_positive_duration() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        values.positive_duration("0m")


@pytest.mark.parametrize(
    ("written", "read"), [("5 MiB", 5 * 2**20), ("512KiB", 2**19), ("1 GiB", 2**30), ("7", 7), (7, 7)]
)
def test_a_size_is_bytes_or_a_number_with_a_unit(written: object, read: int) -> None:
    assert values.size(written) == read


@pytest.mark.parametrize("written", ["", "5 MB", "5  MiB", "-5", "0", 0, -1, 1.5, True, None, "5 mib"])
def test_anything_else_is_no_size(written: object) -> None:
    with pytest.raises(ValueError, match='expected a size such as "5 MiB"'):
        values.size(written)


def test_a_clock_is_hours_and_minutes() -> None:
    assert values.clock("03:30") == time(3, 30)
    for written in ("3:30", "24:00", "03:30:00", 330, time(3, 30)):
        with pytest.raises(ValueError, match='such as "03:30"'):
            values.clock(written)


GOOD = [
    (values.identifier, "global_influence ru-tass 24ur a.b"),
    (values.language, "en zh zh-Hant und sr-Latn-RS"),
    (values.mail_address, "watch@example.org a+b@x entente@xn--e1afmkfd.xn--p1ai root@localhost"),
    (values.host_name, "mail.example.org localhost 192.0.2.1 mail_1"),
    (values.variable, "ENTENTE_SMTP_PASSWORD _x"),
    (values.web_address, "http://example.org https://example.org:8443/a?b=%5Bc%5D#d http://[::1]:80/x"),
    (values.feed_address, "rsshub:/caixin/latest https://example.org/feed"),
    (values.contact, "https://example.org/about watch@example.org"),
    (
        values.allowed,
        "10.0.0.0/8 10.0.0.0/8:8080 localhost localhost:1200 127.0.0.1:80 ::1 [::1]:80 fd00::/8",
    ),
    (values.allowed, "[fd00::/8]:8080 127.0.0.1 rsshub.internal:1200"),
]
BAD: list[tuple[Callable[[str], str], list[str]]] = [
    (values.identifier, ["", "Ru-Tass", "-x", "a b", "x" * 65, "тасс", "a/b", "x\n"]),
    (values.language, ["", "english", "EN", "e", "en_US"]),
    (values.mail_address, ["", "watch", "a@b@c", "Watch <w@x.org>", "w@x.org\n", "вахта@x.org", "w@пример.рф",
                           "@x"]),
    (values.host_name, ["", "a..b", "a b", "https://x", "x" * 300, "mail:25"]),
    (values.variable, ["", "A B", "1A", "A=B", "$A"]),
    (values.web_address, ["", "ftp://x/y", "example.org", "//x/y", "http://", "http://x:99999/", "http://[::1/",
                          "javascript:alert(1)", "http://x/a b", "http://x/\n", "http://пример.рф/", "file:///etc/x"]),
    (values.feed_address, ["rsshub:", "rsshub:caixin", "rsshub://host/x", "rsshub:/a b", "feed://x/y"]),
    (values.contact, ["watch", "ftp://x", "a@b, c@d"]),
    (values.allowed, ["", "*", "*:80", "*.internal", "0.0.0.0/0", "::/0", "10.0.0.1/8", "10.0.0.0/33", "x:0",
                      "x:70000", "http://x", "a b", "[::1", "10.0.0.0/8:x", "x:"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "text"), [(check, text) for check, texts in GOOD for text in texts.split()]
)
def test_a_good_value_is_taken_as_it_is(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize("text", " ".join(texts for check, texts in GOOD if check is values.allowed).split())
def test_the_door_to_the_network_reads_every_exemption_that_we_take(text: str) -> None:
    assert parse_allowed(text).port == (
        int(text.rpartition(":")[2]) if re.search(r"[^:]:\d+$", text) else None
    )


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in BAD for text in texts])
def test_a_bad_value_is_refused_with_what_is_expected(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected "):
        check(text)


@pytest.mark.parametrize("text", ["http://user:pass@x/", "http://user@x/", "http://:pass@x/"])
def test_an_address_with_credentials_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="without user name and password") as caught:
        values.web_address(text)
    assert "pass@" not in str(caught.value)


def test_a_text_stays_on_its_line() -> None:
    assert values.one_line(" Первый канал ") == "Первый канал"
    for text in ("a\nBcc: x", "a\r", "a\0", "a\x85b", "a\x1b[31m"):
        with pytest.raises(ValueError, match="one line"):
            values.one_line(text)


def test_a_misspelt_zone_is_told_its_nearest() -> None:
    with pytest.raises(ValueError, match=r'expected an IANA time zone .*; did you mean "Europe/Moscow"\?'):
        values.timezone("europe/moscov")
    assert values.timezone("Europe/Moscow") == "Europe/Moscow"


def answer(check: Callable[[str], str], text: str) -> str:
    """What a check returns, or the reason that it gives."""
    try:
        return check(text)
    except ValueError as error:
        return str(error)


@settings(deadline=None)
@given(st.text())
def test_a_check_takes_any_text_as_it_is_or_says_what_it_expects(text: str) -> None:
    for check, _ in BAD:
        found = answer(check, text)
        assert found == text or found.startswith("expected ")


def test_a_cadence_is_one_or_a_list_without_repetition() -> None:
    assert values.cadences("daily 06:00") == ["daily 06:00"]
    assert values.cadences(["daily 06:00", "weekly mon 06:00"]) == ["daily 06:00", "weekly mon 06:00"]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ([], "at least one cadence"),
        (["hourly", "hourly"], "each cadence once"),
        (["hourly", "dayly 06:00"], 'expected "daily HH:MM"'),
        (["hourly", 6], 'expected "daily HH:MM"'),
        (None, 'expected "daily HH:MM"'),
    ],
)
def test_any_other_cadence_is_refused(written: object, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        values.cadences(written)


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("w@пример.рф", 'write "w@xn--e1afmkfd.xn--p1ai"'),
        ("w@例え.jp", 'write "w@xn--r8jz45g.jp"'),
        ("вахта@x.org", "SMTPUTF8"),
    ],
)
def test_an_address_with_other_letters_is_told_how_it_must_be_written(address: str, hint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(hint)):
        values.mail_address(address)
