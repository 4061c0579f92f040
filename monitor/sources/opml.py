"""OPML: lists of feeds from other readers and for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from monitor.errors import InputError

MAX_BYTES = 5 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of an OPML document."""

    title: str
    url: str
    site: str = ""
    language: str = ""


def read_opml(document: bytes) -> list[Outline]:
    """The feeds of an OPML document in order, each address once; raises InputError."""
    if len(document) > MAX_BYTES:
        raise InputError(f"more than {MAX_BYTES} bytes: no list of feeds is that long")
    # expat expands entities, so a document that declares any is refused unread.
    if b"<!entity" in document.lower() or b"\0" in document:
        raise InputError("declares entities, or is not in a byte encoding: refused")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314  entities were refused above
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise InputError(f"no OPML: {error}") from error
    found: dict[str, Outline] = {}
    for outline in root.iter("outline"):
        attributes = {name.lower(): value.strip() for name, value in outline.attrib.items()}
        url = attributes.get("xmlurl", "")
        if url and url not in found:
            title = attributes.get("title") or attributes.get("text") or url
            found[url] = Outline(
                title=title,
                url=url,
                site=attributes.get("htmlurl", ""),
                language=attributes.get("language", ""),
            )
    if not found:
        raise InputError("no outline has an xmlUrl, so there is no feed in it")
    return list(found.values())


def write_opml(outlines: Iterable[Outline], *, title: str) -> bytes:
    """An OPML 2.0 document of these feeds."""
    root = ElementTree.Element("opml", version="2.0")
    ElementTree.SubElement(ElementTree.SubElement(root, "head"), "title").text = title
    body = ElementTree.SubElement(root, "body")
    for outline in outlines:
        given = {"htmlUrl": outline.site, "language": outline.language}
        ElementTree.SubElement(
            body,
            "outline",
            {"type": "rss", "text": outline.title, "title": outline.title, "xmlUrl": outline.url}
            | {name: value for name, value in given.items() if value},
        )
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"
