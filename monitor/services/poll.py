"""Poll: fetch, parse, classify, match and record; everything of one poll commits together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.core.changes import Change, classify, fingerprint, is_key_reused, rekeyed
from monitor.core.health import wait_after_failure, wait_after_success
from monitor.core.model import Entry, FeedState, Fetched
from monitor.core.outcome import Outcome
from monitor.errors import SourceError, StorageError
from monitor.failpoints import failpoint
from monitor.rules.language import guess_language
from monitor.services.context import Context
from monitor.services.match import signal_rows
from monitor.storage import entries, feeds, signals
from monitor.storage.engine import reading, writing

# A hundred thousand feeds may be due; in memory are so many of one call, read so many at a time, and no
# call begins while so many of earlier ones wait for slow servers.
IN_HAND, BATCH, MOST_IN_FLIGHT = 1_000, 500, 4_000
CALL_LASTS = timedelta(hours=1)

Clock = Callable[[], datetime]
Jitter = Callable[[], float]  # 0 to 1
# A feed's state in, what the feed holds now out; raises SourceError.
Source = Callable[[FeedState], Awaitable[Fetched]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What one poll of one feed brought."""

    feed_id: str
    outcome: Outcome
    new: int = 0
    edited: int = 0
    signals: int = 0
    skipped: int = 0
    detail: str = ""


async def poll_due(
    context: Context,
    source: Source,
    *,
    now: Clock,
    jitter: Jitter,
    writer: Executor,
    in_flight: set[str],
    on_report: Callable[[PollReport], None] = lambda report: None,
) -> list[PollReport]:
    """Poll every feed that is due and not in flight; one feed's failure costs only itself.

    `writer` is where matching and storing happen, one poll at a time, so that a
    slow disk never holds up the network. However many feeds are due, only some
    are in hand at a time.
    """
    at = now()  # what falls due meanwhile is the next call's
    reports: list[PollReport] = []
    failed: dict[str, BaseException] = {}
    tasks: set[asyncio.Task[None]] = set()
    room = asyncio.Semaphore(IN_HAND)

    async def one(state: FeedState) -> None:
        try:
            reports.append(await _poll_one(context, source, state, now, jitter, writer))
            on_report(reports[-1])
        finally:
            in_flight.discard(state.feed.id)

    def ended(task: asyncio.Task[None]) -> None:
        room.release()
        tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            failed[task.get_name()] = error

    try:
        # Of a call that lasts for hours, what it polled itself would look like polled in the future.
        while (
            len(in_flight) < MOST_IN_FLIGHT
            and now() - at < CALL_LASTS
            and (due := _due(context, at, in_flight | failed.keys()))
        ):
            in_flight.update(state.feed.id for state in due)
            for state in due:
                await room.acquire()
                task = asyncio.create_task(one(state), name=state.feed.id)
                task.add_done_callback(ended)
                tasks.add(task)
        while tasks:
            await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if unexpected := [error for error in failed.values() if isinstance(error, Exception)]:
        raise ExceptionGroup("polls that failed for a reason of ours", unexpected)
    return reports


def _due(context: Context, at: datetime, but: Set[str]) -> list[FeedState]:
    """Some feeds that are due, longest due first, without those to be left out."""
    with reading(context.engine) as connection:
        found = feeds.due_feeds(connection, at, limit=BATCH + len(but))
    return [state for state in found if state.feed.id not in but][:BATCH]


async def _poll_one(
    context: Context, source: Source, state: FeedState, now: Clock, jitter: Jitter, writer: Executor
) -> PollReport:
    loop = asyncio.get_running_loop()

    async def failed(error: SourceError) -> PollReport:
        return await loop.run_in_executor(
            writer, lambda: record_failure(context, state, error, now(), jitter())
        )

    try:
        fetched = await source(state)
        # The time is that of the writing: an assessment that goes first must not be of a later time.
        return await loop.run_in_executor(
            writer, lambda: record_poll(context, state, fetched, now(), jitter())
        )
    except SourceError as error:
        return await failed(error)
    except StorageError:
        raise  # no feed's trouble
    except Exception:
        # A fault of ours. Until it is mended this feed waits as if the fault were its own.
        await failed(SourceError(Outcome.OUR_ERROR, "an error of this program, which its log holds"))
        raise


def record_failure(
    context: Context, state: FeedState, error: SourceError, at: datetime, jitter: float
) -> PollReport:
    """Store why a poll failed and when to try again; what the feed brought before stays as it is."""
    wait = wait_after_failure(
        error.outcome, state.failures + 1, error.retry_after, context.poll_limits, jitter
    )
    with writing(context.engine) as connection:
        feeds.record_failure(
            connection, state.feed.id, error.outcome, error.detail, at=at, next_poll_at=at + wait
        )
    return PollReport(feed_id=state.feed.id, outcome=error.outcome, detail=error.detail)


