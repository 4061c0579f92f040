"""How often each form of each term stands in stored entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from monitor.rules.catalog import Term
from monitor.rules.searching import TermSearch
from monitor.storage.archive import ArchivedEntry


def occurrences(entries: Iterable[ArchivedEntry], terms: Iterable[Term]) -> dict[Term, Counter[str]]:
    """The forms of each term that occurs, by how often; a term that is absent occurs nowhere."""
    search = TermSearch(terms)
    counts: dict[Term, Counter[str]] = {}
    for entry in entries:
        for term, forms in search.hits(entry.title, entry.summary):
            counts.setdefault(term, Counter()).update(forms)
    return counts
