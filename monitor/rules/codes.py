"""Every kind of problem that a catalog can have, with its stable code."""

from __future__ import annotations

from dataclasses import dataclass

CODES = {
    "R000": "the catalog folder or a file cannot be read, or a file is in the wrong place",
    "R001": "the file is not valid TOML",
    "R002": "unknown key",
    "R003": "the id is used twice, or is not folder.file",
    "R004": "the content changed but the version did not rise",
    "R005": "unknown list",
    "R006": "a list is empty, or no text of a language can satisfy the query",
    "R007": "a value is missing or not what is expected",
    "R008": "a list includes itself",
    "R010": "the query cannot be read",
    "R011": "operators are mixed without parentheses",
    "R012": "NOT stands without a positive term beside it",
    "R013": "NEAR and THEN need words, lists or OR groups of them on both sides",
    "R014": "a single Han character matches inside other words",
    "R015": "a Latin letter inside a Cyrillic word, or the other way round",
    "R016": "the term is too short, or holds no letter or digit",
    "R017": "the query is nested too deeply",
    "R018": "a Han term also stands inside a word that its list excludes for another term",
    "R020": "no example that must not match",
    "R021": "a language without an example that must match",
    "R030": "wildcards are not supported",
    "R031": "NEAR or THEN is too wide",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in one catalog file; lines and columns count from 1, 0 where unknown."""

    path: str
    line: int = 0
    column: int = 0
    code: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place} {self.code} {self.message}"
