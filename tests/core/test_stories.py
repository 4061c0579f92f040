from __future__ import annotations

import random
from datetime import timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Signal, Story
from monitor.core.stories import SAME_EVENT_WITHIN, Edits, group_stories
from tests.core.builders import NOON, a_signal


def ids_of(stories: list[Story]) -> list[set[int]]:
    return [{signal.entry_id for signal in story.signals} for story in stories]


def test_a_reprint_joins_the_story_of_its_original() -> None:
    original = a_signal(id=1, title="Two fleets begin a joint patrol in the strait")
    reprint = a_signal(
        id=2, title="Two fleets begin joint patrol in strait", effective_at=NOON + timedelta(hours=5)
    )
    (story,) = group_stories([original, reprint])
    assert [s.id for s in story.signals] == [1, 2]


def test_another_event_of_the_same_indicator_is_another_story() -> None:
    patrol = a_signal(id=1, title="Two fleets begin a joint patrol in the strait")
    exercise = a_signal(id=2, title="Exercise Northern Bell opens with nine ships")
    assert len(group_stories([patrol, exercise])) == 2


def test_the_same_headline_a_week_later_is_another_story() -> None:
    again = a_signal(id=2, effective_at=NOON + timedelta(days=7))
    assert len(group_stories([a_signal(id=1), again])) == 2


def test_chinese_titles_are_compared_by_pairs_of_characters() -> None:
    one = a_signal(id=1, title="两国海军在太平洋开展联合巡航")
    same = a_signal(id=2, title="两国海军太平洋开展联合巡航")
    other = a_signal(id=3, title="两国签署天然气供应协议")
    assert [[s.id for s in story.signals] for story in group_stories([one, same, other])] == [[1, 2], [3]]


def test_one_event_in_three_languages_is_one_story() -> None:
    facts = ("fact_sea_of_japan", "#12")
    told = [
        a_signal(id=1, title="Twelve ships begin patrol in the Sea of Japan", spans=(), facts=facts),
        a_signal(id=2, title="В Японском море начали патрулирование 12 кораблей", spans=(), facts=facts),
        a_signal(id=3, title="12艘军舰在日本海开始联合巡航", spans=(), facts=facts),
    ]
    assert len(group_stories(told)) == 1


def test_a_straggler_does_not_chain_two_events() -> None:
    first = [
        a_signal(id=n, entry_id=n, title=f"Alpha bravo charlie {word}", spans=(), facts=())
        for n, word in enumerate(("delta", "echo", "fox", "golf", "hotel", "india", "juliet"), 1)
    ]
    bridge = a_signal(id=8, entry_id=8, title="Alpha bravo charlie kilo lima mike", spans=(), facts=())
    other = a_signal(id=9, entry_id=9, title="November kilo lima mike oscar", spans=(), facts=())
    groups = ids_of(group_stories([*first, bridge, other]))
    assert {9} in groups


def test_a_report_joins_the_story_that_it_is_most_like() -> None:
    gas = a_signal(id=1, title="Gas contract signed in Harbin by both ministers", facts=("fact_harbin",))
    rail = a_signal(id=2, title="Rail bridge opened near Heihe", facts=("fact_amur_crossings",))
    later = a_signal(
        id=3,
        title="Ministers hail gas contract of Harbin",
        facts=("fact_harbin",),
        effective_at=NOON + timedelta(hours=3),
    )
    assert ids_of(group_stories([gas, rail, later])) == [{1, 3}, {2}]


def test_what_a_person_put_together_or_apart_holds() -> None:
    one = a_signal(id=1, entry_id=1, title="Two fleets begin a patrol", facts=())
    same = a_signal(id=2, entry_id=2, title="Two fleets begin a patrol", facts=())
    other = a_signal(id=3, entry_id=3, title="Exercise Northern Bell opens", facts=())
    edits = Edits(together=frozenset({frozenset((1, 3))}), apart=frozenset({frozenset((1, 2))}))
    assert ids_of(group_stories([one, same, other], edits)) == [{1, 3}, {2}]


