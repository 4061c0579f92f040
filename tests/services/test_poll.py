from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from monitor.core.model import Entry, FeedState, Fetched, Validators
from monitor.core.outcome import Outcome
from monitor.errors import FetchError, StorageError
from monitor.services.context import Context
from monitor.services.poll import IN_HAND, MOST_IN_FLIGHT, PollReport, Source, poll_due, record_poll
from monitor.sources.feed import parse
from monitor.storage import entries, feeds, schema, signals
from monitor.storage.engine import reading, writing
from monitor.storage.retention import prune
from tests.core.builders import NOON, a_feed, an_entry
from tests.services.conftest import holding

PATROL = an_entry(title="Russia and China begin a patrol", summary="")
DULL = an_entry(key="wire-2", title="Library reopens", summary="")


async def polled(context: Context, source: Source, at: datetime = NOON) -> list[PollReport]:
    with ThreadPoolExecutor(max_workers=1) as writer:
        return await poll_due(
            context, source, now=lambda: at, jitter=lambda: 0.0, writer=writer, in_flight=set()
        )


def a_fetch(*found: Entry, **given: object) -> Fetched:
    values: dict[str, object] = {
        "outcome": Outcome.OK,
        "entries": found,
        "validators": Validators(etag='"1"'),
        "body_hash": "h",
    }
    return Fetched(**(values | given))  # type: ignore[arg-type]


def state_of(context: Context, feed_id: str = "wire") -> FeedState:
    with reading(context.engine) as connection:
        return next(s for s in feeds.all_states(connection) if s.feed.id == feed_id)


def record(
    context: Context, found: Sequence[Entry], at: datetime = NOON, feed_id: str = "wire"
) -> PollReport:
    return record_poll(context, state_of(context, feed_id), a_fetch(*found), at, 0.0)


def signals_of(context: Context) -> list[tuple[str, str, int]]:
    with reading(context.engine) as connection:
        found = signals.signals_between(connection, NOON - timedelta(days=99), NOON + timedelta(days=99))
        return [(s.indicator_id, s.title, s.revision) for s in found]


async def test_entries_signals_and_validators_of_a_poll_are_stored(context: Context) -> None:
    reports = await polled(context, holding(a_fetch(PATROL, DULL)))
    assert {(r.feed_id, r.new, r.signals) for r in reports} == {("wire", 2, 1), ("ribao", 2, 1)}
    state = state_of(context)
    assert state.validators.etag == '"1"'
    assert state.next_poll_at == NOON + timedelta(hours=1.5)
    assert state.newest_entry_at == NOON


async def test_nothing_is_polled_before_its_time(context: Context) -> None:
    await polled(context, holding(a_fetch(PATROL)))
    assert await polled(context, holding(a_fetch(PATROL)), NOON + timedelta(hours=1)) == []
    assert len(await polled(context, holding(a_fetch(PATROL)), NOON + timedelta(hours=2))) == 2


async def test_a_feed_in_flight_is_left_alone(context: Context) -> None:
    with ThreadPoolExecutor(max_workers=1) as writer:
        in_flight = {"wire"}
        reports = await poll_due(
            context,
            holding(a_fetch()),
            now=lambda: NOON,
            jitter=lambda: 0.0,
            writer=writer,
            in_flight=in_flight,
        )
    assert [r.feed_id for r in reports] == ["ribao"]
    assert in_flight == {"wire"}


async def test_however_many_feeds_are_due_each_is_polled_once_and_few_are_in_hand(context: Context) -> None:
    many = [a_feed(id=f"f{number}") for number in range(IN_HAND + 3)]
    with writing(context.engine) as connection:
        feeds.sync_feeds(connection, many, at=NOON)
    in_hand = most = 0

    async def source(state: FeedState) -> Fetched:
        nonlocal in_hand, most
        in_hand += 1
        most = max(most, in_hand)
        await asyncio.sleep(0)
        in_hand -= 1
        if state.feed.id in ("f3", f"f{IN_HAND + 1}"):
            raise RuntimeError("a bug")
        return Fetched(outcome=Outcome.NOT_MODIFIED)

    seen: list[str] = []
    with (
        ThreadPoolExecutor(max_workers=1) as writer,
        pytest.raises(ExceptionGroup, match="a reason of ours") as caught,
    ):
        await poll_due(
            context,
            source,
            # Hours pass meanwhile: what was polled then is not taken for put off by a wrong clock.
            now=lambda: NOON + timedelta(hours=3) if most else NOON,
            jitter=lambda: 0.0,
            writer=writer,
            in_flight=set(),
            on_report=lambda report: seen.append(report.feed_id),
        )
    assert len(caught.value.exceptions) == 2
    assert sorted(seen) == sorted({f.id for f in many} - {"f3", f"f{IN_HAND + 1}"})
    assert most <= IN_HAND


