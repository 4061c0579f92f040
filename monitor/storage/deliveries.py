"""The outbox: frozen bytes under one Message-ID, claimed by one process at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from monitor.core.model import Delivery, Message
from monitor.storage.schema import deliveries

# An SMTP server may take ten minutes to answer; a claim older than this was left by a dead process.
ABANDONED_AFTER = timedelta(minutes=15)


def enqueue(connection: Connection, message: Message, *, digest_id: int | None, at: datetime) -> None:
    """Put a message into the outbox, due at once."""
    connection.execute(
        insert(deliveries).values(
            digest_id=digest_id,
            recipient=message.recipient,
            message_id=message.message_id,
            subject=message.subject,
            payload=message.payload,
            next_attempt_at=at,
            created_at=at,
        )
    )


def claim_next(connection: Connection, at: datetime, *, by: str) -> Delivery | None:
    """Claim the message that has been due longest, None when none is due.

    A claim that was abandoned is taken over: the same bytes leave under the
    same Message-ID, so that at worst a copy arrives that mail systems can fold.
    """
    table = deliveries
    due = and_(table.c.state == "pending", table.c.next_attempt_at <= at)
    abandoned = and_(table.c.state == "claimed", table.c.claimed_at < at - ABANDONED_AFTER)
    query = (
        select(table)
        .where(or_(due, abandoned))
        .order_by(table.c.next_attempt_at, table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    connection.execute(
        update(table)
        .where(table.c.id == row.id)
        .values(state="claimed", claimed_at=at, claimed_by=by, attempts=row.attempts + 1)
    )
    message = Message(
        recipient=row.recipient, message_id=row.message_id, subject=row.subject, payload=row.payload
    )
    return Delivery(id=row.id, message=message, attempts=row.attempts + 1)


def settle_sent(connection: Connection, delivery_id: int, *, at: datetime) -> None:
    """Note that the message was handed over; that stays true whoever holds the claim by now."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id)
        .values(state="sent", sent_at=at, last_error="")
    )


def settle_retry(connection: Connection, delivery_id: int, *, next_attempt_at: datetime, error: str) -> None:
    """Put the message back, with when to try again and why it did not leave."""
    _give_up(connection, delivery_id, state="pending", next_attempt_at=next_attempt_at, last_error=error)


def settle_failed(connection: Connection, delivery_id: int, *, error: str) -> None:
    """Note that the message was refused for good; it stays for the operator to see."""
    _give_up(connection, delivery_id, state="failed", last_error=error)


def _give_up(connection: Connection, delivery_id: int, **values: object) -> None:
    # Claimed only: a process that slept through its claim must not bring back what another one sent.
    held = and_(deliveries.c.id == delivery_id, deliveries.c.state == "claimed")
    connection.execute(update(deliveries).where(held).values(**values))


def counts(connection: Connection) -> dict[str, int]:
    """How many messages are in each state."""
    query = select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state)
    return {row.state: row.number for row in connection.execute(query)}


def oldest_unsent(connection: Connection) -> tuple[datetime, str] | None:
    """Since when the oldest message waits, and its last error; None when none waits."""
    query = (
        select(deliveries.c.created_at, deliveries.c.last_error)
        .where(deliveries.c.state.in_(("pending", "claimed")))
        .order_by(deliveries.c.created_at)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return (row.created_at, row.last_error) if row else None
