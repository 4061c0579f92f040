"""Text folded once, so that a term and a text that mean the same word are the same characters.

Folded text reads " tok tok ": lower case, NFKC, ё as е, simplified Chinese, no
punctuation, no possessive 's. A pattern " term " found in it is a whole word
without a regular expression. Scripts written without spaces (Han, kana, flags)
are runs of their own, also beside Latin letters and digits.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, count, repeat

import opencc

# Flags are pairs of regional indicators; they stand side by side without a space, as Han does.
_FLAGS = "\U0001f1e6-\U0001f1ff"
_UNSPACED = (
    "\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff" + _FLAGS
)
_SPACED = rf"[^\W_{_UNSPACED}]"

UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
_RUN = re.compile(f"[{_UNSPACED}]+|{_SPACED}+")
_SEPARATORS = re.compile(rf"(?:[^\w{_UNSPACED}]|_)+")
# The apostrophe first: the automaton of `re` skips to it, where a look behind would stop at every character.
_POSSESSIVE = re.compile(rf"['’‘`](?<=[^\W_]['’‘`])[sS](?!{_SPACED})")
_TOKEN = re.compile(rf"{_POSSESSIVE.pattern}|([{_UNSPACED}]+|{_SPACED}+)")
# Soft hyphens, zero-width and direction marks, variation selectors, stress accents.
_INVISIBLE = re.compile("[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")
# Characters that never merge with the one before them under NFKC: a safe place to cut.
_CUT = (
    "\x00-\x7f\u00a0-\u024f\u0400-\u0482\u048a-\u052f\u2000-\u206f"
    "\u3000-\u3029\u3041-\u3096\u4e00-\u9fff\uff01-\uff5e"
)
_CHUNK = re.compile(f"[{_CUT}][^{_CUT}]*|[^{_CUT}]+")
_FAR = re.compile("[\u3400-\U0010ffff]")
# Separators that NFKC would change: replaced by hand, they spare most texts the normalization.
_WIDE = "，：；！？（）…\xa0"


@cache
def _simplified() -> dict[int, str]:
    # Character by character and never by phrase, so that every offset holds.
    han = [chr(c) for c in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    pairs = zip(han, opencc.OpenCC("t2s").convert("\n".join(han)).split("\n"), strict=True)
    return {ord(old): new for old, new in pairs if old != new and len(new) == 1}


@cache
def _traditional() -> re.Pattern[str]:
    return re.compile("[" + "".join(map(chr, _simplified())) + "]")


@cache
def _byte_table() -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """How each byte of windows-1251 folds, and the characters that do not fold to one byte.

    That code page holds ASCII, Russian and the typographic marks of both
    languages: most texts fold by one table look-up, a tenth of the work.
    """
    table = bytearray(b" " * 256)
    others = []
    for byte in range(256):
        character = bytes((byte,)).decode("cp1251", "replace")
        folded = _fold_characters(character)
        if _RUN.fullmatch(folded) or not folded:
            if len(folded) == 1 and (encoded := folded.encode("cp1251", "ignore")):
                table[byte] = encoded[0]
            elif character != "\ufffd":
                others.append((character, folded))
    return bytes(table), tuple(others)


def fold(text: str) -> str:
    """The folded form of `text`: " tok tok ", or two spaces where there is no word."""
    table, others = _byte_table()
    if not text.isascii():
        for character, folded in others:
            text = text.replace(character, folded)
    encoding = "ascii" if text.isascii() else "cp1251"
    try:
        encoded = _without_possessives(text).encode(encoding)
    except UnicodeEncodeError:
        text = _without_possessives(_fold_characters(text))
        return _padded(_RUN.findall(text))
    return b"".join((b" ", b" ".join(encoded.translate(table).split()), b" ")).decode(encoding)


def _without_possessives(text: str) -> str:
    if "'" in text or "’" in text or "‘" in text or "`" in text:
        return _POSSESSIVE.sub(" ", text)
    return text


def fold_keeping_case(text: str) -> str:
    """Words of `text` as written, with only marks, spacing and normal forms made equal."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).replace("ё", "е").replace("Ё", "Е")
    return " ".join(_SEPARATORS.sub(" ", text).split())


def _padded(tokens: list[str]) -> str:
    return f" {' '.join(tokens)} " if tokens else "  "


def _fold_characters(text: str) -> str:
    text = _without_wide(text)
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    text = text.lower()
    # A letter such as the dotted capital I becomes two; the sigma at a word's end depends on what follows.
    text = _INVISIBLE.sub("", text).replace("ё", "е").replace("ς", "σ").replace("ʼ", "'")
    if _FAR.search(text) and _traditional().search(text):
        text = text.translate(_simplified())
    return text


