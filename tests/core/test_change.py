"""A change of an index in its causes: each alone, all together, and always adding up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.assessment import Score
from monitor.core.change import Change, Windows, sigma_of, split_change
from monitor.core.model import Direction, Signal, Story
from monitor.core.review import Review, Verdict
from monitor.core.scoring import Methodology, score
from monitor.core.stories import group_stories
from tests.core.builders import NOON, a_signal

METHOD = Methodology()
DAY = timedelta(days=1)
BEFORE = NOON - DAY
SIGMA = 16.0


def stories_of(signals: Sequence[Signal], at: datetime) -> list[Story]:
    return [story for story in group_stories(signals) if story.verdict is not Verdict.FALSE]


def scored(
    signals: Sequence[Signal], at: datetime, sigma: float = SIGMA, method: Methodology = METHOD
) -> Score:
    stories = stories_of(signals, at)
    return score("defense", Direction.DEEPENING, stories, sigma=sigma, at=at, method=method)


def split(
    old: Sequence[Signal], now: Sequence[Signal], stored: Score | None = None, *, same_method: bool = True
) -> Change:
    return split_change(
        stored or scored(old, BEFORE),
        Windows(before=BEFORE, at=NOON, old=old, now=now),
        sigma=SIGMA,
        method=METHOD,
        same_method=same_method,
        stories_of=stories_of,
    )


def only(change: Change, name: str) -> float:
    """The one cause that is not nothing."""
    others = {f: round(getattr(change, f), 9) for f in Change.__dataclass_fields__ if f != name}
    assert others == dict.fromkeys(others, 0.0)
    return float(getattr(change, name))


OLD = a_signal(id=1, title="Fleets begin a patrol", effective_at=BEFORE - DAY)
DECAY = split([OLD], [OLD]).decay


def without_decay(change: Change) -> Change:
    return replace(change, decay=0.0)


def test_nothing_new_is_decay_alone() -> None:
    assert only(split([OLD], [OLD]), "decay") < 0


def test_a_new_story() -> None:
    fresh = a_signal(id=2, title="An exercise opens in the north", effective_at=NOON)
    change = split([OLD], [OLD, fresh])
    assert only(without_decay(change), "new_stories") > 0
    assert change.decay == pytest.approx(DECAY)


def test_a_second_publisher_of_an_old_story_is_corroboration() -> None:
    second = replace(OLD, id=2, family="other", effective_at=NOON)
    assert only(without_decay(split([OLD], [OLD, second])), "corroboration") > 0


def test_a_verdict_on_an_old_story() -> None:
    false = replace(OLD, review=Review(NOON, Verdict.FALSE))
    change = split([OLD], [false])
    assert only(change, "verdicts") == pytest.approx(-scored([OLD], BEFORE).index)


def test_a_source_that_was_graded_anew() -> None:
    stored = scored([replace(OLD, reliability="E")], BEFORE)
    assert only(without_decay(split([OLD], [OLD], stored)), "source_grades") > 0


@pytest.mark.parametrize("same_method", [True, False])
def test_another_scale_is_methodology_and_never_news(same_method: bool) -> None:
    wider = scored([OLD], BEFORE, sigma=2 * SIGMA)
    change = split([OLD], [OLD], wider, same_method=same_method)
    assert only(without_decay(change), "methodology") == pytest.approx(
        scored([OLD], BEFORE).index - wider.index
    )


def test_what_a_later_rule_finds_is_an_edit_of_rules() -> None:
    retro = a_signal(id=2, title="An exercise opened", effective_at=BEFORE - DAY, is_retro=True)
    change = split([OLD], [OLD, retro])
    assert only(without_decay(change), "rules") > 0


def test_other_constants_are_methodology() -> None:
    stored = scored([OLD], BEFORE, method=replace(METHOD, rho=0.3))
    assert only(without_decay(split([OLD], [OLD], stored, same_method=False)), "methodology") > 0


def test_the_scale_is_found_again_in_the_evidence() -> None:
    assert sigma_of(scored([OLD], BEFORE, sigma=23.5), METHOD) == pytest.approx(23.5)
    assert sigma_of(scored([], BEFORE), METHOD) is None


signals = st.builds(
    a_signal,
    id=st.integers(1, 40),
    title=st.sampled_from(["Fleets begin a patrol", "Fleets begin patrol", "An exercise opens", "A pact"]),
    indicator_id=st.sampled_from(["defense.a", "defense.b"]),
    family=st.sampled_from(["one", "two", "three"]),
    reliability=st.sampled_from("ABCDEF"),
    effective_at=st.integers(0, 10).map(lambda days: NOON - days * DAY),
    is_retro=st.booleans(),
    review=st.none() | st.sampled_from(Verdict).map(lambda verdict: Review(NOON, verdict)),
)


@given(st.lists(signals, max_size=8, unique_by=lambda s: s.id), st.booleans())
def test_the_causes_add_up(now: list[Signal], same_method: bool) -> None:
    old = [replace(s, review=None) for s in now if s.effective_at <= BEFORE and s.id % 3]
    stored = scored([replace(s, reliability="C") for s in old], BEFORE, sigma=20.0)
    change = split(old, now, stored, same_method=same_method)
    assert stored.index + change.total == pytest.approx(scored(now, NOON).index)


@given(st.lists(signals, max_size=8, unique_by=lambda s: s.id), st.floats(4, 200))
def test_only_what_came_since_is_news(now: list[Signal], old_sigma: float) -> None:
    known = [s for s in now if s.effective_at <= BEFORE]
    change = split(known, known, scored(known, BEFORE, sigma=old_sigma))
    assert (change.new_stories, change.corroboration) == (pytest.approx(0), pytest.approx(0))
    assert change.decay <= 1e-9