def record_poll(
    context: Context, state: FeedState, fetched: Fetched, at: datetime, jitter: float
) -> PollReport:
    """Store the entries, signals, validators and state of one poll in one transaction.

    The validators go with the entries: stored apart, a crash between the two
    would hide the entries behind a 304 for ever.
    """
    wait = wait_after_success(state.feed.expected_every, fetched.min_wait, context.poll_limits, jitter)
    with writing(context.engine) as connection:
        failpoint("ingest.begin")
        entered = [_with_language(entry) for entry in fetched.entries]
        changed = _store_changed(connection, state.feed.id, entered, at)
        found = _store_signals(connection, context, changed, at)
        feeds.record_success(
            connection,
            state.feed.id,
            fetched,
            at=at,
            next_poll_at=at + wait,
            newest_entry_at=newest(fetched.entries, changed, at),
            stored=sum(item.change is Change.NEW for item in changed),
        )
        if changed:  # else nothing would be lost
            failpoint("ingest.before_commit")
    failpoint("ingest.after_commit")
    return PollReport(
        feed_id=state.feed.id,
        outcome=fetched.outcome,
        new=sum(item.change is Change.NEW for item in changed),
        edited=sum(item.change is Change.EDITED for item in changed),
        signals=found,
        skipped=fetched.skipped,
        detail=fetched.detail,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """An entry whose text we did not have, as stored."""

    entry: Entry
    entry_id: int
    revision: int
    change: Change


def _store_changed(
    connection: Connection, feed_id: str, found: Sequence[Entry], at: datetime
) -> list[Changed]:
    """Store what is new or edited, and give just that."""
    asked = {entry.key for entry in found}
    known = entries.known(connection, feed_id, asked)
    found = _own_keys(found, known)
    # Hardly ever: only keys that were given just now have not been asked for.
    if own := {entry.key for entry in found} - asked:
        known |= entries.known(connection, feed_id, own)
    new: list[tuple[Entry, str]] = []
    changed: list[Changed] = []
    for entry in found:
        before, mark = known.get(entry.key), fingerprint(entry)
        if before is not None and before.id is None:
            continue  # pruned: it was news once
        match classify(mark, before.fingerprint if before else None):
            case Change.NEW:
                new.append((entry, mark))
            case Change.EDITED if before is not None and before.id is not None:
                revision = entries.store_edit(connection, before, entry, mark, at=at)
                if revision is not None:
                    changed.append(
                        Changed(entry=entry, entry_id=before.id, revision=revision, change=Change.EDITED)
                    )
    ids = entries.store_new(connection, feed_id, new, at=at)
    changed += [
        Changed(entry=entry, entry_id=ids[entry.key], revision=1, change=Change.NEW) for entry, _ in new
    ]
    return changed


def _with_language(entry: Entry) -> Entry:
    """The entry with a guess where neither its feed nor itself says its language."""
    if entry.language != "und":
        return entry
    return replace(entry, language=guess_language(f"{entry.title}\n{entry.summary}"))


def _own_keys(found: Sequence[Entry], known: Mapping[str, entries.Known]) -> list[Entry]:
    """Give an entry a key of its own where its publisher used a key of ours for another story."""
    return [
        rekeyed(entry)
        if (before := known.get(entry.key))
        and before.id is not None
        and is_key_reused(entry, title=before.title, link=before.link)
        else entry
        for entry in found
    ]


def _store_signals(connection: Connection, context: Context, changed: Sequence[Changed], at: datetime) -> int:
    """Match changed entries and store what is found; an edit raises only indicators that it had not."""
    had = signals.indicators_of(connection, [c.entry_id for c in changed if c.change is Change.EDITED])
    rows = []
    for item in changed:
        # What an edit adds is as old as the edit, not as the entry.
        since = at if item.change is Change.EDITED else min(item.entry.published_at or at, at)
        rows += signal_rows(
            context,
            item.entry.title,
            item.entry.summary,
            entry_id=item.entry_id,
            revision=item.revision,
            had=had,
            effective_at=since,
            at=at,
        )
    signals.store(connection, rows)
    return len(rows)


def newest(found: Iterable[Entry], changed: Sequence[Changed], at: datetime) -> datetime | None:
    """When the newest entry was published, a date in the future counting as now.

    A feed without dates is as fresh as the last entry that it brought.
    """
    dates = [min(entry.published_at, at) for entry in found if entry.published_at]
    if not dates and any(item.change is Change.NEW for item in changed):
        return at
    return max(dates, default=None)
