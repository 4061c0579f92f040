"""Forgetting what is too old to matter, a little at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, delete, func, select, tuple_, type_coerce

from monitor.failpoints import failpoint
from monitor.storage.schema import assessments, entries, signals, tombstones
from monitor.storage.upsert import insert_new

BATCH = 1000
EVERY_ASSESSMENT_FOR = timedelta(days=30)


def prune(connection: Connection, *, before: datetime, at: datetime) -> int:
    """Remove up to a thousand entries older than `before` that raised no signal; how many went.

    Their identities stay: a feed that still lists one must not make it news.
    Entries with signals are evidence and stay.
    """
    query = (
        select(entries.c.id, entries.c.feed_id, entries.c.key)
        .outerjoin(signals, signals.c.entry_id == entries.c.id)
        .where(entries.c.first_seen_at < before, signals.c.id.is_(None))
        .order_by(entries.c.first_seen_at)
        .limit(BATCH)
    )
    old = connection.execute(query).all()
    insert_new(connection, tombstones, [{"feed_id": row.feed_id, "key": row.key} for row in old])
    failpoint("prune.mid")
    connection.execute(delete(entries).where(entries.c.id.in_([row.id for row in old])))
    return len(old)


def thin(connection: Connection, at: datetime) -> int:
    """Keep of old assessments one a UTC day and domain, the last; how many went."""
    table = assessments
    old = table.c.as_of < at - EVERY_ASSESSMENT_FOR
    if connection.dialect.name == "sqlite":
        day: ColumnElement[Any] = type_coerce(table.c.as_of, BigInteger) // (86_400 * 1_000_000)
    else:
        day = func.date_trunc("day", table.c.as_of, "UTC")
    last = select(table.c.domain, func.max(table.c.as_of)).where(old).group_by(table.c.domain, day)
    return connection.execute(
        delete(table).where(old, tuple_(table.c.domain, table.c.as_of).not_in(last))
    ).rowcount