async def test_no_more_are_begun_while_thousands_wait_for_slow_servers(context: Context) -> None:
    with ThreadPoolExecutor(max_workers=1) as writer:
        waiting = {f"slow{number}" for number in range(MOST_IN_FLIGHT)}
        reports = await poll_due(
            context,
            holding(a_fetch()),
            now=lambda: NOON,
            jitter=lambda: 0.0,
            writer=writer,
            in_flight=waiting,
        )
    assert reports == []


async def test_polls_that_are_cut_short_leave_nothing_running(context: Context) -> None:
    begun = asyncio.Event()

    async def source(state: FeedState) -> Fetched:
        begun.set()
        await asyncio.sleep(60)
        raise AssertionError("not cut short")

    in_flight: set[str] = set()
    with ThreadPoolExecutor(max_workers=1) as writer:
        polls = asyncio.ensure_future(
            poll_due(
                context, source, now=lambda: NOON, jitter=lambda: 0.0, writer=writer, in_flight=in_flight
            )
        )
        await begun.wait()
        polls.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polls
    assert in_flight == set()


async def test_one_feeds_failure_costs_only_itself(context: Context) -> None:
    async def source(state: FeedState) -> Fetched:
        if state.feed.id == "wire":
            raise FetchError(Outcome.TIMEOUT, "30 s", retry_after=timedelta(hours=3))
        return a_fetch(PATROL)

    reports = {r.feed_id: r for r in await polled(context, source)}
    assert reports["wire"].outcome is Outcome.TIMEOUT
    assert reports["ribao"].new == 1
    state = state_of(context)
    assert (state.failures, state.detail, state.next_poll_at) == (1, "30 s", NOON + timedelta(hours=3))


async def test_an_error_of_ours_in_one_poll_does_not_stop_the_others(context: Context) -> None:
    async def source(state: FeedState) -> Fetched:
        if state.feed.id == "wire":
            raise RuntimeError("a bug")
        return a_fetch(PATROL)

    with pytest.raises(ExceptionGroup, match="a reason of ours"):
        await polled(context, source)
    assert state_of(context, "ribao").succeeded_at == NOON
    state = state_of(context, "wire")
    assert (state.outcome, state.failures) == (Outcome.OUR_ERROR, 1)
    assert state.next_poll_at is not None
    assert state.next_poll_at > NOON


