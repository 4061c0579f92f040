"""Urgent alerts of each recipient with what became of them, and silences."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from monitor.core.alerts import Decision, Occasion, Silence, Told, Verb
from monitor.core.model import Level
from monitor.storage.schema import alerts, assessments, entries, silences
from monitor.storage.upsert import insert_into

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One occasion for one recipient, and what became of it."""

    id: int
    recipient_id: str
    key: str
    subject: str
    title: str
    level: Level
    state: Verb
    reason: str
    found_at: datetime
    sent_at: datetime | None
    acknowledged_by: str


def settled_keys(connection: Connection, recipient_id: str, since: datetime) -> set[str]:
    """The occasions of which this recipient was told, or that were held back for good."""
    final = (Verb.SEND.value, Verb.SILENCED.value, Verb.ACKNOWLEDGED.value)
    query = select(alerts.c.key).where(
        alerts.c.recipient_id == recipient_id, alerts.c.state.in_(final), alerts.c.found_at > since
    )
    return set(connection.execute(query).scalars())


def told(connection: Connection, recipient_id: str, since: datetime, until: datetime) -> list[Told]:
    """What this recipient was told of in (since, until]; later is only what a clock that was ahead dated."""
    query = select(alerts).where(
        alerts.c.recipient_id == recipient_id, alerts.c.sent_at > since, alerts.c.sent_at <= until
    )
    return [
        Told(
            subject=row.subject,
            level=Level(row.level),
            sent_at=row.sent_at,
            acknowledged_by=row.acknowledged_by,
        )
        for row in connection.execute(query.order_by(alerts.c.id))
    ]


def mails_within_an_hour(connection: Connection, recipient_id: str, at: datetime) -> int:
    """How many urgent mails left for a recipient in the hour before."""
    query = select(func.count(alerts.c.message_id.distinct())).where(
        alerts.c.recipient_id == recipient_id, alerts.c.sent_at > at - HOUR, alerts.c.sent_at <= at
    )
    return connection.execute(query).scalar_one()


def record(
    connection: Connection,
    recipient_id: str,
    occasion: Occasion,
    decision: Decision,
    *,
    at: datetime,
) -> int:
    """Store what became of an occasion, in place of what had become of it before; its number."""
    is_sent = decision.verb is Verb.SEND
    values = {
        "state": decision.verb.value,
        "reason": decision.reason,
        "sent_at": at if is_sent else None,
    }
    row = {
        "recipient_id": recipient_id,
        "key": occasion.key,
        "subject": occasion.subject,
        "domain": occasion.domain,
        "title": occasion.title,
        "level": int(occasion.level),
        "found_at": at,
    }
    statement = insert_into(connection, alerts).values(**row, **values)
    statement = statement.on_conflict_do_update(index_elements=["recipient_id", "key"], set_=values)
    number: int = connection.execute(statement.returning(alerts.c.id)).scalar_one()
    return number


def mailed(connection: Connection, numbers: Sequence[int], message_id: str) -> None:
    """Note which message told of alerts."""
    connection.execute(update(alerts).where(alerts.c.id.in_(numbers)).values(message_id=message_id))


def since(connection: Connection, at: datetime, recipient_id: str | None = None) -> list[Alert]:
    """The alerts found after a time, oldest first; of one recipient, or of all."""
    query = select(alerts).where(alerts.c.found_at > at)
    if recipient_id is not None:
        query = query.where(alerts.c.recipient_id == recipient_id)
    return [_alert(row) for row in connection.execute(query.order_by(alerts.c.id))]


def backfilled(connection: Connection, entry_ids: Collection[int]) -> set[int]:
    """Those of some entries that came with all that their feed held when it was new to us."""
    wanted = select(entries.c.feed_id).where(entries.c.id.in_(entry_ids))
    firsts = (
        select(entries.c.feed_id, func.min(entries.c.first_seen_at).label("first"))
        .where(entries.c.feed_id.in_(wanted))
        .group_by(entries.c.feed_id)
        .subquery()
    )
    is_first = and_(entries.c.feed_id == firsts.c.feed_id, entries.c.first_seen_at == firsts.c.first)
    query = select(entries.c.id).join(firsts, is_first).where(entries.c.id.in_(entry_ids))
    return set(connection.execute(query).scalars())


def level_before(connection: Connection, domain: str, at: datetime) -> Level | None:
    """The level that a domain had just before a time, None when it was not assessed yet."""
    query = select(assessments.c.level).where(assessments.c.domain == domain, assessments.c.as_of < at)
    level = connection.execute(query.order_by(assessments.c.as_of.desc()).limit(1)).scalar_one_or_none()
    return None if level is None else Level(level)


def last_below(connection: Connection, domain: str, level: Level) -> datetime | None:
    """When a domain was last seen below a level, None when it never was."""
    query = select(func.max(assessments.c.as_of)).where(
        assessments.c.domain == domain, assessments.c.level < int(level)
    )
    at: datetime | None = connection.execute(query).scalar_one()
    return at


def acknowledge(connection: Connection, alert_id: int, *, by: str, at: datetime) -> Alert | None:
    """Note that somebody deals with what an alert told of, for all its recipients; None without it."""
    row = connection.execute(select(alerts).where(alerts.c.id == alert_id)).one_or_none()
    if row is None:
        return None
    connection.execute(
        update(alerts)
        .where(alerts.c.key == row.key, alerts.c.sent_at.is_not(None))
        .values(acknowledged_by=by, acknowledged_at=at)
    )
    return _alert(row)


def add_silence(
    connection: Connection, *, subject: str, owner: str, reason: str, at: datetime, until: datetime
) -> int:
    """Store a silence and give its number."""
    statement = insert(silences).values(
        subject=subject, owner=owner, reason=reason, starts_at=at, ends_at=until
    )
    number: int = connection.execute(statement.returning(silences.c.id)).scalar_one()
    return number


def end_silence(connection: Connection, number: int, at: datetime) -> bool:
    """End a silence now; False when none of that number is in force."""
    table = silences
    changed = connection.execute(
        update(table).where(table.c.id == number, table.c.ends_at > at).values(ends_at=at)
    )
    return changed.rowcount > 0


def silences_at(connection: Connection, at: datetime) -> Sequence[Silence]:
    """The silences in force."""
    query = select(silences).where(silences.c.starts_at <= at, silences.c.ends_at > at)
    return [Silence(**row) for row in connection.execute(query.order_by(silences.c.id)).mappings()]


def _alert(row: Row[tuple[object, ...]]) -> Alert:
    return Alert(
        id=row.id,
        recipient_id=row.recipient_id,
        key=row.key,
        subject=row.subject,
        title=row.title,
        level=Level(row.level),
        state=Verb(row.state),
        reason=row.reason,
        found_at=row.found_at,
        sent_at=row.sent_at,
        acknowledged_by=row.acknowledged_by,
    )
