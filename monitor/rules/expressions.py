"""Terms that are regular expressions, searched in linear time. The only file that knows re2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import re2

from monitor.rules.folding import UNSPACED_RUN

MARK = "re:"
LONGEST = 200  # characters of a pattern
# Each search is linear, but a search from every place is not: with a bound their sum is.
_MOST_PLACES = 200
# An expression that matches nothing at all somewhere in these says nothing of any text.
_PROBES = (b"", b" a ", " я 中 1 ".encode())


class ExpressionError(ValueError):
    """A regular expression that cannot be used as a term."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled regular expression that finds whole words of a folded text."""

    pattern: str
    _compiled: Any

    def places(self, folded: str, encoded: bytes) -> Iterator[tuple[int, int]]:
        """Its first 200 places in a folded text, of which `encoded` is the UTF-8; only whole words count."""
        seen = characters = 0
        for found in islice(self._compiled.finditer(encoded), _MOST_PLACES):
            first, last = found.span()
            characters += len(encoded[seen:first].decode())
            start, characters = characters, characters + len(encoded[first:last].decode())
            seen = last
            word = folded[start:characters]
            inner = word.strip(" ")
            start += len(word) - len(word.lstrip(" "))
            if inner and _is_whole(folded, start, start + len(inner)):
                yield start, start + len(inner)


def _is_whole(folded: str, start: int, end: int) -> bool:
    """Whether a place begins and ends with a word; in a script without spaces it always does."""
    begins = folded[start - 1] == " " or UNSPACED_RUN.match(folded[start])
    ends = folded[end : end + 1] in (" ", "") or UNSPACED_RUN.match(folded[end - 1])
    return bool(begins and ends)


def compile_expression(pattern: str) -> Expression:
    """Compile a pattern that is searched in folded text, in any case and as long as it reaches.

    Raises ExpressionError for what a linear-time engine cannot do (look-around,
    references to groups), for what can match the empty text, and for more than
    200 characters.
    """
    if len(pattern) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters; write terms, their forms are found")
    options = re2.Options()
    options.case_sensitive = False
    options.longest_match = True
    options.log_errors = False
    options.never_nl = True  # a line break parts title and paragraphs
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ExpressionError(f"{shown}; look-around and references to groups are not supported") from None
    if any(not found.group() for probe in _PROBES for found in compiled.finditer(probe)):
        raise ExpressionError("can match the empty text")
    return Expression(pattern, compiled)