async def test_what_cannot_be_stored_for_a_fault_of_ours_is_put_off_and_not_called_polled(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise KeyError("a bug")

    monkeypatch.setattr("monitor.services.poll._store_signals", broken)
    with pytest.raises(ExceptionGroup, match="a reason of ours"):
        await polled(context, holding(a_fetch(PATROL)))
    state = state_of(context, "wire")
    assert (state.outcome, state.failures, state.entries_stored) == (Outcome.OUR_ERROR, 1, 0)
    assert state.validators.etag == ""


async def test_trouble_of_the_database_is_no_failure_of_a_feed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> int:
        raise StorageError("database is locked")

    monkeypatch.setattr("monitor.services.poll._store_signals", locked)
    with pytest.raises(ExceptionGroup):
        await polled(context, holding(a_fetch(PATROL)))
    assert state_of(context, "wire").failures == 0


async def test_a_failed_poll_keeps_what_there_was(context: Context) -> None:
    await polled(context, holding(a_fetch(PATROL)))
    await polled(context, holding(FetchError(Outcome.NOT_A_FEED)), NOON + timedelta(days=1))
    state = state_of(context)
    assert (state.validators.etag, state.succeeded_at, state.entries_stored) == ('"1"', NOON, 1)


def test_an_entry_seen_again_is_no_news(context: Context) -> None:
    assert record(context, [PATROL]).new == 1
    again = record(context, [PATROL])
    assert (again.new, again.edited, again.signals) == (0, 0, 0)


def test_an_edit_makes_a_revision_and_no_second_signal(context: Context) -> None:
    record(context, [PATROL])
    edited = record(context, [replace(PATROL, title="Russia and China begin a second patrol")])
    assert (edited.new, edited.edited, edited.signals) == (0, 1, 0)
    assert signals_of(context) == [("defense.patrol", PATROL.title, 1)]


def test_an_edit_that_adds_an_event_raises_its_signal(context: Context) -> None:
    record(context, [DULL])
    later = NOON + timedelta(hours=5)
    record(context, [replace(DULL, title="Russia and China quarrel")], later)
    assert signals_of(context) == [("economy.quarrel", "Russia and China quarrel", 2)]
    with reading(context.engine) as connection:
        (signal,) = signals.signals_between(connection, NOON, later)
    assert signal.effective_at == later


def test_an_id_reused_for_another_story_is_another_entry(context: Context) -> None:
    record(context, [PATROL])
    other = replace(PATROL, title="Russia and China quarrel", link="https://wire.example.org/2")
    assert record(context, [other]).new == 1
    assert record(context, [other]).new == 0
    assert len(signals_of(context)) == 2


def test_what_was_pruned_does_not_come_back(context: Context) -> None:
    record(context, [DULL])
    with writing(context.engine) as connection:
        assert prune(connection, before=NOON + timedelta(days=1), at=NOON) == 1
    assert record(context, [DULL]).new == 0


def test_entries_that_vanish_return_or_change_places_are_no_news(context: Context) -> None:
    assert record(context, [PATROL, DULL]).new == 2
    for found in ([DULL], [], [DULL, PATROL], [PATROL]):
        report = record(context, found, NOON + timedelta(days=1))
        assert (report.new, report.edited, report.signals) == (0, 0, 0)
    assert len(signals_of(context)) == 1


def test_what_was_pruned_stays_so_even_when_it_is_edited_and_only_in_its_own_feed(context: Context) -> None:
    record(context, [DULL])
    with writing(context.engine) as connection:
        prune(connection, before=NOON + timedelta(days=1), at=NOON)
    edited = replace(DULL, title="Russia and China begin a patrol")
    assert record(context, [edited]).new == 0
    assert signals_of(context) == []
    assert record(context, [DULL], feed_id="ribao").new == 1


@pytest.mark.parametrize(
    "title",
    [
        b"A\x00B", b"\xed\xa0\x80\xed\xb0\x80", b"&#0;&#xD800;&#x110000;", b"\x1b[31mred", b"\xff\xfe\xff",
        "\u202eevil\u2066".encode(), "\U0001f6f0 \U00020000".encode(), "\ufeff\u200bzero".encode(),
        b"%s {0} \\", b"'; DROP TABLE entries; --", "e\u0301 \u00e9".encode(), b"=cmd()",
    ],
)  # fmt: skip
def test_whatever_a_feed_says_every_database_holds_just_that(context: Context, title: bytes) -> None:
    body = b"<rss><channel><item><guid>1</guid><title>x" + title + b"</title></item></channel></rss>"
    found = parse(body, feed=a_feed()).entries
    assert record(context, found).new == 1
    with reading(context.engine) as connection:
        (row,) = connection.execute(select(schema.entries))
    assert [(row.key, row.title, row.summary)] == [(e.key, e.title, e.summary) for e in found]
    assert record(context, found).edited == 0


@pytest.mark.parametrize("year", [1970, 2025, 2026, 2099])
def test_no_entry_is_dated_into_the_future(context: Context, year: int) -> None:
    said = NOON.replace(year=year)
    record(context, [replace(PATROL, published_at=said)])
    with reading(context.engine) as connection:
        (row,) = connection.execute(select(schema.entries))
        (signal,) = signals.signals_between(connection, NOON.replace(year=1969), NOON)
    assert row.published_at == said
    assert row.effective_at == signal.effective_at == min(said, NOON)


def test_a_feed_without_dates_is_as_fresh_as_its_last_news(context: Context) -> None:
    record(context, [replace(DULL, published_at=None)])
    later = NOON + timedelta(days=3)
    record(context, [replace(DULL, published_at=None)], later)
    assert state_of(context).newest_entry_at == NOON


def test_an_entry_that_nobody_names_the_language_of_is_guessed(context: Context) -> None:
    texts = {
        "en": "The two navies began a patrol",
        "ru": "Корабли начали патрулирование",
        "zh": "两国海军开始巡航",
    }
    record(context, [replace(DULL, key=k, title=t, language="und") for k, t in texts.items()])
    with reading(context.engine) as connection:
        assert entries.counts_by_language(connection, NOON - timedelta(days=1), NOON) == dict.fromkeys(
            texts, 1
        )


def test_a_crash_midway_leaves_nothing_behind(context: Context) -> None:
    """Entries and validators stand or fall together: else a 304 would hide the entries for ever."""
    with writing(context.engine) as connection:
        connection.execute(text("ALTER TABLE signals RENAME TO hidden"))
    with pytest.raises(Exception, match="signals"):
        record(context, [PATROL])
    with writing(context.engine) as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO signals"))
        assert entries.count(connection) == 0
    assert state_of(context).validators == Validators()
    assert record(context, [PATROL]).signals == 1
