"""Every kind of problem that a catalog can have, with its stable code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
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
    "R009": "the lock does not hold this version",
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
    "R022": "a term that no example hits",
    "R030": "wildcards are not supported",
    "R031": "NEAR or THEN is too wide",
    "R032": "a regular expression cannot be used",
    "R033": "a regular expression where terms may do",
    "R040": "the review date is past",
    "R041": "a weight without a reason",
    "R042": "an allow that silences nothing",
    "R050": "a composite names a part that does not exist or gives no signals",
    "R051": "a composite names itself or another composite",
    "R052": "a composite that cannot hold as it is written",
}


WARNINGS = frozenset(("R009", "R022", "R033", "R040", "R041", "R042"))
# Judgements, which an analyst may overrule with a reason; the others are mistakes.
ALLOWABLE = frozenset(("R014", "R018", "R020", "R021", "R033", "R040", "R041"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in one catalog file; lines and columns count from 1, 0 where unknown.

    `where` is the key that is meant, `source` its line, `width` how many of its characters are meant.
    """

    path: str
    line: int = 0
    column: int = 0
    width: int = 1
    code: str
    where: str = ""
    message: str
    help: str = ""
    source: str = ""

    @property
    def severity(self) -> str:
        return "warning" if self.code in WARNINGS else "error"

    @property
    def is_error(self) -> bool:
        return self.code not in WARNINGS

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place} {self.code} {self.message}" + (f"; {self.help}" if self.help else "")


def nearest(name: str, known: Iterable[str]) -> str:
    """A help that names the most similar of the known names, or none where nothing is similar."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else ""
