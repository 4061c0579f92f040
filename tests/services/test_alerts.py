"""Urgent mail on a real database: at once, grouped, once, and told of in the next digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, update

from monitor.core.model import Entry, Fetched, Level
from monitor.core.outcome import Outcome
from monitor.services.alert import alert_due
from monitor.services.assess import assess
from monitor.services.compose import compose_now
from monitor.services.context import Context
from monitor.services.poll import record_poll
from monitor.storage import alerts, feeds, meta
from monitor.storage.engine import reading, writing
from monitor.storage.schema import assessments, deliveries, signals
from tests.core.builders import NOON, an_entry

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
BEFORE = NOON - timedelta(days=1)
TITLES = (
    "Russia and China begin a patrol, ninety coastal villages watch corvettes leave Murmansk at dawn",
    "Seven grey warships with helicopters sail far into northern waters; Russia and China call it a patrol",
    "After dark eleven strategic bombers crossed two straits near Hokkaido on what Russia and China say was"
    " their first patrol",
)


def entry(number: int, at: datetime = NOON) -> Entry:
    return an_entry(key=str(number), title=TITLES[number], summary="", link="", published_at=at)


def record(context: Context, *found: Entry, at: datetime = NOON) -> None:
    with reading(context.engine) as connection:
        state = next(s for s in feeds.all_states(connection) if s.feed.id == "wire")
    record_poll(context, state, Fetched(outcome=Outcome.OK, entries=found), at, 0.0)


@pytest.fixture(autouse=True)
def polled_before(context: Context) -> None:
    """The feed is no new one: what it held at first is behind us."""
    record(context, an_entry(key="first", title="Nothing of note", summary="", link=""), at=BEFORE)


@pytest.fixture
def urgent(context: Context) -> Context:
    """The same, with patrols marked urgent and levels out of reach."""
    catalog = context.catalog
    patrol = replace(catalog.indicators["defense.patrol"], urgent=True)
    marked = replace(catalog, indicators=catalog.indicators | {"defense.patrol": patrol})
    return replace(
        context, catalog=marked, method=replace(context.method, thresholds=(96.0, 97.0, 98.0, 99.0))
    )


def subjects(context: Context) -> list[str]:
    with reading(context.engine) as connection:
        return list(connection.execute(select(deliveries.c.subject).order_by(deliveries.c.id)).scalars())


def states(context: Context) -> list[tuple[str, str]]:
    with reading(context.engine) as connection:
        return [(a.title, a.state.value) for a in alerts.since(connection, NOON - 99 * MINUTE)]


def test_a_mail_of_a_clock_that_was_ahead_cools_nothing_down(urgent: Context) -> None:
    ahead = NOON + timedelta(days=3)
    record(urgent, entry(0, ahead), at=ahead)
    assert alert_due(urgent, ahead) == 1
    record(urgent, entry(1), at=NOON + MINUTE)
    assert alert_due(urgent, NOON + MINUTE) == 1


def test_an_urgent_story_is_mailed_once(urgent: Context) -> None:
    record(urgent, entry(0))
    assert alert_due(urgent, NOON) == 1
    assert alert_due(urgent, NOON + MINUTE) == 0
    (subject,) = subjects(urgent)
    assert subject.startswith("[RU-CN] URGENT: ")
    with reading(urgent.engine) as connection:
        payload = connection.execute(select(deliveries.c.payload)).scalar_one()
    mail = message_from_bytes(payload, policy=default)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "URGENT: " in text
    assert "*Russia and China* begin a *patrol*" in text
    assert mail["In-Reply-To"] is None


def test_nothing_leaves_for_what_is_not_urgent_or_not_wanted(context: Context, urgent: Context) -> None:
    record(context, entry(0))
    assert alert_due(context, NOON) == 0
    recipients = tuple(replace(r, urgent=False) for r in urgent.config.recipients)
    deaf = replace(urgent, config=replace(urgent.config, recipients=recipients))
    assert alert_due(deaf, NOON) == 0
    elsewhere = tuple(replace(r, domains=("economy",)) for r in urgent.config.recipients)
    other = replace(urgent, config=replace(urgent.config, recipients=elsewhere))
    assert alert_due(other, NOON) == 0


def test_a_crash_before_the_end_sends_nothing_and_loses_nothing(
    urgent: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(urgent, entry(0))
    with monkeypatch.context() as patch:
        patch.setattr(alerts, "record", lambda *_, **__: 1 / 0)
        with pytest.raises(ExceptionGroup, match="a reason of ours"):
            alert_due(urgent, NOON)
    assert subjects(urgent) == []
    assert alert_due(urgent, NOON + MINUTE) == 1


def test_a_reader_whose_mail_cannot_be_written_keeps_nobody_from_theirs(
    urgent: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = urgent.config.recipients[0]
    readers = (replace(first, id="broken"), first)
    both = replace(urgent, config=replace(urgent.config, recipients=readers))
    record(both, entry(0))
    whole = alerts.mailed

    def mailed(connection: Connection, numbers: Sequence[int], message_id: str) -> None:
        whole(connection, numbers, message_id)
        if (
            next(one for one in alerts.since(connection, BEFORE) if one.id == numbers[0]).recipient_id
            == "broken"
        ):
            raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(alerts, "mailed", mailed)
        for at in (NOON, NOON + MINUTE):
            with pytest.raises(ExceptionGroup, match="a reason of ours"):
                alert_due(both, at)
            assert alert_due(both, at + MINUTE / 2) == 0  # tried again every minute
    assert len(subjects(both)) == 1
    with reading(both.engine) as connection:
        kept = connection.execute(select(func.count(assessments.c.as_of.distinct()))).scalar_one()
    assert kept == 1
    assert alert_due(both, NOON + 2 * MINUTE) == 1
    assert len(subjects(both)) == 2


def test_a_second_story_within_the_cool_down_waits_and_then_leaves(urgent: Context) -> None:
    record(urgent, entry(0))
    assert alert_due(urgent, NOON) == 1
    record(urgent, entry(1), at=NOON + MINUTE)
    assert alert_due(urgent, NOON + MINUTE) == 0
    assert [state for _, state in states(urgent)] == ["sent", "cooling"]
    assert alert_due(urgent, NOON + timedelta(hours=4, minutes=1)) == 1
    assert [state for _, state in states(urgent)] == ["sent", "sent"]


def test_what_is_old_when_it_comes_is_not_urgent(urgent: Context) -> None:
    record(urgent, entry(0, at=NOON - timedelta(days=2)))
    assert alert_due(urgent, NOON) == 0


def test_a_rise_to_elevated_is_mailed_with_what_caused_it(context: Context) -> None:
    steep = replace(context, method=replace(context.method, thresholds=(1.0, 2.0, 3.0, 99.0)))
    assess(steep, BEFORE)
    record(steep, entry(0), entry(1), entry(2))
    assert alert_due(steep, NOON) == 1
    (subject,) = subjects(steep)
    assert "URGENT: Defense up to Elevated" in subject


def test_a_silence_holds_it_back_and_the_digest_says_so(urgent: Context) -> None:
    with writing(urgent.engine) as connection:
        alerts.add_silence(
            connection,
            subject="defense",
            owner="ann",
            reason="yearly drill",
            at=NOON,
            until=NOON + timedelta(days=1),
        )
    record(urgent, entry(0))
    assert alert_due(urgent, NOON) == 0
    digest = compose_now(urgent, urgent.config.recipients[0], NOON + MINUTE)
    held = " ".join(digest.held_back)
    assert "silenced by ann until 2026-11-24 12:00Z: yearly drill" in held
    assert [d.indicator_id for d in digest.developments if d.is_new] == ["defense.patrol"]


def test_an_acknowledgement_is_told_in_the_next_digest(urgent: Context) -> None:
    record(urgent, entry(0))
    alert_due(urgent, NOON)
    with writing(urgent.engine) as connection:
        (alert,) = alerts.since(connection, NOON - MINUTE)
        alerts.acknowledge(connection, alert.id, by="ann", at=NOON)
    digest = compose_now(urgent, urgent.config.recipients[0], NOON + MINUTE)
    assert any("acknowledged by ann" in line for line in digest.held_back)


def test_looks_that_find_nothing_store_nothing(urgent: Context) -> None:
    record(urgent, entry(0))
    alert_due(urgent, NOON)
    record(urgent, entry(1), at=NOON + MINUTE)
    alert_due(urgent, NOON + MINUTE)
    assert [state for _, state in states(urgent)] == ["sent", "cooling"]
    before = assessments_stored(urgent)
    for tick in range(60):
        assert alert_due(urgent, NOON + 2 * MINUTE + tick * timedelta(seconds=5)) == 0
    assert assessments_stored(urgent) == before


def assessments_stored(context: Context) -> int:
    with reading(context.engine) as connection:
        return connection.execute(select(func.count()).select_from(assessments)).scalar_one()


def test_what_leaves_together_is_one_mail_that_says_how_many(urgent: Context) -> None:
    record(urgent, *(entry(number) for number in range(3)))
    assert alert_due(urgent, NOON) == 1
    assert [state for _, state in states(urgent)] == ["sent"] * 3
    assert "(3 stories)" in subjects(urgent)[0]


def test_what_a_new_feed_holds_is_not_urgent_and_what_follows_is(urgent: Context) -> None:
    with reading(urgent.engine) as connection:
        ribao = next(s for s in feeds.all_states(connection) if s.feed.id == "ribao")
    held = replace(entry(0), feed_id="ribao")
    record_poll(urgent, ribao, Fetched(outcome=Outcome.OK, entries=(held,)), NOON, 0.0)
    assert alert_due(urgent, NOON) == 0
    assert states(urgent) == []
    fresh = replace(entry(1), feed_id="ribao")
    record_poll(urgent, ribao, Fetched(outcome=Outcome.OK, entries=(held, fresh)), NOON + MINUTE, 0.0)
    assert alert_due(urgent, NOON + MINUTE) == 1


def test_what_later_rules_find_in_old_entries_is_not_urgent(urgent: Context) -> None:
    record(urgent, entry(0))
    with writing(urgent.engine) as connection:
        connection.execute(update(signals).values(is_retro=True))
    assert alert_due(urgent, NOON) == 0


def test_a_silence_that_ended_holds_nothing_back(urgent: Context) -> None:
    with writing(urgent.engine) as connection:
        alerts.add_silence(
            connection, subject="defense", owner="ann", reason="drill", at=NOON, until=NOON + HOUR
        )
    record(urgent, entry(0))
    assert alert_due(urgent, NOON) == 0
    record(urgent, entry(1, at=NOON + HOUR), at=NOON + HOUR)
    assert alert_due(urgent, NOON + HOUR) == 1
    assert [state for _, state in states(urgent)] == ["silenced", "sent"]


def test_a_storm_holds_the_rest_until_it_leaves_in_one_mail(urgent: Context) -> None:
    calm = replace(urgent.config.alerts, cool_down=timedelta(0), most_per_hour=1)
    few = replace(urgent, config=replace(urgent.config, alerts=calm))
    record(few, entry(0))
    assert alert_due(few, NOON) == 1
    record(few, entry(1), entry(2), at=NOON + MINUTE)
    assert alert_due(few, NOON + MINUTE) == 0
    assert [state for _, state in states(few)] == ["sent", "storm", "storm"]
    assert alert_due(few, NOON + HOUR + MINUTE) == 1
    assert "(2 stories)" in subjects(few)[-1]
    assert [state for _, state in states(few)] == ["sent"] * 3


def test_a_level_seen_for_the_first_time_has_not_risen(context: Context) -> None:
    steep = replace(context, method=replace(context.method, thresholds=(1.0, 2.0, 3.0, 99.0)))
    record(steep, entry(0), entry(1), entry(2))
    assert alert_due(steep, NOON) == 0


def test_a_fall_from_marked_to_elevated_is_no_rise(context: Context) -> None:
    low = replace(context, method=replace(context.method, thresholds=(0.1, 0.2, 0.3, 0.4), hysteresis=0.0))
    record(low, entry(0), entry(1), entry(2))
    assess(low, BEFORE)
    assert alert_due(low, NOON) == 1
    assert "up to Marked" in subjects(low)[0]
    later = NOON + timedelta(days=4)
    high = replace(low, method=replace(low.method, thresholds=(0.1, 0.2, 0.3, 99.0), coverage_floor=0.0))
    record(high, an_entry(key="quiet", title="Nothing of note", summary="", link=""), at=later)
    assert assess(high, later).assessments["defense"].level is Level.ELEVATED
    with writing(high.engine) as connection:
        meta.put(connection, "alerts:newest_signal", "none yet")
    assert alert_due(high, later) == 0
    assert len(subjects(high)) == 1


def test_urgent_mail_and_digest_speak_the_recipients_language(urgent: Context, tmp_path: Path) -> None:
    title = urgent.catalog.indicators["defense.patrol"].title
    (tmp_path / "_titles").mkdir()
    (tmp_path / "_titles" / "ru.po").write_text(f'msgid "{title}"\nmsgstr "Патруль"\n', encoding="utf-8")
    reader = replace(urgent.config.recipients[0], language="ru")
    config = replace(urgent.config, recipients=(reader,), catalog_folder=tmp_path)
    russian = replace(urgent, config=config)
    record(russian, entry(0))
    assert alert_due(russian, NOON) == 1
    record(russian, entry(1), at=NOON + HOUR)
    assert alert_due(russian, NOON + HOUR) == 0
    with reading(russian.engine) as connection:
        [payload] = connection.execute(select(deliveries.c.payload)).scalars()
    mail = message_from_bytes(payload, policy=default)
    assert "СРОЧНО: Патруль" in mail["subject"]
    assert mail["content-language"] == "ru"
    digest = compose_now(russian, reader, NOON + 2 * HOUR)
    assert digest.language == "ru"
    assert "Срочного письма не было (Патруль): об этом сообщено в 12:00Z." in digest.held_back
    with reading(russian.engine) as connection:  # the log of the operator stays English
        assert [a.reason for a in alerts.since(connection, NOON) if a.reason] == ["told of it at 12:00Z"]
