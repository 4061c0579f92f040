"""A query answered on one text: which places satisfy it, by lists of places and never by pairs of all."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from monitor.rules.query import And, AtLeast, Leaf, Near, Node, Or, Within
from monitor.rules.scanner import Found, Hit
from monitor.rules.text import Text, Window


class Occurrence(NamedTuple):
    """One stretch of the folded text that satisfies a part of a query, and the hits in it that did."""

    start: int
    end: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """How to answer one rule's query: its lists by name, and what was found in the text."""

    numbers: dict[str, int]
    found: Found

    def occurrences(self, node: Node, window: Window) -> list[Occurrence]:
        """Where the query is satisfied inside a window of the folded text; empty where it is not.

        For AND it is everything that took part; for words, OR and NEAR each
        occurrence satisfies the query by itself.
        """
        match node:
            case Leaf():
                return [Occurrence(s, e, ((s, e),)) for s, e in self._hits(node, window)]
            case And(items, excluded):
                return self._all(items, excluded, window)
            case Or(items):
                return sorted({o for item in items for o in self.occurrences(item, window)})
            case Near(left, right):
                sides = self.occurrences(left, window), self.occurrences(right, window)
                return near(*sides, node, self.found.text) if all(sides) else []
            case AtLeast(count, item):
                hits = self._hits(item, window)
                return self.occurrences(item, window) if _apart(hits) >= count else []
            case Within(item, scope):
                windows = (_common(window, w) for w in self.found.text.windows(scope))
                return sorted({o for w in windows if w for o in self.occurrences(item, w)})

    def _hits(self, leaf: Leaf, window: Window) -> list[Hit]:
        hits = self.found.of(self.numbers[leaf.name])
        if window[0] == 0 and window[1] == len(self.found.text.folded):
            return hits
        inside = hits[bisect_left(hits, (window[0], 0)) : bisect_left(hits, (window[1], 0))]
        return [hit for hit in inside if hit[1] <= window[1]]

    def _all(self, items: Sequence[Node], excluded: Sequence[Node], window: Window) -> list[Occurrence]:
        gathered: set[Occurrence] = set()
        for item in items:
            satisfied = self.occurrences(item, window)
            if not satisfied:
                return []
            gathered.update(satisfied)
        if any(self.occurrences(item, window) for item in excluded):
            return []
        return sorted(gathered)


def _common(one: Window, other: Window) -> Window | None:
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low < high else None


def _apart(hits: list[Hit]) -> int:
    """How many hits there are of which none overlaps another."""
    count, end = 0, -1
    for hit in sorted(hits, key=lambda h: h[1]):
        if hit[0] >= end:
            count, end = count + 1, hit[1]
    return count


def near(left: list[Occurrence], right: list[Occurrence], node: Near, text: Text) -> list[Occurrence]:
    """Pair every occurrence with one of the other side in reach, where there is one.

    The distance is the number of words from the end of the one to the begin of
    the other: 1 for neighbours, 0 where they touch or overlap.
    """
    if node.ordered:
        pairs = _followed(left, right, node.words, text) | _preceded(left, right, node.words, text)
    else:
        pairs = _in_reach(left, right, node.words, text) | _in_reach(right, left, node.words, text)
    return sorted({_joined(one, other) for one, other in pairs})


_Pairs = set[tuple[Occurrence, Occurrence]]


def _followed(left: list[Occurrence], right: list[Occurrence], words: int, text: Text) -> _Pairs:
    """Each left one with the first right one that begins after its end."""
    pairs = set()
    for one in left:
        at = bisect_left(right, one.end, key=attrgetter("start"))
        if at < len(right) and text.word_at(right[at].start) - text.word_at(one.end - 1) <= words:
            pairs.add((one, right[at]))
    return pairs


def _preceded(left: list[Occurrence], right: list[Occurrence], words: int, text: Text) -> _Pairs:
    """Each right one with the last left one that ends before its begin."""
    by_end = sorted(left, key=attrgetter("end"))
    pairs = set()
    for one in right:
        at = bisect_right(by_end, one.start, key=attrgetter("end")) - 1
        if at >= 0 and text.word_at(one.start) - text.word_at(by_end[at].end - 1) <= words:
            pairs.add((by_end[at], one))
    return pairs


def _in_reach(ones: list[Occurrence], others: list[Occurrence], words: int, text: Text) -> _Pairs:
    """Each of `ones` with one of `others` (in order of start) that is at most `words` away on either side."""
    firsts = [text.word_at(o.start) for o in others]
    # Of all that begin early enough, the one that ends last is in reach if any is.
    furthest: list[tuple[int, Occurrence]] = []
    for other in others:
        last = text.word_at(other.end - 1)
        furthest.append((last, other) if not furthest or last > furthest[-1][0] else furthest[-1])
    pairs = set()
    for one in ones:
        at = bisect_right(firsts, text.word_at(one.end - 1) + words) - 1
        if at >= 0 and furthest[at][0] >= text.word_at(one.start) - words:
            pairs.add((one, furthest[at][1]))
    return pairs


def _joined(one: Occurrence, other: Occurrence) -> Occurrence:
    hits = tuple(sorted({*one.hits, *other.hits}))
    return Occurrence(min(one.start, other.start), max(one.end, other.end), hits)
