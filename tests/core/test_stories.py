from __future__ import annotations

import random
from datetime import timedelta

from monitor.core.stories import Edits, group_stories
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
    groups = [{s.id for s in story.signals} for story in group_stories([*first, bridge, other])]
    assert {9} in groups


def test_what_a_person_put_together_or_apart_holds() -> None:
    one = a_signal(id=1, entry_id=1, title="Two fleets begin a patrol", facts=())
    same = a_signal(id=2, entry_id=2, title="Two fleets begin a patrol", facts=())
    other = a_signal(id=3, entry_id=3, title="Exercise Northern Bell opens", facts=())
    edits = Edits(together=frozenset({frozenset((1, 3))}), apart=frozenset({frozenset((1, 2))}))
    groups = [{s.id for s in story.signals} for story in group_stories([one, same, other], edits)]
    assert groups == [{1, 3}, {2}]
