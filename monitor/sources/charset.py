"""Bytes to characters: what the document says of itself, checked against what it is."""

from __future__ import annotations

import codecs
import re

from monitor.core.model import Outcome
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
_EBCDIC_START = b"\x4c\x6f\xa7\x94"  # "<?xm"


def decode(body: bytes, content_type: str) -> str:
    """Decode a document: byte order mark, then declaration, then HTTP header, then UTF-8.

    A declaration that the bytes contradict is not believed. What no charset
    explains is read as windows-1252 or, with most of it valid, as UTF-8 with
    U+FFFD for the rest; nothing is dropped. Raises ParseError for EBCDIC.
    """
    if body.startswith(_EBCDIC_START):
        raise ParseError(Outcome.UNDECODABLE, "EBCDIC")
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    for start, name in _WIDE:
        if body.startswith(start):
            return body.decode(name, "replace")
    for name in _candidates(body, content_type):
        try:
            return body.decode(name)
        except UnicodeDecodeError:
            continue
    return _salvaged(body)


def _candidates(body: bytes, content_type: str) -> list[str]:
    found = _DECLARED.search(body[:400])
    header = _IN_HEADER.search(content_type)
    named = [_codec(found[1].decode()) if found else None, _codec(header[1]) if header else None]
    known = [name for name in named if name]
    # Written with escapes in ASCII, these would pass for UTF-8.
    escaping = [name for name in known if name.startswith(("iso2022", "hz"))]
    # Valid UTF-8 is no accident, and one-byte charsets accept every text, so they come last.
    return [*escaping, "utf-8", *known]


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


def _salvaged(body: bytes) -> str:
    as_utf8 = body.decode("utf-8", "replace")
    broken = as_utf8.count("\ufffd")
    sound = sum(char > "\x7f" for char in as_utf8) - broken
    return as_utf8 if sound > broken else body.decode("cp1252", "replace")
