"""Links as they may be shown: http or https, absolute, without user names."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

MAX_LINK = 2_000
_TRACKING = re.compile(
    r"^(?:utm_\w+|fbclid|gclid|yclid|mc_cid|mc_eid|_openstat|igshid|ref_src)$", re.IGNORECASE
)


def safe_link(link: str, base: str) -> str:
    """Resolve a link against the feed's address; "" for anything that is not http or https.

    User names and passwords are dropped, hosts are written in ASCII (so that a
    look-alike shows as what it is), blanks are encoded.
    """
    bare = link.strip()
    if re.match(r"www\.[^/\s]+\.[a-z]", bare, re.IGNORECASE):
        bare = f"https://{bare}"
    # Browsers skip tabs and line breaks inside an address, and so would a hidden "java\tscript:".
    bare = re.sub(r"[\t\r\n]", "", bare)
    if not bare or len(bare) > MAX_LINK:
        return ""
    try:
        parts = urlsplit(urljoin(base, bare))
        host = (
            (parts.hostname or "").encode("idna").decode()
            if not _is_ascii(parts.hostname)
            else parts.hostname
        )
        port = parts.port
    except ValueError:  # UnicodeError of the host is one too
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc = f"{netloc}:{port}"
    safe = "/:@!$&'()*+,;=~%?-._"
    return urlunsplit(
        (
            parts.scheme,
            netloc,
            quote(parts.path, safe=safe),
            quote(parts.query, safe=safe),
            quote(parts.fragment, safe=safe),
        )
    )


def without_tracking(link: str) -> str:
    """The link without parameters that only say who led the reader there."""
    parts = urlsplit(link)
    if not parts.query:
        return link
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(k)]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _is_ascii(host: str | None) -> bool:
    return (host or "").isascii()
