"""Catalog -> the numbers and tables that the engine works with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.rules.catalog import LANGUAGES, MODALITY_LISTS, Catalog, Indicator, Term
from monitor.rules.forms import expanded
from monitor.rules.query import And, AtLeast, Leaf, Near, Node, Or, Within, leaves
from monitor.rules.scanner import Scanner

# An OR of long ANDs multiplies out; a few of its clauses are as good a gate as all of them.
_MOST_CLAUSES = 6
# A query that can hold in more ways is taken as one.
_MOST_WAYS = 48

Clause = frozenset[int]  # lists of which at least one must be hit


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One indicator ready to match: its lists by the name that its query uses."""

    indicator: Indicator
    numbers: dict[str, int]
    ways: tuple[tuple[Clause, ...], ...]  # without a hit in each clause of one way the query cannot hold
    excluded: tuple[int, ...]  # numbers of its exclusion lists, in the context scanner


@dataclass(frozen=True, slots=True)
class Compiled:
    """All rules, the scanner of their lists, and that of the lists looked at only beside a match."""

    rules: tuple[Rule, ...]
    topics: Scanner
    context: Scanner
    modalities: dict[str, int]  # numbers of the modality lists, in the context scanner
    facts: dict[int, str]  # the fact lists by their number there


class _Numbering:
    """Lists by number; a shared list has one number, however many rules name it."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.numbers: dict[tuple[str, str], int] = {}
        self.terms: dict[int, list[Term]] = {}

    def number(self, indicator: Indicator | None, leaf: Leaf) -> int:
        is_own = indicator is not None and leaf.name in indicator.terms
        key = (indicator.id if indicator and is_own else "", leaf.name)
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers)
            self.terms[self.numbers[key]] = self._terms(indicator, leaf)
        return self.numbers[key]

    def _terms(self, indicator: Indicator | None, leaf: Leaf) -> list[Term]:
        if leaf.is_phrase:
            return [Term(text=leaf.name)]
        by_language = self.catalog.terms_of(indicator, leaf.name)
        return [term for language in LANGUAGES for term in by_language[language]]


def compile_catalog(catalog: Catalog) -> Compiled:
    """Number the lists, expand their terms and build both automatons."""
    topics, context = _Numbering(catalog), _Numbering(catalog)
    rules = tuple(_rule(i, topics, context) for i in catalog.indicators.values() if i.is_matched)
    modalities = {n: context.number(None, Leaf(n)) for n in MODALITY_LISTS if n in catalog.lists}
    facts = {context.number(None, Leaf(n)): n for n, one in catalog.lists.items() if one.is_fact}
    forms = expanded(term for one in (topics, context) for terms in one.terms.values() for term in terms)
    return Compiled(rules, Scanner(topics.terms, forms), Scanner(context.terms, forms), modalities, facts)


def _rule(indicator: Indicator, topics: _Numbering, context: _Numbering) -> Rule:
    numbers = {leaf.name: topics.number(indicator, leaf) for leaf in leaves(indicator.query)}
    return Rule(
        indicator,
        numbers,
        tuple(
            tuple(_thinned(clause for part in way for clause in required(part, numbers)))
            for way in ways_of(indicator.query)
        ),
        tuple(context.number(None, Leaf(name)) for name in indicator.except_),
    )


def ways_of(node: Node) -> list[list[Node]]:
    """The ways in which a query can hold, each as parts that must all hold: OR and AND multiplied out.

    A choice of lists alone stays one part: it is one clause already.
    """
    match node:
        case Or(items) if not all(isinstance(item, Leaf) for item in items):
            ways = [way for item in items for way in ways_of(item)]
        case And(items):
            ways = [[]]
            for item in items:
                further = ways_of(item)
                if len(ways) * len(further) > _MOST_WAYS:
                    further = [[item]]
                ways = [way + more for way in ways for more in further]
        case Within(item):
            ways = ways_of(item)
        case _:
            return [[node]]
    return ways if len(ways) <= _MOST_WAYS else [[node]]


def required(node: Node, numbers: Mapping[str, int]) -> list[Clause]:
    """Clauses that any text satisfying the query must hit: a necessary condition, not a sufficient one."""
    match node:
        case Leaf(name):
            return [frozenset((numbers[name],))]
        case And(items):
            return _thinned(clause for item in items for clause in required(item, numbers))
        case Near(left, right):
            return _thinned([*required(left, numbers), *required(right, numbers)])
        case Or(items):
            first, *others = [required(item, numbers) for item in items]
            for other in others:
                first = _thinned(a | b for a in first for b in other)[:_MOST_CLAUSES]
            return first
        case AtLeast(_, item) | Within(item):
            return required(item, numbers)


def _thinned(clauses: Iterable[Clause]) -> list[Clause]:
    """Without the clauses that a narrower one implies; narrow ones first."""
    kept: list[Clause] = []
    for clause in sorted(dict.fromkeys(clauses), key=lambda c: (len(c), sorted(c))):
        if not any(narrower <= clause for narrower in kept):
            kept.append(clause)
    return kept


class Gate:
    """Which rules the lists that were hit do not rule out; ways of rules are bits of one number.

    Stage by stage each way brings its next rarest clause, and keeps its bit
    if a list of that clause was hit. The first stages leave few ways of thousands.
    """

    def __init__(self, rules: Sequence[Rule], sizes: Mapping[int, int]) -> None:
        self._rules = [rule for rule in rules for _ in rule.ways]
        ordered = _rarest_first(rules, sizes)
        self._stages: list[tuple[int, dict[int, int]]] = []
        for stage in range(max(map(len, ordered), default=0)):
            done = 0
            by_list: dict[int, int] = defaultdict(int)
            for bit, clauses in enumerate(ordered):
                if stage >= len(clauses):
                    done |= 1 << bit
                else:
                    for number in clauses[stage]:
                        by_list[number] |= 1 << bit
            self._stages.append((done, dict(by_list)))

    def open_for(self, lists: frozenset[int]) -> Iterator[Rule]:
        """The rules with a way of which every clause was hit."""
        left = -1 if self._stages else 0
        for done, by_list in self._stages:
            hit = done
            for number in by_list.keys() & lists:
                hit |= by_list[number]
            left &= hit
            if not left:
                return
        last: Rule | None = None
        while left:
            rule = self._rules[(left & -left).bit_length() - 1]
            if rule is not last:
                yield rule
            last = rule
            left &= left - 1


def _rarest_first(rules: Sequence[Rule], sizes: Mapping[int, int]) -> list[list[Clause]]:
    """The clauses of each way of each rule in the order in which they rule out most.

    A list that many rules name holds the actors and verbs of all news; a
    rule's own topic is rare. Among equals the list with fewer terms is rarer.
    """
    named = Counter(number for rule in rules for number in set(rule.numbers.values()))

    def commonness(clause: Clause) -> tuple[int, int]:
        return sum(named[n] for n in clause), sum(sizes[n] for n in clause)

    return [sorted(way, key=commonness) for rule in rules for way in rule.ways]
