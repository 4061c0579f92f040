"""Links as they may be shown: http or https, absolute, without user names."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

MAX_LINK = 2_000
_TRACKING = re.compile(
    r"^(?:utm_\w+|fbclid|gclid|yclid|mc_cid|mc_eid|_openstat|igshid|ref_src)$", re.IGNORECASE
)
_BARE_HOST = re.compile(r"www\.[^/\s]+\.[a-z]", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.IGNORECASE)
_KEPT = "/:@!$&'()*+,;=~%?-._"


def safe_link(link: str, base: str) -> str:
    """Resolve a link against the feed's address; "" for anything that is not http or https.

    User names and passwords are dropped, hosts are written in ASCII (so that a
    look-alike shows as what it is), blanks are encoded.
    """
    # Browsers skip tabs and line breaks inside an address, and so would a hidden "java\tscript:".
    bare = re.sub(r"[\t\r\n]", "", link.strip())
    if not bare or len(bare) > MAX_LINK or "\ufffd" in bare:
        return ""
    try:
        parts = urlsplit(urljoin(base, f"https://{bare}" if _BARE_HOST.match(bare) else bare))
        netloc = _netloc(parts)
        if parts.scheme not in ("http", "https") or not netloc:
            return ""
        rest = (quote(part, safe=_KEPT) for part in (parts.path, parts.query, parts.fragment))
        return urlunsplit((parts.scheme, netloc, *rest))
    except ValueError:  # UnicodeError is one too
        return ""


def _netloc(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not _HOST.fullmatch(host):
        return ""
    shown = f"[{host}]" if ":" in host else host
    return shown if parts.port is None else f"{shown}:{parts.port}"


def without_tracking(link: str) -> str:
    """The link without parameters that only say who led the reader there."""
    parts = urlsplit(link)
    if not parts.query:
        return link
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(k)]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def is_front_page(link: str) -> bool:
    """Does a link name a whole site instead of something on it?"""
    parts = urlsplit(link)
    return parts.path in ("", "/") and not parts.query and not parts.fragment
