"""What must hold before a parser sees a document: bounded, without entities, and a feed at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.core.outcome import Outcome
from monitor.errors import ParseError
from monitor.sources.mending import mend
from monitor.sources.tags import Shape, survey

# Notices that a server's software prints before the document are passed over, and comments; a page is not.
_START = re.compile(
    r"<!--.*?(?:-->|\Z)|(<\?xml\s|<(?:\w+:)?(?:rss|feed|rdf|channel)[\s/>])", re.IGNORECASE | re.DOTALL
)
_DECLARATION = re.compile(r"<\?xml\b[^>]{0,300}\?>")  # of a charset, which the text no longer has
_PAGE = re.compile(r"<html[\s>]|<!doctype html", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """A checked document, ready for the parser."""

    text: str
    root: str
    is_truncated: bool
    over: int  # entries left out because there are too many


def check(text: str, max_entries: int) -> Document:
    """Check a decoded document and mend it; raises ParseError with the reason for refusing it.

    A document without its closing tag is cut after its last whole entry; one
    with too many entries loses those in the middle.
    """
    text = mend(text)  # first: what it drops might hide what is refused below
    if "<!entity" in text.lower():
        raise ParseError(Outcome.XML_ENTITY, "declares entities")
    start = next((found for found in _START.finditer(text) if found[1]), None)
    if start is None or _PAGE.search(text, 0, start.start()):
        raise ParseError(Outcome.NOT_A_FEED, _looks_like(text))
    text = _DECLARATION.sub("", text[start.start() :], count=1)
    shape = survey(text, max_entries)
    if shape.root.lower() in ("", "html", "head", "body"):
        raise ParseError(Outcome.NOT_A_FEED, _looks_like(text))
    return Document(
        text=_wanted(text, shape, max_entries),
        root=shape.root,
        is_truncated=not shape.is_closed,
        over=max(shape.entries - max_entries, 0),
    )


def _wanted(text: str, shape: Shape, max_entries: int) -> str:
    """What the parser is to read: it takes seconds for entries that nobody would keep.

    Of too many entries both ends, for some publishers write their newest entry last.
    """
    # Without one whole entry, what stands before the first is kept, so that the feed is still known as one.
    end = None if shape.is_closed else shape.entries_end or shape.entries_start
    if shape.entries <= max_entries:
        return text[:end]
    return (
        text[: shape.head_end or shape.entries_start] + text[max(shape.tail_starts[0], shape.head_end) : end]
    )


def _looks_like(text: str) -> str:
    return "an HTML page" if _PAGE.search(text[:2000]) else "neither RSS, Atom nor JSON Feed"
