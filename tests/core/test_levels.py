from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.levels import Standing, is_corroborated, next_standing
from monitor.core.model import Level
from monitor.core.scoring import Methodology
from tests.core.builders import NOON, a_signal, a_story

METHOD = Methodology()


def step(
    previous: Standing | None,
    index: float,
    *,
    corroborated: bool = True,
    coverage: float = 1.0,
    hours: float = 0,
) -> Standing:
    at = NOON + timedelta(hours=hours)
    return next_standing(previous, index, corroborated=corroborated, coverage=coverage, at=at, method=METHOD)


def test_up_at_the_threshold_at_once() -> None:
    assert step(Standing(level=Level.QUIET, since=NOON), 20.0, hours=1).level is Level.ROUTINE


def test_down_only_well_below_the_threshold_and_after_the_dwell_time() -> None:
    notable = Standing(level=Level.NOTABLE, since=NOON)
    assert step(notable, 35.0, hours=100).level is Level.NOTABLE
    assert step(notable, 33.9, hours=47).level is Level.NOTABLE
    assert step(notable, 33.9, hours=49).level is Level.ROUTINE


def test_one_step_down_at_a_time() -> None:
    assert step(Standing(level=Level.MARKED, since=NOON), 0.0, hours=49).level is Level.ELEVATED


def test_uncorroborated_evidence_does_not_raise_to_elevated() -> None:
    held = step(Standing(level=Level.NOTABLE, since=NOON), 70.0, corroborated=False, hours=1)
    assert (held.level, held.note) == (Level.NOTABLE, "held at Notable: uncorroborated")
    assert step(held, 70.0, corroborated=True, hours=2).level is Level.ELEVATED


def test_an_uncorroborated_rise_by_two_goes_one_step() -> None:
    assert step(Standing(level=Level.QUIET, since=NOON), 45.0, corroborated=False).level is Level.ROUTINE


def test_missing_feeds_are_no_calm() -> None:
    held = step(Standing(level=Level.NOTABLE, since=NOON), 0.0, coverage=0.5, hours=100)
    assert (held.level, held.note) == (Level.NOTABLE, "held at Notable: coverage 50%")


def test_corroboration_needs_a_publisher_that_is_no_party() -> None:
    party = a_story(a_signal(party="russia", reliability="C"))
    neutral = a_story(a_signal(party=None, reliability="B"))
    assert not is_corroborated([party], METHOD)
    assert is_corroborated([party, neutral], METHOD)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.booleans(), st.floats(0, 1), st.integers(1, 30)), max_size=40)
)
def test_two_steps_down_are_never_closer_than_the_dwell_time(
    path: list[tuple[float, bool, float, int]],
) -> None:
    standing: Standing | None = None
    hours = 0
    fell_at = None
    for index, corroborated, coverage, wait in path:
        hours += wait
        after = step(standing, index, corroborated=corroborated, coverage=coverage, hours=hours)
        if standing and after.level < standing.level:
            assert standing.level - after.level == 1
            assert fell_at is None or hours - fell_at >= 48
            fell_at = hours
        standing = after


standings = st.builds(
    Standing, level=st.sampled_from(Level), since=st.integers(0, 200).map(lambda h: NOON - timedelta(hours=h))
)


@given(standings, st.floats(0, 100), st.booleans(), st.floats(0, 0.69))
def test_with_too_few_feeds_no_level_falls(
    before: Standing, index: float, corroborated: bool, coverage: float
) -> None:
    after = step(before, index, corroborated=corroborated, coverage=coverage)
    assert after.level >= before.level


@given(standings, st.floats(0, 100), st.floats(0, 100), st.booleans())
def test_a_higher_index_never_gives_a_lower_level(
    before: Standing, one: float, other: float, corroborated: bool
) -> None:
    low, high = sorted((one, other))
    at_low, at_high = (step(before, index, corroborated=corroborated) for index in (low, high))
    assert at_high.level >= at_low.level


@given(standings, st.floats(0, 100), st.floats(0, 1))
def test_nothing_uncorroborated_rises_to_elevated(before: Standing, index: float, coverage: float) -> None:
    after = step(before, index, corroborated=False, coverage=coverage)
    assert after.level <= max(before.level, Level.NOTABLE)
    assert after.level - before.level <= 1
