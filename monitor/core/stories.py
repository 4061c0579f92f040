"""Signals that tell the same event become one story, so that reprints are counted once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.likeness import likeness
from monitor.core.model import Signal, Story
from monitor.core.publishers import with_origins

# The same sentence a week later is a new event.
SAME_EVENT_WITHIN = timedelta(hours=72)
# A report joins a story when it is like a third of its first reports: one that is like a single
# straggler would chain unlike events into one.
COMPARED = 8

Pair = frozenset[int]  # ids of two entries


@dataclass(frozen=True, slots=True)
class Edits:
    """Pairs of entries that a person put together, or apart."""

    together: frozenset[Pair] = frozenset()
    apart: frozenset[Pair] = frozenset()


NO_EDITS = Edits()


def group_stories(signals: Iterable[Signal], edits: Edits = NO_EDITS) -> list[Story]:
    """Group the signals of each indicator into stories, in an order of their own.

    The result does not depend on the order of `signals`. Two signals of one
    entry (of two indicators) stay two stories: they answer two questions.
    """
    by_indicator: dict[str, list[Signal]] = defaultdict(list)
    for signal in sorted(signals, key=lambda s: (s.effective_at, s.id)):
        by_indicator[signal.indicator_id].append(signal)
    return [story for _, members in sorted(by_indicator.items()) for story in _clusters(members, edits)]


def first_reported(story: Story) -> datetime:
    """When the first entry of a story was published."""
    return min(signal.effective_at for signal in story.signals)


def _clusters(signals: list[Signal], edits: Edits) -> list[Story]:
    clusters: list[list[Signal]] = []
    for signal in signals:
        chosen = _home(signal, clusters, edits)
        if chosen is None:
            clusters.append([signal])
        else:
            chosen.append(signal)
    return [_story(members) for members in clusters]


def _home(signal: Signal, clusters: list[list[Signal]], edits: Edits) -> list[Signal] | None:
    """The latest cluster that the signal belongs to; one that a person named goes before all others."""
    allowed = list(reversed(clusters))
    if edits != NO_EDITS:
        for members in allowed:
            if edits.together.intersection(_pairs(signal, members)):
                return members
        allowed = [members for members in allowed if not edits.apart.intersection(_pairs(signal, members))]
    return next((members for members in allowed if _joins(signal, members)), None)


def _pairs(signal: Signal, members: list[Signal]) -> list[Pair]:
    return [frozenset((signal.entry_id, member.entry_id)) for member in members]


def _joins(signal: Signal, members: list[Signal]) -> bool:
    if signal.effective_at - members[0].effective_at > SAME_EVENT_WITHIN:
        return False
    compared = members[:COMPARED]
    alike = sum(likeness(signal, member).is_same_event for member in compared)
    return 3 * alike >= len(compared)


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
