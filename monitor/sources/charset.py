"""Bytes to characters: what the document says of itself, checked against what it is."""

from __future__ import annotations

import codecs
import re

from monitor.core.outcome import Outcome
from monitor.errors import ParseError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Without a mark, the first characters "<?" or "<r" give the width away.
_WIDE = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_IN_HEADER = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
# Publishers name the standard and write the superset that their software calls by its name.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
}
# What servers of a language send when they say nothing.
_USUAL = {"ru": "cp1251", "uk": "cp1251", "be": "cp1251", "zh": "gb18030"}
_EBCDIC_START = b"\x4c\x6f\xa7\x94"  # "<?xm"


def decode(body: bytes, content_type: str, language: str = "und") -> str:
    """Decode a document: by its byte order mark, as UTF-8, by its declaration, by the HTTP header.

    A declaration that the bytes contradict is not believed. What does not fit
    is read as declared, else in the usual charset of the feed's language,
    with U+FFFD for the rest; nothing is dropped. Raises ParseError for EBCDIC.
    """
    if body.startswith(_EBCDIC_START):
        raise ParseError(Outcome.UNDECODABLE, "EBCDIC")
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    for start, name in _WIDE:
        if body.startswith(start):
            return body.decode(name, "replace")
    named = _named(body, content_type)
    # Written with escapes in ASCII, these would pass for UTF-8; and UTF-8 is no accident.
    for name in (name for name in named if name.startswith(("iso2022", "hz"))):
        if (text := _decoded(body, name)) is not None:
            return text
    as_utf8 = body.decode("utf-8", "replace")
    if _is_sound(as_utf8):
        return as_utf8
    fitting = (_decoded(body, name) for name in named)
    otherwise = next((name for name in named if name != "utf-8"), _USUAL.get(language, "cp1252"))
    return next((text for text in fitting if text is not None), body.decode(otherwise, "replace"))


def _decoded(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except UnicodeDecodeError:
        return None


def _is_sound(as_utf8: str) -> bool:
    broken = as_utf8.count("\ufffd")
    return not broken or sum(char > "\x7f" for char in as_utf8) - broken > 2 * broken


def _named(body: bytes, content_type: str) -> list[str]:
    """The codecs that the document and the header name, as far as there are such."""
    found = _DECLARED.search(body[:400])
    header = _IN_HEADER.search(content_type)
    labels = [found[1].decode() if found else "", header[1] if header else ""]
    return [name for name in map(_codec, labels) if name]


def _codec(label: str) -> str | None:
    """The codec of a label; None for an unknown one, for UTF-7 (it hides markup) and for wide ones.

    A wide encoding would have shown in the first bytes.
    """
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    if name.startswith(("utf-7", "utf-16", "utf-32")):
        return None
    try:
        "".encode(name)
    except LookupError:  # codecs that are no text, such as base64
        return None
    return _SUPERSETS.get(name, name)
