"""Many lists of terms in one automaton, and its hits in a text. The only file that knows ahocorasick_rs."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

import ahocorasick_rs

from monitor.rules.catalog import Term
from monitor.rules.expressions import Expression
from monitor.rules.forms import Exact, Forms
from monitor.rules.text import Text

Hit = tuple[int, int]  # characters [start, end) of the folded text
_RawHit = tuple[int, int, int]  # pattern, start, end


@dataclass(frozen=True, slots=True)
class _Guard:
    """When a pattern counts for a list: where the original reads so, and outside all of `masks`."""

    exact: Exact | None
    masks: frozenset[int]


# No news names a list more often; a text made to be slow is read no further.
MOST_HITS = 1000
_FREE = _Guard(None, frozenset())


class Scanner:
    """All patterns of all lists; lists are named by number, patterns too.

    `forms` holds what each text of a term stands for.
    """

    def __init__(self, terms: Mapping[int, Iterable[Term]], forms: Mapping[str, Forms]) -> None:
        self._forms = forms
        self._numbers: dict[str, int] = {}
        self._expressions: dict[int, Expression] = {}
        self._patterns_of: dict[str, list[int]] = {}
        self.sizes: dict[int, int] = {}
        guards: dict[tuple[int, int], tuple[_Guard, ...]] = {}
        members = _Memberships()
        for number, of_list in terms.items():
            free: set[int] = set()
            guarded: dict[int, set[_Guard]] = defaultdict(set)
            for term in of_list:
                found, guard = self._take(term)
                if guard is _FREE:
                    free.update(found)
                else:
                    for p in found:
                        guarded[p].add(guard)
            patterns = free.union(guarded)
            members.add(number, patterns)
            self.sizes[number] = len(patterns)
            guards |= {(p, number): tuple(several) for p, several in guarded.items() if p not in free}
        self._guards = guards
        self.lists_of = members.of_each(len(self._numbers))
        written = list(self._numbers)
        # Of use in building alone, and tens of megabytes.
        del self._forms, self._numbers, self._patterns_of
        self._before = [pattern.startswith(" ") for pattern in written]
        self._after = [pattern.endswith(" ") for pattern in written]
        self._automaton = ahocorasick_rs.AhoCorasick(
            written or ["\0"],
            implementation=ahocorasick_rs.Implementation.ContiguousNFA,
            store_patterns=False,
        )
        self.size = len(written)

    def _take(self, term: Term) -> tuple[list[int], _Guard]:
        """The numbers of a term's patterns, and when they count."""
        masks = frozenset(n for longer in term.not_in for n in self._patterns(longer))
        exact = self._forms[term.text].exact
        guard = _Guard(exact, masks) if exact or masks else _FREE
        return self._patterns(term.text), guard

    def _patterns(self, term: str) -> list[int]:
        """The numbers of a term's patterns; many lists have terms in common."""
        if term not in self._patterns_of:
            self._patterns_of[term] = self._number(self._forms[term])
        return self._patterns_of[term]

    def _number(self, forms: Forms) -> list[int]:
        numbers = self._numbers
        if forms.expression is None:
            return [numbers.setdefault(pattern, len(numbers)) for pattern in forms.patterns]
        # No folded text holds a NUL: under this name the automaton never finds an expression by itself.
        number = numbers.setdefault(f"\0{forms.expression.pattern}", len(numbers))
        self._expressions[number] = forms.expression
        return [number]

    def scan(self, folded: str) -> list[_RawHit]:
        """Every place of every pattern, overlapping ones too."""
        hits: list[_RawHit] = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        if self._expressions:
            encoded = folded.encode()
            for number, expression in self._expressions.items():
                hits += [(number, start, end) for start, end in expression.places(folded, encoded)]
        return hits

    def lists_in(self, hits: list[_RawHit]) -> frozenset[int]:
        """The lists that these hits may belong to, before any look at the original."""
        lists_of = self.lists_of
        return frozenset().union(*[lists_of[p] for p in {hit[0] for hit in hits}])

    def by_list(self, hits: list[_RawHit]) -> dict[int, list[_RawHit]]:
        """The hits of each list, before any look at the original."""
        grouped: dict[int, list[_RawHit]] = defaultdict(list)
        for hit in hits:
            for number in self.lists_of[hit[0]]:
                grouped[number].append(hit)
        return grouped

    def counting(self, number: int, own: list[_RawHit], hits: list[_RawHit], text: Text) -> list[Hit]:
        """The first thousand of a list's own hits that count, in order of place, each place once."""
        counted: set[Hit] = set()
        covers: dict[frozenset[int], _Cover] = {}
        for hit in own:
            if len(counted) == MOST_HITS:
                break
            place = self._bare(hit)
            guards = self._guards.get((hit[0], number))
            if guards is None:
                counted.add(place)
                continue
            for guard in guards:
                if guard.masks not in covers:
                    covers[guard.masks] = self._cover(guard.masks, hits)
                if not covers[guard.masks].covers(place) and text.reads(place, guard.exact):
                    counted.add(place)
        return sorted(counted)

    def _cover(self, masks: frozenset[int], hits: list[_RawHit]) -> _Cover:
        return _Cover([self._bare(hit) for hit in hits if hit[0] in masks])

    def _bare(self, hit: _RawHit) -> Hit:
        """The hit without the spaces that bound its pattern."""
        return hit[1] + self._before[hit[0]], hit[2] - self._after[hit[0]]


class _Memberships:
    """Which lists each pattern is in. Patterns of the same lists share one set; a set each takes 100 MB."""

    def __init__(self) -> None:
        self._groups: list[frozenset[int]] = [frozenset()]
        self._group_of: dict[int, int] = {}

    def add(self, number: int, patterns: Iterable[int]) -> None:
        """Note the patterns of a list; each list comes once."""
        grown: dict[int, int] = {}
        for p in patterns:
            before = self._group_of.get(p, 0)
            if before not in grown:
                grown[before] = len(self._groups)
                self._groups.append(self._groups[before] | {number})
            self._group_of[p] = grown[before]

    def of_each(self, patterns: int) -> list[frozenset[int]]:
        """The lists of each pattern by its number; none of one that only masks others."""
        return [self._groups[self._group_of.get(p, 0)] for p in range(patterns)]


class _Cover:
    """The places of longer words, in which a term does not count."""

    def __init__(self, places: list[Hit]) -> None:
        self._starts = sorted(start for start, _ in places)
        # Of all that begin early enough, the one that ends last covers a place if any does.
        self._ends = list(accumulate((end for _, end in sorted(places)), max))

    def covers(self, place: Hit) -> bool:
        at = bisect_right(self._starts, place[0]) - 1
        return at >= 0 and self._ends[at] >= place[1]


class Found:
    """What one scanner found in one text; the hits of a list are worked out when first asked for."""

    def __init__(self, scanner: Scanner, text: Text, hits: list[_RawHit]) -> None:
        self.text = text
        self._scanner = scanner
        self._hits = hits
        self._by_list: dict[int, list[_RawHit]] | None = None
        self._of: dict[int, list[Hit]] = {}

    @property
    def lists(self) -> frozenset[int]:
        """The lists that may have hits."""
        return self._scanner.lists_in(self._hits)

    def of(self, number: int) -> list[Hit]:
        """The hits of a list, in order of place."""
        if number not in self._of:
            if self._by_list is None:
                self._by_list = self._scanner.by_list(self._hits)
            own = self._by_list.get(number, [])
            self._of[number] = self._scanner.counting(number, own, self._hits, self.text)
        return self._of[number]
