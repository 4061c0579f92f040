from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.composites import Composite, Composition, composites
from monitor.core.model import Modality, Signal
from tests.core.builders import NOON, a_signal

DAY = timedelta(days=1)
ANY = Composition(
    indicator_id="x.any",
    parts=(frozenset({"a.1", "a.2"}), frozenset({"b.1"}), frozenset({"c.1"})),
    needed=2,
    within=14 * DAY,
)
ORDER = Composition(
    indicator_id="x.order",
    parts=(frozenset({"a.1"}), frozenset({"b.1"})),
    needed=2,
    within=30 * DAY,
    in_order=True,
)


def seen(indicator: str, days_ago: float, id: int, **other: object) -> Signal:
    made = a_signal(id=id, entry_id=id, indicator_id=indicator, effective_at=NOON - days_ago * DAY)
    return replace(made, **other)  # type: ignore[arg-type]


def held(composition: Composition, *signals: Signal) -> Composite | None:
    found = composites([composition], signals, NOON)
    return found[0] if found else None


def test_enough_parts_within_the_window() -> None:
    found = held(ANY, seen("a.2", 5, 1), seen("c.1", 1, 2))
    assert found is not None
    assert [part.id for part in found.parts] == [1, 2]
    assert found.at == NOON - DAY


@pytest.mark.parametrize(
    "signals",
    [
        (seen("a.1", 1, 1),),
        (seen("a.1", 1, 1), seen("a.2", 2, 2)),  # one part twice
        (seen("a.1", 20, 1), seen("b.1", 1, 2)),  # too far apart
        (seen("a.1", 1, 1), seen("b.1", -1, 2)),  # not yet
        (seen("a.1", 1, 1), seen("b.1", 1, 2, entry_id=1)),  # one text says both
        (seen("a.1", 1, 1), seen("b.1", 1, 2, modality=Modality.DENIED)),
        (seen("a.1", 1, 1), seen("z.9", 1, 2)),
    ],
)
def test_what_does_not_come_together(signals: tuple[Signal, ...]) -> None:
    assert held(ANY, *signals) is None


def test_it_held_once_and_is_remembered_with_its_time() -> None:
    found = held(ANY, seen("a.1", 40, 1), seen("b.1", 35, 2), seen("a.1", 3, 3))
    assert found is not None
    assert found.at == NOON - 35 * DAY


def test_the_strongest_signal_stands_for_its_part() -> None:
    weak, strong = seen("a.1", 1, 1, strength=0.2), seen("a.1", 2, 2, strength=0.9)
    found = held(ANY, weak, strong, seen("b.1", 3, 3))
    assert found is not None
    assert [part.id for part in found.parts] == [2, 3]


def test_a_part_gives_way_where_the_other_has_no_other_entry() -> None:
    shared_a, own_a = seen("a.1", 1, 1, strength=1.0), seen("a.1", 1, 2, strength=0.1)
    shared_b = seen("b.1", 1, 3, entry_id=1)
    found = held(ANY, shared_a, own_a, shared_b)
    assert found is not None
    assert [part.id for part in found.parts] == [2, 3]


def test_order() -> None:
    assert held(ORDER, seen("b.1", 5, 1), seen("a.1", 1, 2)) is None
    assert held(ORDER, seen("a.1", 5, 1), seen("b.1", 5, 2)) is None
    found = held(ORDER, seen("a.1", 40, 1), seen("a.1", 20, 2), seen("b.1", 5, 3), seen("b.1", 50, 4))
    assert found is not None
    assert [part.id for part in found.parts] == [2, 3]
    assert held(ORDER, seen("a.1", 40, 1), seen("b.1", 5, 2)) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"needed": 4}, "needed must be 2 to 3"),
        ({"needed": 1}, "needed must be 2 to 3"),
        ({"in_order": True}, "all needed"),
        ({"within": timedelta(0)}, "within must be positive"),
        ({"parts": (frozenset({"a"}), frozenset({"a", "b"}))}, "stands in two parts"),
    ],
)
def test_what_could_never_hold_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(ANY, **changes)  # type: ignore[arg-type]


some_signals = st.lists(
    st.tuples(
        st.sampled_from(["a.1", "a.2", "b.1", "c.1"]), st.integers(-3, 40), st.integers(1, 4), st.floats(0, 1)
    ),
    max_size=9,
).map(
    lambda rows: [
        seen(name, days, number, entry_id=entry, strength=strength)
        for number, (name, days, entry, strength) in enumerate(rows)
    ]
)


@given(some_signals, st.randoms())
def test_the_order_of_the_signals_does_not_matter(signals: list[Signal], random: object) -> None:
    mixed = signals.copy()
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert composites([ORDER, ANY], mixed, NOON) == composites([ANY, ORDER], signals, NOON)


@given(some_signals)
def test_what_is_said_to_hold_does(signals: list[Signal]) -> None:
    for found in composites([ANY, ORDER], signals, NOON):
        composition = ANY if found.indicator_id == "x.any" else ORDER
        times = [part.effective_at for part in found.parts]
        indexes = [
            next(n for n, part in enumerate(composition.parts) if s.indicator_id in part) for s in found.parts
        ]
        assert indexes == sorted(set(indexes))
        assert len(found.parts) >= composition.needed
        assert max(times) - min(times) <= composition.within
        assert found.at == max(times) <= NOON
        assert len({part.entry_id for part in found.parts}) == len(found.parts) or composition.in_order


@given(some_signals)
def test_nothing_that_holds_is_overlooked(signals: list[Signal]) -> None:
    """Against the plain definition: some two signals of different parts and entries, close enough."""
    usable = [s for s in signals if s.effective_at <= NOON]
    part = {"a.1": 0, "a.2": 0, "b.1": 1, "c.1": 2}
    pairs = any(
        part[one.indicator_id] != part[other.indicator_id]
        and one.entry_id != other.entry_id
        and abs(one.effective_at - other.effective_at) <= ANY.within
        for one in usable
        for other in usable
    )
    assert (held(ANY, *signals) is not None) == pairs
