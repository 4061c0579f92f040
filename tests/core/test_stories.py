from __future__ import annotations

import random
from datetime import timedelta

from monitor.core.stories import group_stories
from tests.core.builders import NOON, a_signal


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


def test_the_order_of_signals_does_not_matter() -> None:
    signals = [
        a_signal(
            id=n, title=f"Fleet {'abc'[n % 3] * 3} begins patrol", effective_at=NOON + timedelta(hours=n)
        )
        for n in range(30)
    ]
    expected = group_stories(signals)
    random.Random(7).shuffle(signals)
    assert group_stories(signals) == expected
