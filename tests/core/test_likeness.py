"""What makes two reports one event: shared words, shared facts, and across scripts the day."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.likeness import FOUND_WEIGHT, likeness, title_words
from monitor.core.model import Signal, Span
from tests.core.builders import NOON, a_signal


def told(title: str, *facts: str, hours: int = 0) -> Signal:
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


def test_two_shared_facts_are_enough_and_one_is_not() -> None:
    one = told("Ships set sail", "fact_a", "fact_b")
    assert likeness(one, told("Exercise opens", "fact_a", "fact_b", "fact_c")).is_same_event
    assert not likeness(one, told("Exercise opens", "fact_a")).is_same_event


def test_across_scripts_the_same_day_is_enough_and_within_one_it_is_not() -> None:
    one = told("Ships set sail")
    assert likeness(one, told("两国军舰启航", hours=23)).is_same_event
    assert not likeness(one, told("两国军舰启航", hours=24)).is_same_event
    assert not likeness(one, told("An exercise opens")).is_same_event


def test_the_reason_is_in_words() -> None:
    one, other = told("Ships set sail", "fact_a"), told("Ships set sail", "fact_a")
    assert likeness(one, other).reason == "100% of the words; both name fact_a"
    assert likeness(told("Ships"), told("军舰")).reason == "other script, same day"
    assert likeness(told("Ships sail"), told("Exercise opens")).reason == "nothing in common"


words = st.lists(
    st.sampled_from(["fleet", "patrol", "north", "seven", "ships", "军舰", "корабли"]), max_size=6
)
facts = st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3)


@given(words, words, facts, facts, st.integers(0, 80))
def test_likeness_has_no_direction(
    a: list[str], b: list[str], f: list[str], g: list[str], hours: int
) -> None:
    one, other = told(" ".join(a), *f), told(" ".join(b), *g, hours=hours)
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other).words <= 1
