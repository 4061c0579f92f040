from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.assessment import Score
from monitor.core.model import Direction, Modality, Place, Signal, Story
from monitor.core.scoring import (
    Methodology,
    calibrated_sigma,
    credibility,
    default_sigma,
    grade,
    percentile,
    recency,
    saturate,
    score,
    strength,
)
from tests.core.builders import NOON, a_signal, a_story

METHOD = Methodology()


def scored(stories: list[Story], sigma: float = 16.0) -> Score:
    return score("defense", Direction.DEEPENING, stories, sigma=sigma, at=NOON, method=METHOD)


signals = st.builds(
    lambda number, family, reliability, party, weight, hours, place, modality, indicator: a_signal(
        id=number,
        family=family,
        reliability=reliability,
        party=party,
        weight=float(weight),
        effective_at=NOON - timedelta(hours=hours),
        place=place,
        modality=modality,
        indicator_id=f"defense.{indicator}",
    ),
    st.integers(1, 10**6),
    st.sampled_from("pqrstu"),
    st.sampled_from("ABCDEF"),
    st.sampled_from([None, "russia", "china"]),
    st.integers(1, 10),
    st.integers(0, 5000),
    st.sampled_from(Place),
    st.sampled_from(Modality),
    st.sampled_from("xyz"),
)
stories = st.lists(signals, max_size=12, unique_by=lambda s: s.id).map(
    lambda many: [a_story(s) for s in many]
)


def test_match_strength_is_place_times_modality() -> None:
    assert strength(Place.TITLE, Modality.OCCURRED, METHOD) == 1.0
    assert strength(Place.LEAD, Modality.PLANNED, METHOD) == pytest.approx(0.595)


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        ("A", 0.60),
        ("B", 0.48),
        ("C", 0.36),
        ("D", 0.21),
        ("E", 0.09),
        ("BC", 0.67),
        ("AB", 0.79),
        ("BBB", 0.86),
        ("DDD", 0.51),
    ],
)
def test_corroboration_reads_as_documented(grades: str, expected: float) -> None:
    voices = [a_signal(id=n, family=f"f{n}", reliability=grade) for n, grade in enumerate(grades)]
    assert credibility(voices, METHOD) == pytest.approx(expected, abs=0.005)


def test_parties_alone_prove_no_more_than_the_announcement() -> None:
    parties = [a_signal(id=n, family=f"f{n}", reliability="A", party="russia") for n in range(4)]
    assert credibility(parties, METHOD) == 0.55


@given(st.lists(signals, min_size=1, max_size=8), signals)
def test_one_more_independent_family_never_lowers_credibility(known: list[Signal], further: Signal) -> None:
    assert credibility([*known, further], METHOD) >= credibility(known, METHOD) - 1e-12


@given(st.lists(signals, min_size=1, max_size=8))
def test_a_copy_in_the_same_family_changes_nothing(known: list[Signal]) -> None:
    assert credibility([*known, known[0]], METHOD) == credibility(known, METHOD)


def test_half_of_the_value_is_left_after_a_half_life_and_the_future_is_not_worth_more() -> None:
    assert recency(NOON - timedelta(days=21), timedelta(days=21), NOON) == 0.5
    assert recency(NOON + timedelta(days=9), timedelta(days=21), NOON) == 1.0


def test_twenty_stories_stay_below_the_cap_of_their_indicator() -> None:
    assert saturate(54.1, 9) == pytest.approx(8.98, abs=0.01)


def test_the_worked_example_of_the_methodology() -> None:
    saturated = [saturate(3.87, 9), saturate(1.68, 12), saturate(1.54, 6)]
    assert saturated == pytest.approx([3.15, 1.57, 1.36], abs=0.01)
    assert 100 * (1 - math.exp(-sum(saturated) / 16)) == pytest.approx(31.6, abs=0.1)


@given(stories, st.randoms())
def test_the_order_of_stories_does_not_matter(many: list[Story], random: object) -> None:
    shuffled = list(many)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert scored(shuffled) == scored(many)


@given(stories)
def test_points_add_up_to_the_index_which_stays_within_its_scale(many: list[Story]) -> None:
    result = scored(many)
    assert 0 <= result.index <= 100
    assert sum(f.points for f in result.stories) == pytest.approx(result.index)


