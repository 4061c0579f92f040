"""What makes two reports one event: shared words, facts and time speak for it, others against it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.likeness import FOUND_WEIGHT, NEEDED, likeness, title_words
from monitor.core.model import Signal, Span
from tests.core.builders import NOON, a_signal


def told(title: str, *facts: str, hours: float = 0) -> Signal:
    return a_signal(title=title, spans=(), facts=facts, effective_at=NOON + timedelta(hours=hours))


def test_inflected_words_are_the_same_words() -> None:
    one = told("Корабли завершили совместное патрулирование пролива")
    other = told("Корабль завершил совместное патрулирование проливов")
    assert likeness(one, other).words == 1.0


def test_what_the_rule_itself_found_counts_for_less() -> None:
    title = "Two fleets begin a patrol"
    assert title_words(title, (Span("title", 19, 25),))["patro"] == FOUND_WEIGHT
    assert title_words(title)["patro"] == 1.0
    common = "joint patrol"
    span = (Span("title", 0, len(common)),)
    one, other = told(f"{common} off Kamchatka"), told(f"{common} near Guam")
    marked = [a_signal(title=s.title, spans=span, facts=()) for s in (one, other)]
    assert likeness(*marked).words < likeness(one, other).words


def test_nothing_in_common_is_not_one_event() -> None:
    assert not likeness(told("Ships set sail"), told("Exercise opens")).is_same_event


def test_a_shared_fact_is_enough_on_one_day_and_not_on_the_next() -> None:
    one = told("Ships set sail", "fact_a")
    assert likeness(one, told("Exercise opens", "fact_a", hours=6)).is_same_event
    assert not likeness(one, told("Exercise opens", "fact_a", hours=24)).is_same_event


def test_a_fact_that_only_one_names_speaks_against_it() -> None:
    one = told("Ships set sail", "fact_a", "fact_b")
    assert likeness(one, told("Exercise opens", "fact_a", "fact_b", "fact_c")).is_same_event
    assert not likeness(one, told("Exercise opens", "fact_a")).is_same_event


def test_numbers_speak_for_one_event_and_never_against_it() -> None:
    one, other = told("Ships set sail", "#12"), told("Exercise opens", "#13")
    assert likeness(one, other).other_facts == ()
    assert likeness(one, told("Exercise opens", "#12")).is_same_event


def test_two_speakers_tell_two_events_though_they_name_the_same() -> None:
    facts = ("fact_a", "fact_b")
    one = told("Patrol not aimed at anyone — minister", *facts)
    assert likeness(one, told("Both fleets have sailed — minister", *facts)).is_same_event
    assert likeness(one, told("Both fleets have sailed", *facts)).is_same_event
    assert not likeness(one, told("Both fleets have sailed — expert", *facts)).is_same_event


def test_a_reprint_is_one_event_whoever_put_his_name_behind_it() -> None:
    title = "Two fleets begin a joint patrol in the northern strait"
    assert likeness(told(f"{title} — Daily"), told(f"{title} — Herald")).is_same_event


def test_a_dash_in_russian_names_no_speaker() -> None:
    one = told("Совместное патрулирование — ответ соседям", "fact_a")
    other = told("Корабли вышли в море", "fact_a")
    assert likeness(one, other).quoting == 0


def test_across_scripts_a_few_hours_are_enough_and_two_days_with_a_shared_fact() -> None:
    one, naming = told("Ships set sail"), told("Ships set sail", "fact_a")
    assert likeness(one, told("两国军舰启航", hours=9)).is_same_event
    assert not likeness(one, told("两国军舰启航", hours=10)).is_same_event
    assert likeness(naming, told("两国军舰启航", "fact_a", hours=48)).is_same_event
    assert not likeness(naming, told("两国军舰启航", "fact_a", hours=49)).is_same_event


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (
            told("Ships set sail", "fact_a"),
            told("Ships set sail", "fact_a"),
            "100% of the words; both name fact_a (23.0 of 6 points)",
        ),
        (told("Ships"), told("军舰", hours=12), "other script; 0.5 days apart (5.5 of 6 points)"),
        (
            told("Ships sail", "fact_a"),
            told("Exercise opens — expert", "fact_b"),
            "only one names fact_a, fact_b; only one quotes a speaker (-15.0 of 6 points)",
        ),
        (
            told("Ships sail — minister"),
            told("Exercise opens — expert"),
            "different speakers (-20.0 of 6 points)",
        ),
        (told("Ships sail"), told("Exercise opens"), "nothing in common (0.0 of 6 points)"),
    ],
)
def test_the_reason_says_what_was_added_up(one: Signal, other: Signal, reason: str) -> None:
    assert likeness(one, other).reason == reason


words = st.lists(
    st.sampled_from(
        ["fleet", "patrol", "north", "seven", "ships", "军舰", "корабли", "— Lavrov", "— expert"]
    ),
    max_size=6,
)
facts = st.lists(st.sampled_from(["a", "b", "c", "#7"]), unique=True, max_size=3)


@given(words, words, facts, facts, st.integers(0, 80))
def test_likeness_has_no_direction(
    a: list[str], b: list[str], f: list[str], g: list[str], hours: int
) -> None:
    one, other = told(" ".join(a), *f), told(" ".join(b), *g, hours=hours)
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other).words <= 1


@given(words, words, facts, facts, st.integers(0, 40), st.integers(1, 40))
def test_more_time_between_them_never_speaks_for_one_event(
    a: list[str], b: list[str], f: list[str], g: list[str], hours: int, more: int
) -> None:
    one = told(" ".join(a), *f)
    soon, late = (told(" ".join(b), *g, hours=h) for h in (hours, hours + more))
    assert likeness(one, late).points <= likeness(one, soon).points


def test_the_threshold_is_what_is_asked() -> None:
    one = told("Ships set sail", "fact_a")
    at = next(
        h for h in range(100) if not likeness(one, told("Exercise opens", "fact_a", hours=h)).is_same_event
    )
    assert likeness(one, told("Exercise opens", "fact_a", hours=at)).points < NEEDED
    assert likeness(one, told("Exercise opens", "fact_a", hours=at - 1)).points >= NEEDED
