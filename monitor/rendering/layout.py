"""Plain text in columns: Chinese characters are two columns wide, and lines break between them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WIDTH = 78

_WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff"
_OPENING = "\u300a\u300c\u300e\u3010\uff08\u2018\u201c"
_CLOSING = "\u3001\u3002\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff1a\uff1b\uff1f\u2019\u201d"
# What may stand at the end of a line: a word, or one wide character with the marks that close it.
_PIECES = re.compile(rf"[{_WIDE}][{_CLOSING}]*|[^\s{_WIDE}]+|\s+")
# The same for our own Chinese: brackets also stay with what they open, and marks with a number before them.
_CLOSED_PIECES = re.compile(rf"[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSING}]*|\s+")


def flat(text: str) -> str:
    """The text on one line, without what a terminal would obey: controls, escapes, overrides."""
    return " ".join("".join(char if _is_shown(char) else " " for char in text).split())


def _is_shown(char: str) -> bool:
    # Joiners and direction marks (Cf) shape words; of them only the bidi overrides hide any.
    return unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") and not _overrides(char)


def _overrides(char: str) -> bool:
    return "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_columns(char) for char in text)


@lru_cache(maxsize=20_000)
def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """The text on one line, cut or filled up with blanks to just so many columns."""
    text = clip(flat(text), columns)
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks


def clip(text: str, columns: int) -> str:
    """The text, with an ellipsis where it is wider than so many columns."""
    return text if width(text) <= columns else _head(text, columns - 1) + "…"


def wrap(text: str, indent: str = "", columns: int = WIDTH, *, closed: bool = False) -> list[str]:
    """The text in lines of at most so many columns, each indented; a longer word is cut.

    With `closed` no line begins with a wide closing mark or ends with an opening one.
    """
    room = columns - width(indent)
    lines, line, used = [], "", 0
    for piece in (_CLOSED_PIECES if closed else _PIECES).findall(flat(text)):
        needed = width(piece)
        if used + needed <= room:
            line, used = line + piece, used + needed
            continue
        lines.append(line)
        line = piece.lstrip()
        while (used := width(line)) > room:
            head = _head(line, room)
            lines.append(head)
            line = line[len(head) :]
    lines.append(line)
    return [indent + line.strip() for line in lines if line.strip()]


def _head(text: str, columns: int) -> str:
    """As much of a text as fits into so many columns."""
    used = 0
    for position, char in enumerate(text):
        used += _columns(char)
        if used > columns:
            return text[:position]
    return text