@given(stories)
def test_losing_a_story_never_raises_the_index(many: list[Story]) -> None:
    assert scored(many[1:]).index <= scored(many).index + 1e-9


def test_other_domains_and_directions_do_not_count() -> None:
    friction = a_story(a_signal(direction=Direction.FRICTION))
    elsewhere = a_story(a_signal(domain="economy"))
    assert scored([friction, elsewhere]).index == 0


def test_default_scale_is_never_zero() -> None:
    assert default_sigma([], METHOD) == 1.0
    assert default_sigma([6, 4], METHOD) == pytest.approx(0.35 * 1.5 * 10)


@pytest.mark.parametrize(
    ("reliabilities", "parties", "expected"),
    [
        ("F", [None], "F6"),
        ("B", [None], "B3"),
        ("BC", [None, None], "B2"),
        ("AAB", [None, None, None], "A1"),
        ("C", ["china"], "C3"),
        ("E", [None], "E4"),
    ],
)
def test_admiralty_grade(reliabilities: str, parties: list[str | None], expected: str) -> None:
    voices = [
        a_signal(id=n, family=f"f{n}", reliability=r, party=p)
        for n, (r, p) in enumerate(zip(reliabilities, parties, strict=True))
    ]
    assert grade(a_story(*voices), METHOD) == expected


amounts = st.lists(st.floats(0, 400), min_size=1, max_size=60)
weights = st.lists(st.integers(1, 10).map(float), min_size=1, max_size=40)


@given(amounts, st.floats(0.01, 1))
def test_a_percentile_leaves_its_share_at_or_below_and_is_the_smallest_that_does(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert sum(v <= found for v in values) >= share * len(values) - 1e-6
    assert sum(v < found for v in values) < share * len(values)


@given(amounts, weights)
def test_on_a_calibrated_scale_nine_days_in_ten_read_60_or_less(
    values: list[float], own: list[float]
) -> None:
    sigma = calibrated_sigma(values, own, METHOD)
    calm = sum(100 * (1 - math.exp(-s / sigma)) <= 60 + 1e-9 for s in values)
    assert calm >= 0.9 * len(values) - 1e-6


@given(amounts, weights)
def test_one_ordinary_indicator_alone_never_reads_more_than_60(values: list[float], own: list[float]) -> None:
    cap = METHOD.kappa * median(own)
    assert 100 * (1 - math.exp(-cap / calibrated_sigma(values, own, METHOD))) <= 60 + 1e-9


def test_the_worked_example_of_a_calibration() -> None:
    days = [float(s) for s in range(1, 101)]  # S of a hundred days
    sigma = calibrated_sigma(days, [4.0, 6.0, 6.0], METHOD)
    assert sigma == pytest.approx(90 / 0.916, abs=0.05)
    # A record that holds nothing: 1.5 x 6 at 60.
    assert calibrated_sigma([0.0], [4.0, 6.0, 6.0], METHOD) == pytest.approx(9 / 0.916, abs=0.01)


def without(lost: str, members: list[Signal]) -> list[Story]:
    """The story of what other publishers say, if they say anything."""
    left = [s for s in members if s.family != lost]
    return [a_story(*left)] if left else []


@given(st.lists(st.lists(signals, min_size=1, max_size=5), max_size=4), st.sampled_from("pqrstu"))
def test_a_lost_publisher_never_raises_the_index(many: list[list[Signal]], lost: str) -> None:
    told = [
        [replace(s, indicator_id=m[0].indicator_id, weight=6.0, effective_at=m[0].effective_at) for s in m]
        for m in many
    ]
    before = scored([a_story(*members) for members in told])
    after = scored([story for members in told for story in without(lost, members)])
    assert after.index <= before.index + 1e-9


def test_but_where_it_was_the_first_to_report_the_event_looks_younger() -> None:
    first = a_signal(id=1, family="p", reliability="E", effective_at=NOON - timedelta(days=3))
    second = a_signal(id=2, family="q", reliability="B", effective_at=NOON)
    before, after = scored([a_story(second, first)]), scored(without("p", [second, first]))
    # Three days at a half-life of 21; a story never spans more.
    assert before.index < after.index < before.index * 2 ** (3 / 21)
