"""Terms looked for one by one, each as a list of its own: what proves a term, and what it finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.rules.catalog import Catalog, Indicator, Term
from monitor.rules.forms import expanded
from monitor.rules.scanner import Found, Scanner
from monitor.rules.text import Text


class TermSearch:
    """Finds the terms that a text holds; every term is looked for once, however often it is written."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms = tuple(dict.fromkeys(terms))
        self._scanner = Scanner(
            {number: [term] for number, term in enumerate(self._terms)}, expanded(self._terms)
        )

    def hits(self, title: str, summary: str = "") -> Iterator[tuple[Term, list[str]]]:
        """Each term that the text holds, with the folded form at each of its places."""
        text = Text(title, summary)
        raw = self._scanner.scan(text.folded)
        found = Found(self._scanner, text, raw)
        for number in self._scanner.lists_in(raw):
            if places := found.of(number):
                yield self._terms[number], [text.folded[start:end] for start, end in places]


def written_terms(catalog: Catalog) -> list[Term]:
    """Every term as often as it is written, in shared lists and in indicators."""
    own = (terms for indicator in catalog.indicators.values() for terms in indicator.terms.values())
    return [term for of in (*catalog.lists.values(), *own) for some in of.terms.values() for term in some]


def terms_of_query(catalog: Catalog, indicator: Indicator, names: Iterable[str]) -> list[Term]:
    """The terms of the lists that a query names, in all languages."""
    return [term for name in names for some in catalog.terms_of(indicator, name).values() for term in some]