def test_entries_put_together_through_a_later_one_are_one_story() -> None:
    first = a_signal(id=1, title="Two fleets begin a patrol")
    second = a_signal(id=2, title="Exercise Northern Bell opens", effective_at=NOON + timedelta(hours=1))
    link = a_signal(id=3, title="A gas contract", effective_at=NOON + timedelta(days=9))
    edits = Edits(together=frozenset({frozenset((1, 3)), frozenset((2, 3))}))
    assert ids_of(group_stories([first, second, link], edits)) == [{1, 2, 3}]


TITLES = (
    "Two fleets begin a joint patrol in the strait",
    "Two fleets begin joint patrol in strait",
    "Patrol of two fleets not aimed at anyone — minister",
    "Exercise Northern Bell opens with nine ships",
    "Корабли двух флотов вышли на патрулирование",
    "两国海军在太平洋开展联合巡航",
)
INDICATORS = ("defense.joint-naval-exercise", "defense.bomber-patrol")


@st.composite
def some_signals(draw: st.DrawFn) -> list[Signal]:
    """Up to ten signals of two indicators over ten days, each of an entry of its own."""
    return [
        a_signal(
            id=number,
            title=draw(st.sampled_from(TITLES)),
            indicator_id=draw(st.sampled_from(INDICATORS)),
            facts=tuple(sorted(draw(st.sets(st.sampled_from(["fact_a", "fact_b", "#9"]))))),
            effective_at=NOON + timedelta(hours=draw(st.integers(0, 240))),
        )
        for number in range(1, draw(st.integers(1, 10)) + 1)
    ]


pairs = st.frozensets(
    st.lists(st.integers(1, 10), min_size=2, max_size=2, unique=True).map(frozenset), max_size=5
)


@given(some_signals(), pairs, pairs, st.randoms())
def test_the_order_of_signals_does_not_matter(
    signals: list[Signal],
    together: frozenset[frozenset[int]],
    apart: frozenset[frozenset[int]],
    chance: random.Random,
) -> None:
    edits = Edits(together, apart)
    expected = group_stories(signals, edits)
    chance.shuffle(signals)
    assert group_stories(signals, edits) == expected


@given(some_signals())
def test_every_signal_is_in_one_story_and_a_story_is_of_one_indicator_within_72_hours(
    signals: list[Signal],
) -> None:
    stories = group_stories(signals)
    assert sorted(s.id for story in stories for s in story.signals) == sorted(s.id for s in signals)
    for story in stories:
        assert {s.indicator_id for s in story.signals} == {story.indicator_id}
        moments = [s.effective_at for s in story.signals]
        assert max(moments) - min(moments) <= SAME_EVENT_WITHIN


@given(some_signals(), st.integers(0, 240))
def test_what_comes_later_moves_no_earlier_signal(signals: list[Signal], hours: int) -> None:
    known = [s for s in signals if s.effective_at < NOON + timedelta(hours=hours)]
    ids = {s.id for s in known}
    now = [found for group in ids_of(group_stories(signals)) if (found := group & ids)]
    assert sorted(map(sorted, now)) == sorted(map(sorted, ids_of(group_stories(known))))


@given(some_signals(), pairs, pairs)
def test_merge_and_split_hold(
    signals: list[Signal], together: frozenset[frozenset[int]], apart: frozenset[frozenset[int]]
) -> None:
    groups = ids_of(group_stories(signals, Edits(together, apart)))
    home = {entry: number for number, group in enumerate(groups) for entry in group}
    indicator = {s.entry_id: s.indicator_id for s in signals}
    merged = {entry: {entry} for entry in range(1, 11)}
    for one, other in together:
        joined = merged[one] | merged[other]
        merged.update(dict.fromkeys(joined, joined))
    for one, other in combinations(sorted(home), 2):
        if indicator[one] != indicator[other]:
            assert home[one] != home[other]
        elif other in merged[one]:
            assert home[one] == home[other]
        elif frozenset((one, other)) in apart:
            assert home[one] != home[other]
