"""Feeds and what we remember of them between polls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from monitor.core.model import Feed, FeedState, Fetched, Validators
from monitor.core.outcome import Outcome
from monitor.storage.schema import feeds
from monitor.storage.upsert import insert_new

CLOCK_WRONG_BY = timedelta(hours=2)  # less puts nothing off for long


def sync_feeds(connection: Connection, configured: Iterable[Feed], *, at: datetime) -> None:
    """Make the rows say what the configuration says.

    A feed whose address changed is asked anew, without the validators of the
    old address; one that left the configuration is kept for its entries.
    """
    known = {row["id"]: dict(row) for row in connection.execute(select(feeds)).mappings()}
    wanted = {feed.id: _as_row(feed) for feed in configured}
    new = [row | {"next_poll_at": at} for feed_id, row in wanted.items() if feed_id not in known]
    insert_new(connection, feeds, new)
    for feed_id, row in wanted.items():
        before = known.get(feed_id)
        if before is None or row.items() <= before.items():
            continue
        if row["url"] != before["url"]:
            row |= {"etag": "", "last_modified": "", "body_hash": "", "next_poll_at": at}
        connection.execute(update(feeds).where(feeds.c.id == feed_id).values(**row))
    gone = [{"gone": feed_id} for feed_id, row in known.items() if row["listed"] and feed_id not in wanted]
    if gone:
        connection.execute(update(feeds).where(feeds.c.id == bindparam("gone")).values(listed=False), gone)


def _as_row(feed: Feed) -> dict[str, object]:
    return {
        "id": feed.id,
        "title": feed.title,
        "url": feed.url,
        "language": feed.language,
        "family": feed.family,
        "party": feed.party,
        "reliability": feed.reliability,
        "domains": list(feed.domains),
        "expected_every_s": int(feed.expected_every.total_seconds()),
        "enabled": feed.enabled,
        "listed": True,
    }


def due_feeds(connection: Connection, at: datetime, *, limit: int | None = None) -> list[FeedState]:
    """The feeds to poll at a time, longest due first.

    What was polled at a time that is far ahead was put off by a clock that was wrong.
    """
    query = (
        select(feeds)
        .where(feeds.c.listed, feeds.c.enabled)
        .where(
            or_(
                feeds.c.next_poll_at.is_(None),
                feeds.c.next_poll_at <= at,
                feeds.c.polled_at > at + CLOCK_WRONG_BY,
            )
        )
        .order_by(feeds.c.next_poll_at.nulls_first(), feeds.c.id)
        .limit(limit)
    )
    return [_state(row) for row in connection.execute(query)]


def all_states(connection: Connection) -> list[FeedState]:
    """Every feed of the configuration, disabled ones too, in order of id."""
    query = select(feeds).where(feeds.c.listed).order_by(feeds.c.id)
    return [_state(row) for row in connection.execute(query)]


def record_success(
    connection: Connection,
    feed_id: str,
    fetched: Fetched,
    *,
    at: datetime,
    next_poll_at: datetime,
    newest_entry_at: datetime | None,
    stored: int,
) -> None:
    """Store the state after a poll that succeeded.

    Only an answer that was accepted whole leaves validators: after a
    truncated one the next poll must get the document again.
    """
    row = connection.execute(select(feeds).where(feeds.c.id == feed_id)).one()
    values: dict[str, object] = {
        "polled_at": at,
        "succeeded_at": at,
        "failing_since": None,
        "failures": 0,
        "outcome": fetched.outcome.value,
        "detail": fetched.detail,
        "next_poll_at": next_poll_at,
        "entries_stored": row.entries_stored + stored,
    }
    if fetched.outcome is Outcome.OK:
        values |= {
            "etag": fetched.validators.etag,
            "last_modified": fetched.validators.last_modified,
            "body_hash": fetched.body_hash,
        }
    elif fetched.outcome is Outcome.TRUNCATED:
        values |= {"etag": "", "last_modified": "", "body_hash": ""}
    if newest_entry_at and (row.newest_entry_at is None or newest_entry_at > row.newest_entry_at):
        values["newest_entry_at"] = newest_entry_at
    connection.execute(update(feeds).where(feeds.c.id == feed_id).values(**values))


def record_failure(
    connection: Connection,
    feed_id: str,
    outcome: Outcome,
    detail: str,
    *,
    at: datetime,
    next_poll_at: datetime,
) -> None:
    """Store why a poll failed; validators and what the feed brought stay as they are."""
    row = connection.execute(
        select(feeds.c.failing_since, feeds.c.failures).where(feeds.c.id == feed_id)
    ).one()
    connection.execute(
        update(feeds)
        .where(feeds.c.id == feed_id)
        .values(
            polled_at=at,
            failing_since=row.failing_since or at,
            failures=row.failures + 1,
            outcome=outcome.value,
            detail=detail,
            next_poll_at=next_poll_at,
        )
    )


def _state(row: Row[tuple[object, ...]]) -> FeedState:
    feed = Feed(
        id=row.id,
        title=row.title,
        url=row.url,
        language=row.language,
        family=row.family,
        party=row.party,
        reliability=row.reliability,
        domains=tuple(row.domains),
        expected_every=timedelta(seconds=row.expected_every_s),
        enabled=row.enabled,
    )
    return FeedState(
        feed=feed,
        validators=Validators(etag=row.etag, last_modified=row.last_modified),
        body_hash=row.body_hash,
        next_poll_at=row.next_poll_at,
        polled_at=row.polled_at,
        succeeded_at=row.succeeded_at,
        failing_since=row.failing_since,
        failures=row.failures,
        outcome=Outcome(row.outcome) if row.outcome else None,
        detail=row.detail,
        newest_entry_at=row.newest_entry_at,
        entries_stored=row.entries_stored,
    )
