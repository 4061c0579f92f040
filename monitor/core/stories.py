"""Signals that tell the same event become one story, so that reprints are counted once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.core.likeness import NEEDED, likeness
from monitor.core.model import Signal, Story
from monitor.core.publishers import with_origins

# The same sentence a week later is a new event.
SAME_EVENT_WITHIN = timedelta(hours=72)

Pair = frozenset[int]  # ids of two entries


@dataclass(frozen=True, slots=True)
class Edits:
    """Pairs of entries that a person put together, or apart."""

    together: frozenset[Pair] = frozenset()
    apart: frozenset[Pair] = frozenset()


NO_EDITS = Edits()


@dataclass(slots=True)
class _Cluster:
    """Signals of one event so far, oldest first, and the units of their entries."""

    members: list[Signal] = field(default_factory=list)
    units: set[int] = field(default_factory=set)


def group_stories(signals: Iterable[Signal], edits: Edits = NO_EDITS) -> list[Story]:
    """Group the signals of each indicator into stories, in an order of their own.

    The result does not depend on the order of `signals`, and what comes later
    moves no earlier signal into another story. Entries that a person put
    together are one story whatever the evidence; entries put apart never are,
    unless others put together join them. Two signals of one entry (of two
    indicators) stay two stories: they answer two questions.
    """
    by_indicator: dict[str, list[Signal]] = defaultdict(list)
    for signal in sorted(signals, key=lambda s: (s.effective_at, s.id)):
        by_indicator[signal.indicator_id].append(signal)
    units = _units(edits.together)
    apart = _apart(edits.apart, units)
    return [
        _story(cluster.members)
        for _, members in sorted(by_indicator.items())
        for cluster in _clusters(members, units, apart)
    ]


def affinity(signal: Signal, members: Sequence[Signal]) -> float:
    """The points of a signal with those that a story has already, on average."""
    return sum(likeness(signal, member).points for member in members) / len(members)


def first_reported(story: Story) -> datetime:
    """When the first entry of a story was published."""
    return min(signal.effective_at for signal in story.signals)


def _clusters(
    signals: list[Signal], units: Mapping[int, int], apart: Mapping[int, set[int]]
) -> list[_Cluster]:
    clusters: list[_Cluster] = []
    of_unit: dict[int, _Cluster] = {}
    for signal in signals:
        unit = units.get(signal.entry_id, signal.entry_id)
        home = of_unit.get(unit) or _home(signal, clusters, apart.get(unit, set()))
        if home is None:
            clusters.append(home := _Cluster())
        home.members.append(signal)
        home.units.add(unit)
        of_unit[unit] = home
    return clusters


def _home(signal: Signal, clusters: list[_Cluster], apart: set[int]) -> _Cluster | None:
    """The cluster that the signal is most like on average, the latest of several; None if like none."""
    best, most = None, NEEDED
    for cluster in clusters:
        members = cluster.members
        if signal.effective_at - members[0].effective_at > SAME_EVENT_WITHIN or apart & cluster.units:
            continue
        points = affinity(signal, members)
        if points >= most:
            best, most = cluster, points
    return best


def _units(together: Iterable[Pair]) -> Mapping[int, int]:
    """For each entry that a person put together with others: the least id of them all."""
    units: dict[int, int] = {}

    def unit(entry: int) -> int:
        while (up := units.get(entry, entry)) != entry:
            entry = up
        return entry

    for pair in together:
        roots = sorted({unit(entry) for entry in pair})
        units.update(dict.fromkeys((*pair, *roots), roots[0]))
    return {entry: unit(entry) for entry in units}


def _apart(pairs: Iterable[Pair], units: Mapping[int, int]) -> Mapping[int, set[int]]:
    """For each unit of entries: the units that it must not share a story with."""
    apart: dict[int, set[int]] = defaultdict(set)
    for pair in pairs:
        one, *others = {units.get(entry, entry) for entry in pair}
        for other in others:
            apart[one].add(other)
            apart[other].add(one)
    return apart


def _story(members: list[Signal]) -> Story:
    first = members[0]
    strongest = sorted(
        with_origins(members), key=lambda s: (-s.strength, s.reliability, s.effective_at, s.id)
    )
    return Story(
        indicator_id=first.indicator_id,
        domain=first.domain,
        direction=first.direction,
        signals=tuple(strongest),
    )
