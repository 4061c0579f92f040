"""Stored entries as a stream: what rules are measured on again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from monitor.storage.schema import entries, feeds

BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEntry:
    """A stored entry with what a score asks of its feed."""

    id: int
    revision: int
    title: str
    summary: str
    link: str
    language: str
    effective_at: datetime
    feed_id: str
    feed_title: str
    family: str
    party: str | None
    reliability: str


def count_between(connection: Connection, since: datetime, until: datetime) -> int:
    """How many entries took effect in (since, until]."""
    query = select(func.count()).where(entries.c.effective_at > since, entries.c.effective_at <= until)
    return connection.execute(query).scalar_one()


def entries_between(connection: Connection, since: datetime, until: datetime) -> Iterator[ArchivedEntry]:
    """The entries that took effect in (since, until], in order of id, never all in memory."""
    query = (
        select(
            entries.c.id,
            entries.c.revision,
            entries.c.title,
            entries.c.summary,
            entries.c.link,
            entries.c.language,
            entries.c.effective_at,
            entries.c.feed_id,
            feeds.c.title.label("feed_title"),
            feeds.c.family,
            feeds.c.party,
            feeds.c.reliability,
        )
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(entries.c.effective_at > since, entries.c.effective_at <= until)
        .order_by(entries.c.id)
        .limit(BATCH)
    )
    last = 0
    while rows := connection.execute(query.where(entries.c.id > last)).mappings().all():
        yield from (ArchivedEntry(**row) for row in rows)
        last = rows[-1]["id"]
