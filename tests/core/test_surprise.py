"""Surprise against the negative binomial distribution, and what it must never say."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.surprise import FEWEST_DAYS, FEWEST_STORIES, Surprise, surprise

counts = st.lists(st.integers(0, 12), min_size=FEWEST_DAYS, max_size=56)


def test_without_four_weeks_of_days_there_is_no_baseline() -> None:
    assert surprise(9, [1] * (FEWEST_DAYS - 1)) == Surprise(9)


def test_a_week_as_always_is_nothing_unusual() -> None:
    found = surprise(7, [1] * 56)
    assert found.usual == (4, 10)
    assert (found.weeks, found.bits) == (None, 0.0)


def test_twice_the_usual_of_a_steady_series_is_rare() -> None:
    found = surprise(16, [1] * 56)
    # Without bursts nearly Poisson with mean 7, of which tables give P(16 or more) = 0.00241.
    assert found.weeks == pytest.approx(1 / 0.00241, rel=0.05)
    assert found.bits == pytest.approx(8.7, abs=0.1)


def test_bursts_in_the_baseline_make_a_burst_less_rare() -> None:
    steady, bursts = surprise(16, [1] * 56), surprise(16, [0, 0, 0, 4] * 14)
    assert (steady.weeks or 0) > 10 * (bursts.weeks or 1)


def test_two_stories_after_silence_are_no_surprise_and_three_are() -> None:
    assert surprise(2, [0] * 56).weeks is None
    assert (surprise(3, [0] * 56).weeks or 0) > 1000


def test_one_day_of_an_old_crisis_does_not_hide_a_new_one() -> None:
    calm = surprise(12, [1, 0] * 28)
    after_a_crisis = surprise(12, [*([1, 0] * 27), 0, 40])
    assert (after_a_crisis.weeks or 0) > (calm.weeks or 0) / 4


@given(counts, st.integers(0, 60))
def test_more_stories_are_never_less_surprising(baseline: list[int], stories: int) -> None:
    series = [surprise(number, baseline).bits for number in range(stories, stories + 4)]
    assert all(low <= high + 1e-6 for low, high in pairwise(series))


@given(counts, st.integers(0, 60), st.randoms(use_true_random=False))
def test_the_order_of_days_does_not_matter(baseline: list[int], stories: int, rng: random.Random) -> None:
    found = surprise(stories, baseline)
    rng.shuffle(baseline)
    assert surprise(stories, baseline).bits == pytest.approx(found.bits)


@given(counts, st.integers(0, 60))
def test_nothing_within_the_usual_and_no_two_stories_are_unusual(baseline: list[int], stories: int) -> None:
    found = surprise(stories, baseline)
    assert found.usual is not None
    assert found.usual[0] <= found.usual[1]
    if stories < FEWEST_STORIES or stories <= found.usual[1]:
        assert found.weeks is None
    else:
        assert found.weeks is not None
        assert found.weeks >= 10 * (1 - 1e-6)  # rarer than the tenth beyond the 90th percentile


def test_false_alarms_on_made_up_poisson_series_stay_rare() -> None:
    rng = random.Random(4)
    days = [sum(rng.random() < 0.1 for _ in range(20)) for _ in range(7 * 200 + 56)]
    weeks = [surprise(sum(days[at : at + 7]), days[at - 56 : at]) for at in range(56, len(days) - 7, 7)]
    unusual = sum(found.bits >= 6.6 for found in weeks)  # once in a hundred weeks or less
    assert len(weeks) > 190
    assert unusual <= 6