def _without_wide(text: str) -> str:
    for wide in _WIDE:
        text = text.replace(wide, " ")
    return text


_fold_chunk = lru_cache(maxsize=8192)(_fold_characters)


@dataclass(frozen=True, slots=True)
class Offsets:
    """Where the folded characters of one text stand in the original; made for matched texts only."""

    _characters: str  # folded one by one, before spacing
    _lengths: Sequence[int]  # of each token
    _folded_at: list[int]  # folded offset of each token
    _at: list[int]  # offset of each token in the text before spacing
    _begins: Sequence[int]
    _ends: Sequence[int]

    @property
    def text(self) -> str:
        """The folded text, equal to fold(original)."""
        spans = zip(self._at, self._lengths, strict=True)
        return _padded([self._characters[at : at + length] for at, length in spans])

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The original characters [start, end) of folded characters [start, end)."""
        return self._begins[self._before_spacing(start)], self._ends[self._before_spacing(end - 1)]

    def folded(self, offset: int) -> int:
        """The folded offset of the first token that begins at or after an original offset."""
        token = bisect_left(self._at, offset, key=self._begins.__getitem__)
        if token < len(self._at):
            return self._folded_at[token]
        return self._folded_at[-1] + self._lengths[-1] + 1 if self._at else 2

    def _before_spacing(self, at: int) -> int:
        token = max(bisect_right(self._folded_at, at) - 1, 0)
        return self._at[token] + at - self._folded_at[token]


@dataclass(frozen=True, slots=True)
class PlainOffsets:
    """The same for a text of which each character folds to one byte: found by counting tokens."""

    text: str  # folded
    _bytes: bytes  # as long as the original, with blanks for all that is no word

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The original characters [start, end) of folded characters [start, end)."""
        return self._place(start), self._place(end - 1) + 1

    def _place(self, at: int) -> int:
        blank = self.text.rfind(" ", 0, at + 1)
        token = self.text.count(" ", 0, at + 1) - 1
        # What a split leaves over begins with the token after so many others.
        rest = self._bytes.split(None, token)[-1] if token else self._bytes.lstrip()
        return len(self._bytes) - len(rest) + max(at - blank - 1, 0)


def offsets_of(original: str, folded: str) -> Offsets | PlainOffsets:
    """Where the folded characters of a text stand in it, the quick way where there is one."""
    table, others = _byte_table()
    if folded.isspace() or (not original.isascii() and any(c in original for c, _ in others)):
        return fold_with_offsets(original)
    try:
        # A blank for each character of a possessive, so that all keep their places.
        encoded = _POSSESSIVE.sub("  ", original).encode("cp1251")
    except UnicodeEncodeError:
        return fold_with_offsets(original)
    return PlainOffsets(folded, encoded.translate(table))


def fold_with_offsets(original: str) -> Offsets:
    """Fold `original` slowly, keeping for every folded character its place in the original."""
    characters, begins, ends = _traced(original)
    # Loops in C: this is a fifth of what a match costs.
    spans = list(map(re.Match.span, _TOKEN.finditer(characters), repeat(1)))
    spans = [span for span in spans if span[0] >= 0]  # a possessive is no token
    starts, stops = [start for start, _ in spans], [stop for _, stop in spans]
    lengths = list(map(operator.sub, stops, starts))
    # Before each token stand those before it, and a space for each of them and for itself.
    folded_at = list(map(operator.add, accumulate(lengths, initial=0), count(1)))
    return Offsets(characters, lengths, folded_at[: len(starts)], starts, begins, ends)


def _keeps_places(original: str) -> bool:
    """Whether every character folds to one, as in nearly all texts."""
    if original.isascii():
        return True
    plain = _without_wide(original)
    folded = plain.lower()
    return (
        unicodedata.is_normalized("NFKC", plain)
        and len(folded) == len(plain)
        and not _INVISIBLE.search(folded)
    )


def _traced(original: str) -> tuple[str, Sequence[int], Sequence[int]]:
    if _keeps_places(original):
        length = len(original)
        return _fold_characters(original), range(length), range(1, length + 1)
    pieces: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    for found in _CHUNK.finditer(original):
        piece = _fold_chunk(found[0])
        pieces.append(piece)
        start, end = found.span()
        if len(piece) == end - start:
            begins.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
        else:
            begins.extend([start] * len(piece))
            ends.extend([end] * len(piece))
    return "".join(pieces), begins, ends
