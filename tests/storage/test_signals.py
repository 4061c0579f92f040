from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine

from monitor.core.model import Span
from monitor.storage import entries, feeds, signals
from monitor.storage.engine import writing
from tests.core.builders import NOON, a_feed, an_entry
from tests.storage.builders import HOUR, a_match, a_signal_row, edit, record_digest, store


def test_an_entry_has_one_signal_of_an_indicator(listed: Connection) -> None:
    (entry_id,) = store(listed).values()
    signals.store(listed, [a_signal_row(entry_id)])
    signals.store(listed, [a_signal_row(entry_id, revision=2)])
    (signal,) = signals.signals_of_entry(listed, entry_id)
    assert (signal.revision, signal.spans, signal.family) == (1, (Span("title", 0, 3),), "wire")
    assert signals.indicators_of(listed, [entry_id]) == {(entry_id, "defense.patrol")}
    assert signals.count(listed) == 1


def test_a_signal_keeps_the_text_that_raised_it(listed: Connection) -> None:
    (entry_id,) = store(listed).values()
    signals.store(listed, [a_signal_row(entry_id)])
    edit(listed, an_entry(title="Nothing happened", summary="", link="https://wire.example.org/9"))
    signals.store(listed, [a_signal_row(entry_id, a_match(indicator_id="defense.calm"), revision=2)])
    texts = {s.indicator_id: (s.title, s.summary, s.link) for s in signals.signals_of_entry(listed, entry_id)}
    assert texts == {
        "defense.patrol": (an_entry().title, an_entry().summary, an_entry().link),
        "defense.calm": ("Nothing happened", "", "https://wire.example.org/9"),
    }


def test_signals_are_found_by_when_they_took_effect(listed: Connection) -> None:
    (entry_id,) = store(listed).values()
    signals.store(listed, [a_signal_row(entry_id)])
    assert len(signals.signals_between(listed, NOON - HOUR, NOON)) == 1
    assert signals.signals_between(listed, NOON, NOON + HOUR) == []


def test_what_was_not_known_at_a_time_is_no_signal_of_it(listed: Connection) -> None:
    (entry_id,) = store(listed).values()
    signals.store(listed, [a_signal_row(entry_id, at=NOON + HOUR)])
    assert signals.signals_between(listed, NOON - HOUR, NOON) == []
    assert len(signals.signals_between(listed, NOON - HOUR, NOON + HOUR)) == 1


def test_each_recipient_is_told_once(listed: Connection) -> None:
    (entry_id,) = store(listed).values()
    signals.store(listed, [a_signal_row(entry_id)])
    ids = signals.unsent_signal_ids(listed, "watch", ["defense"], since=NOON - HOUR)
    assert len(ids) == 1
    assert signals.unsent_signal_ids(listed, "watch", ["economy"], since=NOON - HOUR) == []
    assert signals.unsent_signal_ids(listed, "watch", [], since=NOON - HOUR) == []
    signals.stamp(listed, "watch", record_digest(listed), ids)
    assert signals.unsent_signal_ids(listed, "watch", ["defense"], since=NOON - HOUR) == []
    assert signals.unsent_signal_ids(listed, "other", ["defense"], since=NOON - HOUR) == ids


# Not on SQLite: it has one writer, so ids commit in their order.
@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_signal_that_commits_after_a_later_one_was_told_is_still_news(engine: Engine) -> None:
    with writing(engine) as connection:
        feeds.sync_feeds(connection, [a_feed()], at=NOON)
        ids = store(connection, an_entry(key="slow"), an_entry(key="fast"))
    with writing(engine) as slow:
        signals.store(slow, [a_signal_row(ids["slow"])])
        with writing(engine) as fast:
            signals.store(fast, [a_signal_row(ids["fast"])])
        with writing(engine) as digest:
            (first,) = signals.unsent_signal_ids(digest, "watch", ["defense"], since=NOON - HOUR)
            signals.stamp(digest, "watch", record_digest(digest), [first])
    with writing(engine) as connection:
        (second,) = signals.unsent_signal_ids(connection, "watch", ["defense"], since=NOON - HOUR)
    assert second < first


def test_the_words_of_its_rule_stay_with_a_signal(listed: Connection) -> None:
    (entry_id,) = store(listed, an_entry(published_at=NOON - HOUR)).values()
    entry = entries.get_entry(listed, entry_id)
    assert entry is not None
    row = a_signal_row(
        entry_id, weight=0.1 + 0.2, half_life=timedelta(days=9), effective_at=entry.effective_at
    )
    signals.store(listed, [row])
    (signal,) = signals.signals_of_entry(listed, entry_id)
    assert (signal.weight, signal.half_life) == (0.1 + 0.2, timedelta(days=9))
    assert (signal.rule_version, signal.effective_at) == (3, NOON - HOUR)
