"""The outbox: frozen bytes under one Message-ID, claimed by one process at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, and_, func, insert, or_, select, update

from monitor.core.model import Delivery, Message
from monitor.storage.schema import alerts, deliveries, digests

# An SMTP server may take ten minutes to answer; a claim older than this was left by a dead process.
ABANDONED_AFTER = timedelta(minutes=15)
# Nothing is put off for longer: a time beyond it was written by a clock that was wrong.
PUT_OFF_AT_MOST = timedelta(hours=2)
# "unknown": sent, and its answer got lost; it waits like a pending one, and longer.
WAITING = ("pending", "unknown")
UNSENT = (*WAITING, "claimed")


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
    """Claim the message that has been due longest, urgent ones first; None when none is due.

    A claim that was abandoned is taken over: the same bytes leave under the
    same Message-ID, so that at worst a copy arrives that mail systems can fold.
    """
    table = deliveries
    due = and_(table.c.state.in_(WAITING), _outside(table.c.next_attempt_at, at, at + PUT_OFF_AT_MOST))
    abandoned = and_(
        table.c.state == "claimed",
        _outside(table.c.claimed_at, at - ABANDONED_AFTER, at + PUT_OFF_AT_MOST, or_equal=False),
    )
    query = (
        select(table)
        .where(or_(due, abandoned))
        .order_by(table.c.digest_id.is_not(None), table.c.next_attempt_at, table.c.id)
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
    return Delivery(
        id=row.id,
        message=message,
        attempts=row.attempts + 1,
        digest_id=row.digest_id,
        was_unknown=row.state == "unknown",
    )


def _outside(
    column: Column[datetime], first: datetime, last: datetime, *, or_equal: bool = True
) -> ColumnElement[bool]:
    return or_(column <= first if or_equal else column < first, column > last)


def is_held(connection: Connection, delivery: Delivery) -> bool:
    """Is the claim still ours? A process that was stopped may wake when another one has the message."""
    query = select(deliveries.c.id).where(_held(delivery))
    return connection.execute(query).one_or_none() is not None


def settle_sent(connection: Connection, delivery_id: int, *, at: datetime) -> bool:
    """Note that the message was handed over, unless it was settled by another process.

    That is true whoever holds the claim by now, and spares a copy.
    """
    mine = and_(deliveries.c.id == delivery_id, deliveries.c.state.in_(UNSENT))
    changed = connection.execute(
        update(deliveries).where(mine).values(state="sent", sent_at=at, last_error="")
    )
    return changed.rowcount == 1


def settle_retry(
    connection: Connection,
    delivery: Delivery,
    *,
    next_attempt_at: datetime,
    error: str,
    state: str = "pending",
) -> bool:
    """Put the message back, with when to try again and why it did not leave; False where the claim was lost.

    The state is "unknown" where it may have left all the same.
    """
    return _settle(connection, delivery, state=state, next_attempt_at=next_attempt_at, last_error=error)


def settle_failed(connection: Connection, delivery: Delivery, *, error: str) -> bool:
    """Note that the message was refused for good; it stays for the operator to see."""
    return _settle(connection, delivery, state="failed", last_error=error)


def settle_cancelled(connection: Connection, delivery: Delivery, *, reason: str) -> bool:
    """Note that nobody wants the message any more; it is never sent."""
    return _settle(connection, delivery, state="cancelled", last_error=reason)


def put_back(connection: Connection, delivery_ids: Collection[int], *, next_attempt_at: datetime) -> None:
    """Let messages wait again that were refused for good."""
    refused = and_(deliveries.c.id.in_(delivery_ids), deliveries.c.state == "failed")
    connection.execute(
        update(deliveries).where(refused).values(state="pending", next_attempt_at=next_attempt_at)
    )


def _settle(connection: Connection, delivery: Delivery, **values: object) -> bool:
    return connection.execute(update(deliveries).where(_held(delivery)).values(**values)).rowcount == 1


def _held(delivery: Delivery) -> ColumnElement[bool]:
    # Every claim raises the number of attempts: with another number the claim is somebody else's.
    return and_(
        deliveries.c.id == delivery.id,
        deliveries.c.state == "claimed",
        deliveries.c.attempts == delivery.attempts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A message that was refused for good, and why."""

    id: int
    recipient: str
    subject: str
    created_at: datetime
    error: str


def refused_since(connection: Connection, since: datetime) -> list[Refused]:
    """The messages written after a time that were refused for good, newest first."""
    wanted = and_(deliveries.c.state == "failed", deliveries.c.created_at > since)
    query = select(deliveries).where(wanted).order_by(deliveries.c.id.desc())
    return [
        Refused(
            id=row.id,
            recipient=row.recipient,
            subject=row.subject,
            created_at=row.created_at,
            error=row.last_error,
        )
        for row in connection.execute(query)
    ]


def refused_between(connection: Connection, since: datetime, until: datetime) -> str:
    """To whom a message was last refused for good between two times, and why; "" when none was."""
    tried = deliveries.c.claimed_at
    wanted = and_(deliveries.c.state == "failed", tried > since, tried <= until)
    row = connection.execute(select(deliveries).where(wanted).order_by(tried.desc()).limit(1)).one_or_none()
    return f"{row.recipient}: {row.last_error}" if row else ""


def is_overtaken(connection: Connection, delivery: Delivery) -> bool:
    """Whether the server took another message since this one was written."""
    written = select(deliveries.c.created_at).where(deliveries.c.id == delivery.id).scalar_subquery()
    query = select(deliveries.c.id).where(deliveries.c.sent_at > written)
    return connection.execute(query.limit(1)).one_or_none() is not None


def owner_of(connection: Connection, delivery: Delivery) -> str:
    """Whose message it is: the id of a recipient, or of a record of theirs; "" where nothing tells."""
    if delivery.digest_id is not None:
        query = select(digests.c.recipient_id).where(digests.c.id == delivery.digest_id)
    else:
        query = select(alerts.c.recipient_id).where(alerts.c.message_id == delivery.message.message_id)
    return connection.execute(query.limit(1)).scalar_one_or_none() or ""


def counts(connection: Connection) -> dict[str, int]:
    """How many messages are in each state."""
    query = select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state)
    return {row.state: row.number for row in connection.execute(query)}


def oldest_unsent(connection: Connection) -> tuple[datetime, str] | None:
    """Since when the oldest message waits, and its last error; None when none waits."""
    query = (
        select(deliveries.c.created_at, deliveries.c.last_error)
        .where(deliveries.c.state.in_(UNSENT))
        .order_by(deliveries.c.created_at)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return (row.created_at, row.last_error) if row else None
