"""Composites: several signals of different indicators that together say more than each of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.model import Modality, Signal, require_aware


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What must come together: `needed` of the parts within `within`, each part any of its indicators.

    `in_order`: all parts, one after the other in time. No indicator stands in two parts.
    """

    indicator_id: str
    parts: tuple[frozenset[str], ...]
    needed: int
    within: timedelta
    in_order: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.needed <= len(self.parts):
            raise ValueError(f"needed must be 2 to {len(self.parts)}, not {self.needed}")
        if len(frozenset().union(*self.parts)) != sum(map(len, self.parts)):
            raise ValueError("an indicator stands in two parts")
        if self.in_order and self.needed != len(self.parts):
            raise ValueError("parts in order are all needed")
        if self.within <= timedelta(0):
            raise ValueError("within must be positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """A composition that held: by these signals, one a part in order of the parts, complete at `at`."""

    indicator_id: str
    parts: tuple[Signal, ...]
    at: datetime


def composites(
    compositions: Iterable[Composition], signals: Iterable[Signal], as_of: datetime
) -> list[Composite]:
    """Each composition that had come together by `as_of`, as it last did, in order of id.

    Only events count that are told as having occurred: a composite claims that things happened
    together. Each part has an entry of its own, for one text that names everything is one report.
    The answer depends on the set of the signals, not on their order.
    """
    require_aware(as_of, "as_of")
    usable = sorted(
        (s for s in signals if s.effective_at <= as_of and s.modality is Modality.OCCURRED), key=_when
    )
    found = []
    for composition in sorted(compositions, key=lambda c: c.indicator_id):
        by_part = [[s for s in usable if s.indicator_id in part] for part in composition.parts]
        last = _last_in_order if composition.in_order else _last_together
        if parts := last(composition, by_part):
            found.append(
                Composite(
                    indicator_id=composition.indicator_id,
                    parts=parts,
                    at=max(s.effective_at for s in parts),
                )
            )
    return found


def _when(signal: Signal) -> tuple[datetime, int]:
    return (signal.effective_at, signal.id)


def _rank(signal: Signal) -> tuple[float, float, int]:
    """The most telling signal first, then the newest, then the one stored first."""
    return (-signal.weight * signal.strength, -signal.effective_at.timestamp(), signal.id)


Parts = Sequence[Sequence[Signal]]


def _last_in_order(composition: Composition, by_part: Parts) -> tuple[Signal, ...] | None:
    """Back from each signal of the last part, always to the latest earlier one of the part before."""
    for last in reversed(by_part[-1]):
        chain = [last]
        for earlier in reversed(by_part[:-1]):
            at = bisect_left(earlier, chain[0].effective_at, key=lambda s: s.effective_at)
            if at == 0:
                return None  # an earlier end finds no beginning either
            chain.insert(0, earlier[at - 1])
        if last.effective_at - chain[0].effective_at <= composition.within:
            return tuple(chain)
    return None


def _last_together(composition: Composition, by_part: Parts) -> tuple[Signal, ...] | None:
    for end in sorted({s.effective_at for part in by_part for s in part}, reverse=True):
        windows = [_between(part, end - composition.within, end) for part in by_part]
        if sum(map(bool, windows)) < composition.needed:
            continue
        chosen = _one_entry_each(windows)
        if len(chosen) >= composition.needed:
            return chosen
    return None


def _between(signals: Sequence[Signal], start: datetime, end: datetime) -> Sequence[Signal]:
    low = bisect_left(signals, start, key=lambda s: s.effective_at)
    high = bisect_right(signals, end, key=lambda s: s.effective_at)
    return signals[low:high]


def _one_entry_each(windows: Parts) -> tuple[Signal, ...]:
    """A signal for as many parts as can have one of an entry of its own (augmenting paths)."""
    ranked = [sorted(window, key=_rank) for window in windows]
    taken: dict[int, int] = {}  # entry -> part
    chosen: dict[int, Signal] = {}  # part -> signal

    def find(part: int, tried: set[int]) -> bool:
        for signal in ranked[part]:
            entry = signal.entry_id
            if entry in tried:
                continue
            tried.add(entry)
            if entry not in taken or find(taken[entry], tried):
                taken[entry] = part
                chosen[part] = signal
                return True
        return False

    for part in range(len(ranked)):
        find(part, set())
    return tuple(chosen[part] for part in sorted(chosen))
