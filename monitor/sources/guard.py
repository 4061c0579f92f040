"""What must hold before a parser sees a document: bounded, without entities, and a feed at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.core.model import Outcome
from monitor.errors import ParseError

MAX_DEPTH = 200
MAX_ATTRIBUTES = 256

_START = re.compile(r"<\?xml\s|<(?:\w+:)?(?:rss|feed|rdf|channel)\b", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml\b[^>]{0,300}\?>")
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]{0,100})")
_SKIPPED = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">"))
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]+)|([0-9]+));")
# feedparser reads the number in this attribute without care, and no one here needs a map
# (https://github.com/kurtmckee/feedparser/issues/599).
_SRS_NAME = re.compile(r"""\ssrsName\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""", re.IGNORECASE)
# Left open, a title would swallow its entry and the one after it.
_OPEN_TITLE = re.compile(r"(<title>[^<]*)(?=<(?:link|guid|description|pubDate|/?item)\b)", re.IGNORECASE)
_HTML_ROOTS = frozenset({"html", "head", "body"})


@dataclass(frozen=True, slots=True)
class Document:
    """A checked document, ready for the parser."""

    text: str
    root: str
    is_truncated: bool


def check(text: str) -> Document:
    """Check and mend a decoded document; raises ParseError with the reason for refusing it.

    A document without its closing tag is cut after its last whole entry.
    """
    if "<!entity" in text.lower():
        raise ParseError(Outcome.XML_ENTITY, "declares entities")
    start = _START.search(text)
    if start is None:
        raise ParseError(Outcome.NOT_A_FEED, _looks_like(text))
    text = _DECLARATION.sub("", text[start.start() :], count=1)
    text = _REFERENCE.sub(_legal_reference, _CONTROLS.sub("", text))
    text = _OPEN_TITLE.sub(r"\1</title>", _SRS_NAME.sub("", text))
    root = _check_tags(text)
    if root.lower() in _HTML_ROOTS:
        raise ParseError(Outcome.NOT_A_FEED, "an HTML page")
    closed = f"</{root.lower()}" in text.lower()
    return Document(text=text if closed else _whole_entries(text), root=root, is_truncated=not closed)


def _legal_reference(found: re.Match[str]) -> str:
    digits, base = (found[1], 16) if found[1] else (found[2], 10)
    # A number of hundreds of digits is refused by int() itself, and legal ones are short.
    code = int(digits, base) if len(digits.lstrip("0")) <= 7 else -1
    is_legal = (
        code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    )
    return found[0] if is_legal else "\ufffd"


def _check_tags(text: str) -> str:
    """Walk the tags once, forwards only; the name of the first one. Raises ParseError at a limit."""
    root, depth, at = "", 0, text.find("<")
    while at >= 0:
        skipped = next((end for begin, end in _SKIPPED if text.startswith(begin, at)), None)
        end = text.find(skipped or ">", at)
        if end < 0:
            break
        if not skipped:
            tag = text[at : end + 1]
            root = root or _name(tag)
            if tag.count("=") > MAX_ATTRIBUTES and _attributes(tag) > MAX_ATTRIBUTES:
                raise ParseError(Outcome.TOO_MANY_ATTRIBUTES, f"more than {MAX_ATTRIBUTES} in one element")
            depth += -1 if tag.startswith("</") else 0 if tag.endswith("/>") else 1
            if depth > MAX_DEPTH:
                raise ParseError(Outcome.TOO_DEEP, f"more than {MAX_DEPTH} elements deep")
        at = text.find("<", end)
    if not root:
        raise ParseError(Outcome.NOT_A_FEED, "no element")
    return root


def _name(tag: str) -> str:
    found = _ROOT.match(tag)
    return found[1] if found else ""


def _attributes(tag: str) -> int:
    return tag.count('="') + tag.count("='") + tag.count("= ")


def _whole_entries(text: str) -> str:
    low = text.lower()
    ends = [low.rfind(close) + len(close) for close in ("</item>", "</entry>") if close in low]
    if ends:
        return text[: max(ends)]
    # Not even one: what stands before the first entry is kept, so that the feed is still known as one.
    starts = [low.find(open_) for open_ in ("<item", "<entry") if open_ in low]
    return text[: min(starts)] if starts else text


def _looks_like(text: str) -> str:
    head = text[:2000].lower()
    if "<html" in head or "<!doctype html" in head:
        return "an HTML page"
    return "neither RSS, Atom nor JSON Feed"
