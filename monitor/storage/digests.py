"""Which digests were composed, and what they said of each domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from monitor.core.cadence import records_of
from monitor.storage.schema import deliveries, digests


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDigest:
    """The last digest of a recipient: when, and level, deepening and friction of each domain."""

    composed_at: datetime
    levels: Mapping[str, list[float]]


def last_digest(connection: Connection, record: str, at: datetime) -> LastDigest | None:
    """The newest digest of a recipient's record at a time, None before the first."""
    query = (
        select(digests.c.composed_at, digests.c.levels)
        .where(digests.c.recipient_id == record, digests.c.composed_at <= at)
        .order_by(digests.c.composed_at.desc(), digests.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return LastDigest(composed_at=row.composed_at, levels=row.levels) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDigest:
    """A digest as it was composed: what it says as JSON, and the bytes that were sent."""

    recipient_id: str
    composed_at: datetime
    content: str
    payload: bytes


def composed_between(
    connection: Connection, recipient_id: str, since: datetime, until: datetime
) -> list[StoredDigest]:
    """The digests of a recipient that were composed in [since, until), oldest first."""
    query = (
        select(digests.c.recipient_id, digests.c.composed_at, digests.c.content, deliveries.c.payload)
        .join(deliveries, deliveries.c.digest_id == digests.c.id)
        .where(digests.c.recipient_id.in_(records_of(recipient_id)))
        .where(digests.c.composed_at >= since, digests.c.composed_at < until)
        .order_by(digests.c.id)
    )
    return [StoredDigest(**row) for row in connection.execute(query).mappings()]


def exists(connection: Connection, recipient_id: str, due_key: str) -> bool:
    """Has this due of the recipient a digest?"""
    query = select(digests.c.id).where(digests.c.recipient_id == recipient_id, digests.c.due_key == due_key)
    return connection.execute(query).one_or_none() is not None


def record(
    connection: Connection,
    *,
    recipient_id: str,
    due_key: str,
    due_at: datetime,
    composed_at: datetime,
    since_at: datetime | None,
    subject: str,
    levels: Mapping[str, list[float]],
    content: str = "",
) -> int:
    """Store a digest and give its id; a due has one, so a second one is refused by the database."""
    statement = (
        insert(digests)
        .values(
            recipient_id=recipient_id,
            due_key=due_key,
            due_at=due_at,
            composed_at=composed_at,
            since_at=since_at,
            subject=subject,
            levels=dict(levels),
            content=content,
        )
        .returning(digests.c.id)
    )
    number: int = connection.execute(statement).scalar_one()
    return number
