"""Links that may be shown: whatever the address says, nothing but the web is one click away."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_link(link: str) -> str:
    """The link, or "" unless it is an absolute http or https address in printable ASCII.

    Sources clean their links; this looks again, because what stands in a mail
    is clicked. User names are refused: they make an address look like another.
    """
    if not link.isascii() or not link.isprintable() or " " in link:
        return ""
    try:
        parts = urlsplit(link)
    except ValueError:  # brackets that hold no IPv6 address
        return ""
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    return link if is_web else ""


def host(link: str) -> str:
    """The host of a safe link, as the reader sees it; a leading "www." is left out."""
    return (urlsplit(link).hostname or "").removeprefix("www.")
