"""Where a key or a string stands in a TOML file: tomllib reads values but forgets their places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?")
_KEY = re.compile(r"""^\s*("[^"]*"|[\w-]+)\s*=""")

Position = tuple[int, int]  # line and column, from 1; (0, 0) where unknown
Key = tuple[str | int, ...]


class Positions:
    """An index of one file's keys."""

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self._at: dict[Key, Position] = {}
        table: Key = ()
        arrays: Counter[str] = Counter()
        for number, line in enumerate(self._lines, 1):
            if header := _HEADER.match(line):
                table = self._table(header, arrays)
                self._at.setdefault(table, (number, header.start(2) + 1))
            elif key := _KEY.match(line):
                name = key[1].strip('"')
                self._at.setdefault((*table, name), (number, key.start(1) + 1))

    @staticmethod
    def _table(header: re.Match[str], arrays: Counter[str]) -> Key:
        names = tuple(part.strip().strip('"') for part in header[2].split("."))
        if header[1] == "[":
            return names
        arrays[header[2]] += 1
        return (*names, arrays[header[2]] - 1)

    def of(self, key: Sequence[str | int]) -> Position:
        """The place of a key, or of the nearest table around it."""
        for length in range(len(key), 0, -1):
            if tuple(key[:length]) in self._at:
                return self._at[tuple(key[:length])]
        return (0, 0)

    def of_text(self, key: Sequence[str | int], text: str) -> Position:
        """The place of a string inside the value of a key; of the key where it is not found as written."""
        line, column = self.of(key)
        following = min((at for at, _ in self._at.values() if at > line), default=len(self._lines) + 1)
        for number in range(max(line, 1), following):
            at = self._lines[number - 1].find(f'"{text}"', column if number == line else 0)
            if at >= 0:
                return (number, at + 2)
        return (line, column)
