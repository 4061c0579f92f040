"""Where keys and texts stand in a TOML file: tomllib reads values but forgets their places.

The walk below follows a file that tomllib has already accepted, so it looks only for places.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

Key = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_INLINE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[\w-]+", re.ASCII)
_PLAIN = re.compile(r"[^,\]}\n#]*")  # a number, a date, true or false
_STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|"(?:\\.|[^"\\])*"|' + r"'''.*?'{3,5}|'[^']*'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u(?P<u>.{4})|U(?P<U>.{8})|(?P<fold>[ \t]*\n\s*)|(?P<one>.))", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\", "e": "\x1b"}


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of a file: line and column count from 1, `line` is 0 where unknown."""

    line: int = 0
    column: int = 0
    width: int = 1


@dataclass(frozen=True, slots=True)
class _Written:
    """A text value: its characters, and the offset in the file at which each is written."""

    text: str
    offsets: tuple[int, ...]


class Positions:
    """An index of one file. An empty source, or one that is no TOML, has no places."""

    def __init__(self, source: str) -> None:
        self._source = source

    @cached_property
    def _walk(self) -> _Walk:
        """Made when first asked for: a file without problems needs no places."""
        walk = _Walk(self._source)
        walk.document()
        return walk

    def of(self, key: Sequence[str | int]) -> tuple[int, int]:
        """The line and column of a key, or of the nearest table around it; (0, 0) where unknown."""
        place = self.place(key)
        return (place.line, place.column)

    def place(self, key: Sequence[str | int]) -> Place:
        """The place of a key or list item, or of the nearest table around it."""
        for length in range(len(key), 0, -1):
            if (found := self._walk.keys.get(tuple(key[:length]))) is not None:
                return self._place(*found)
        return Place()

    def place_of_text(self, key: Key, text: str) -> Place:
        """The place of a text inside the value of a key; of the key where the value does not hold it."""
        for at, written in self._walk.texts.items():
            if at[: len(key)] == key and written.text.strip() == text.strip() != "":
                return self._inside(written, 0, len(text.strip()))
        return self.place(key)

    def place_within(self, key: Key, start: int, width: int) -> Place:
        """The place of some characters of a text, counted from its first one that is no blank."""
        written = self._walk.texts.get(key)
        return self._inside(written, start, width) if written else self.place(key)

    def _inside(self, written: _Written, start: int, width: int) -> Place:
        blank = len(written.text) - len(written.text.lstrip())
        at = min(blank + start, len(written.offsets) - 1)
        return self._place(written.offsets[at], width)

    def _place(self, offset: int, width: int) -> Place:
        line = bisect_right(self._starts, offset)
        after = self._source.find("\n", offset)
        room = (after if after >= 0 else len(self._source)) - offset
        return Place(line, offset - self._starts[line - 1] + 1, max(1, min(width, room)))

    @cached_property
    def _starts(self) -> list[int]:
        """The offset of each line."""
        return [0, *(found.end() for found in re.finditer("\n", self._source))]


class _Walk:
    """One pass over a file, noting the offset and width of each key, item and text."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.keys: dict[Key, tuple[int, int]] = {}
        self.texts: dict[Key, _Written] = {}
        self._arrays: Counter[Key] = Counter()

    def document(self) -> None:
        table: Key = ()
        self.skip(_BLANK)
        while self.at < len(self.source):
            if self.source[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)

    def skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.source, self.at)
        self.at = found.end() if found else self.at

    def header(self) -> Key:
        is_array = self.source.startswith("[[", self.at)
        self.at += 1 + is_array
        start, *parts = self.dotted()
        width = self.width(int(start))
        self.at += 1 + is_array
        table: Key = ()
        for depth, part in enumerate(parts, 1):
            table = (*table, part)
            is_last = depth == len(parts)
            self._arrays[table] += is_array and is_last
            self.keys.setdefault(table, (int(start), width))
            if self._arrays[table]:
                table = (*table, self._arrays[table] - 1)
        self.keys.setdefault(table, (int(start), width))
        return table

    def dotted(self) -> list[str | int]:
        """The offset of a key, then its parts."""
        self.skip(_INLINE)
        parts: list[str | int] = [self.at]
        while True:
            self.skip(_INLINE)
            quoted = self.source.startswith(('"', "'"), self.at)
            found = (_STRING if quoted else _BARE).match(self.source, self.at)
            end = found.end() if found else self.at + 1
            parts.append(self.characters(self.at, end).text if quoted else self.source[self.at : end])
            self.at = end
            self.skip(_INLINE)
            if not self.source.startswith(".", self.at):
                return parts
            self.at += 1

    def pair(self, table: Key) -> None:
        start, *parts = self.dotted()
        for length in range(1, len(parts) + 1):
            self.keys.setdefault((*table, *parts[:length]), (int(start), self.width(int(start))))
        self.at += 1  # the equals sign
        self.skip(_INLINE)
        self.value((*table, *parts))

    def width(self, start: int) -> int:
        return len(self.source[start : self.at].rstrip())

    def value(self, key: Key) -> None:
        start = self.at
        first = self.source[start : start + 1]
        if first in ("[", "{"):
            self.collection(key, is_array=first == "[")
        elif first in ('"', "'"):
            found = _STRING.match(self.source, start)
            self.at = found.end() if found else len(self.source)
            self.texts[key] = self.characters(start, self.at)
        else:
            self.skip(_PLAIN)
        self.keys.setdefault(key, (start, self.width(start)))

    def collection(self, key: Key, *, is_array: bool) -> None:
        """The items of an array, or the pairs of an inline table."""
        self.at += 1
        self.skip(_BLANK)
        count = 0
        while self.source[self.at : self.at + 1] not in ("]", "}", ""):
            if is_array:
                self.value((*key, count))
                count += 1
            else:
                self.pair(key)
            self.skip(_BLANK)
            self.at += self.source.startswith(",", self.at)
            self.skip(_BLANK)
        self.at += 1

    def characters(self, start: int, end: int) -> _Written:
        """The characters of a string between its quotes, and where each stands."""
        quote = self.source[start]
        marks = 3 if self.source.startswith(quote * 3, start) and end - start >= 6 else 1
        at, last = start + marks, end - marks
        if marks == 3 and self.source.startswith("\n", at):
            at += 1
        letters, offsets = [], []
        while at < last:
            escape = _ESCAPE.match(self.source, at) if quote == '"' else None
            letter = _unescaped(escape) if escape else self.source[at]
            if letter:
                letters.append(letter)
                offsets.append(at)
            at = escape.end() if escape else at + 1
        return _Written("".join(letters), (*offsets, last))


def _unescaped(escape: re.Match[str]) -> str:
    if escape["fold"] is not None:
        return ""
    if escape["one"] is not None:
        return _ESCAPED.get(escape["one"], "")
    return chr(int(escape["u"] or escape["U"], 16))
