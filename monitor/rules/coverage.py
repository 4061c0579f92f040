"""Which terms the examples prove: a term that no example hits may never match as meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from monitor.rules.catalog import LANGUAGES, Catalog, Example, Term, TermList
from monitor.rules.positions import Key
from monitor.rules.searching import TermSearch, written_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The examples of one indicator in one language, and how many of its own terms they hit."""

    indicator_id: str
    language: str
    positive: int
    negative: int
    terms: int
    hit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTerm:
    """A term hit by no example: of its indicator, or of any where it stands in a shared list.

    `key` is its place in the file of the indicator, or, where `indicator_id` is empty, of the list.
    """

    indicator_id: str
    list_name: str
    key: Key
    term: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleCoverage:
    """The coverage of a whole catalog; `terms` counts those of all lists."""

    indicators: tuple[Coverage, ...]
    terms: int
    idle: tuple[IdleTerm, ...]


def example_coverage(catalog: Catalog, in_use: Collection[Term] = ()) -> ExampleCoverage:
    """Look for every term of the catalog in every example of the indicators that are matched.

    A term that is `in_use` elsewhere is not idle.
    """
    written = written_terms(catalog)
    search = TermSearch(written)
    rows: list[Coverage] = []
    idle: list[IdleTerm] = []
    everywhere: set[Term] = set()
    for indicator in catalog.indicators.values():
        if not indicator.is_matched:
            continue
        hit = {term for e in indicator.examples for term, _ in search.hits(e.text, e.summary)}
        everywhere |= hit
        rows += _rows(indicator.id, indicator.examples, indicator.terms, hit)
        for name, own in indicator.terms.items():
            idle += _idle(indicator.id, own, ("terms", name), hit)
    for name, shared in catalog.lists.items():
        idle += _idle("", shared, (name,), everywhere)
    return ExampleCoverage(
        indicators=tuple(rows), terms=len(written), idle=tuple(one for one in idle if one.term not in in_use)
    )


def _rows(
    id: str, examples: tuple[Example, ...], lists: Mapping[str, TermList], hit: set[Term]
) -> Iterable[Coverage]:
    counts = Counter((example.language, example.must_match) for example in examples)
    for language in LANGUAGES:
        terms = {term for own in lists.values() for term in own.terms.get(language, ())}
        yield Coverage(
            indicator_id=id,
            language=language,
            positive=counts[language, True],
            negative=counts[language, False],
            terms=len(terms),
            hit=len(terms & hit),
        )


def _idle(id: str, own: TermList, at: Key, hit: set[Term]) -> Iterable[IdleTerm]:
    for language, terms in own.terms.items():
        for number, term in enumerate(terms):
            if term not in hit:
                yield IdleTerm(indicator_id=id, list_name=own.name, key=(*at, language, number), term=term)


def coverage_table(rows: Iterable[Coverage]) -> str:
    """Indicators with, for each language, examples that match + that must not, and own terms hit."""
    by_id: dict[str, list[Coverage]] = {}
    for row in rows:
        by_id.setdefault(row.indicator_id, []).append(row)
    width = max(map(len, by_id), default=0)
    head = "".join(f"  {language + ' +':>4} {'-':>3} {'terms':>7}" for language in LANGUAGES)
    lines = [" " * width + head]
    for id, own in by_id.items():
        cells = [f"  {c.positive:4} {c.negative:3} {f'{c.hit}/{c.terms}':>7}" for c in own]
        lines.append(f"{id:{width}}{''.join(cells)}")
    return "\n".join(lines)
