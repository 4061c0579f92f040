"""RSS and Atom; the only file that knows feedparser."""

from __future__ import annotations

import re
from typing import Any

import feedparser

from monitor.core.outcome import Outcome
from monitor.errors import ParseError
from monitor.sources.guard import check
from monitor.sources.raw import RawFeed

# Entries become plain text and links are checked in links.py, so neither is needed, and
# both cost half of the time.
feedparser.SANITIZE_HTML = 0
feedparser.RESOLVE_RELATIVE_URIS = 0

# What broken extension elements, and a stray end of an image's width, make feedparser raise
# (https://github.com/kurtmckee/feedparser/issues/591, 599).
_RAISED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, AssertionError, re.error)
_EXTENSION = re.compile(
    r"</?(?:(?!(?:content|dc|dcterms|atom|rdf|rss):)[A-Za-z_][\w.-]*:|(?:width|height|textinput)\b)[^<>]*>",
    re.IGNORECASE,
)
_SAID = ("title", "link", "id", "summary")


def read(text: str, max_entries: int) -> RawFeed:
    """Read the entries of a feed in XML, of too many both ends; raises ParseError with why it is refused.

    Maps, ratings, chapters and the feed's image may be broken: then the feed is read without them.
    """
    document = check(text, max_entries)
    try:
        parsed = _parse(document.text)
    except _RAISED:
        parsed = _parse_bare(document.text)
    if not parsed.get("version") and not any(raw.get(name) for raw in parsed.entries for name in _SAID):
        raise ParseError(Outcome.NOT_A_FEED, f"no feed in <{document.root[:40]}>")
    return RawFeed(
        language=parsed.feed.get("language", ""),
        ttl=str(parsed.feed.get("ttl") or ""),
        entries=parsed.entries[:max_entries],
        over=document.over + max(len(parsed.entries) - max_entries, 0),
        is_cut=document.is_truncated,
    )


def _parse(text: str) -> Any:
    # Bytes only: given text, feedparser would take a short one for a path or an address to open.
    return feedparser.parse(
        text.encode("utf-8", "replace"),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _parse_bare(text: str) -> Any:
    try:
        return _parse(_EXTENSION.sub("", text))
    except _RAISED as error:
        raise ParseError(Outcome.PARSER_CRASH, type(error).__name__) from error
