"""A term as its author wrote it -> the folded patterns that the engine looks for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.rules.catalog import Term
from monitor.rules.english import english_forms
from monitor.rules.expressions import MARK, Expression, ExpressionError, compile_expression
from monitor.rules.folding import UNSPACED_RUN, fold
from monitor.rules.russian import forget_analyses, russian_forms

_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
QUOTES = "«»“”„\"‘’'「」『』《》〈〉"
# Most forms of most terms are folded already; asking is cheaper than folding.
_FOLDED = re.compile("[a-zа-я]+(?: [a-zа-я]+)*")
_WORD = re.compile("[0-9A-Za-zА-я\u4e00-\u9fff]")
_MIXED = re.compile(r"[a-z][а-яё]|[а-яё][a-z]", re.IGNORECASE)


class TermError(ValueError):
    """A term that cannot be used, with its code."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Exact:
    """What the original text must read: this form and case, between quotes where `quoted`."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Forms:
    """The patterns of one term; `exact` where the original decides; `expression` instead of patterns."""

    patterns: tuple[str, ...]
    exact: Exact | None = None
    expression: Expression | None = None


def forms_of(term: str) -> Forms:
    """Expand a term: `=Term` exactly so, `"term"` without inflection, `re:...`, else all surface forms.

    Raises TermError for a term that holds no word, a wildcard, or two mixed alphabets.
    """
    if term.startswith(MARK):
        return Forms((), expression=_expression(term))
    check_term(term)
    if term.startswith("="):
        inner = term[1:].strip()
        bare = inner.strip(QUOTES)
        return Forms((pattern_of(bare),), Exact(bare, quoted=bare != inner))
    if term.startswith('"'):
        return Forms((pattern_of(term),))
    return Forms(tuple(sorted({pattern_of(form) for form in _surface_forms(term)})))


def expanded(terms: Iterable[Term]) -> dict[str, Forms]:
    """The forms of all texts in some terms, each worked out once: that is the slow part of loading rules.

    In alphabetical order phrases that share words follow each other; what the
    analysis of Russian holds meanwhile is given back at the end.
    """
    texts = {text for term in terms for text in (term.text, *term.not_in)}
    try:
        return {text: forms_of(text) for text in sorted(texts)}
    finally:
        forget_analyses()


def _surface_forms(term: str) -> set[str]:
    if UNSPACED_RUN.search(term):
        return {term}
    if _CYRILLIC.search(term):
        return russian_forms(term)
    return english_forms(term)


def pattern_of(form: str) -> str:
    """A folded form bounded by spaces, except where it begins or ends in a script without spaces."""
    if _FOLDED.fullmatch(form):
        return f" {form} "
    folded = fold(form).strip()
    before = "" if UNSPACED_RUN.match(folded) else " "
    after = "" if UNSPACED_RUN.match(folded[-1:]) else " "
    return f"{before}{folded}{after}"


def check_term(term: str) -> None:
    """Refuse a term that could never match, or not as meant. Raises TermError."""
    if term.startswith(MARK):
        _expression(term)
        return
    if "*" in term or "?" in term:
        raise TermError("R030", "wildcards are not supported; write the dictionary form, its forms are found")
    # Folding is slow, and leaves these letters and digits whatever else it does.
    if not _WORD.search(term) and not fold(term).strip():
        raise TermError("R016", "holds no letter or digit")
    mixed = _MIXED.search(term)
    if mixed:
        raise TermError("R015", f"{mixed[0]!r} mixes Latin and Cyrillic letters in one word")


def _expression(term: str) -> Expression:
    try:
        return compile_expression(term.removeprefix(MARK))
    except ExpressionError as error:
        raise TermError("R032", str(error)) from None
