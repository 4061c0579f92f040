"""Small repairs to a decoded document, so that one slip in one entry does not cost the feed."""

from __future__ import annotations

import re

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]+)|([0-9]+));")
# Taken for a reference by lenient parsers, the "&copy" of "?a=1&copy=3" would become a sign. In
# CDATA, up to its end or the document's, an ampersand is itself.
_AMPERSAND = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!#?\w{1,40};)", re.DOTALL)
# feedparser reads the number in this attribute without care, and no one here needs a map
# (https://github.com/kurtmckee/feedparser/issues/599).
_SRS_NAME = re.compile(r"""\ssrsName\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""", re.IGNORECASE)
# Left open, a title would swallow its entry and the one after it.
_OPEN_TITLE = re.compile(r"(<title>[^<]*)(?=<(?:link|guid|description|pubDate|/?item)\b)", re.IGNORECASE)


def mend(text: str) -> str:
    """Repair references, ampersands and open titles, and drop controls.

    Markup that the document escaped, or keeps in CDATA, stays as it is.
    """
    text = _REFERENCE.sub(_legal_reference, _CONTROLS.sub("", text))
    text = _AMPERSAND.sub(lambda found: "&amp;" if found[0] == "&" else found[0], text)
    return _OPEN_TITLE.sub(r"\1</title>", _SRS_NAME.sub("", text))


def _legal_reference(found: re.Match[str]) -> str:
    digits, base = (found[1], 16) if found[1] else (found[2], 10)
    # A number of hundreds of digits is refused by int() itself, and legal ones are short.
    code = int(digits, base) if len(digits.lstrip("0")) <= 7 else -1
    is_legal = (
        code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    )
    return found[0] if is_legal else "\ufffd"
