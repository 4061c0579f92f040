"""I6 to I9 and I15: what was due, what arrived, and who got mail that nobody should get."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

from sqlalchemy import Connection, func, select

from monitor.storage.schema import alerts, deliveries, digest_signals, digests, entries, meta, signals
from torture.dues import dues
from torture.evidence import Evidence, Violations
from torture.setting import READERS, Reader
from torture.sink import Mail

WAITING = ("pending", "claimed", "unknown")
IN_FLIGHT_S = 15.0  # a message that was claimed may leave so long after its reader had left


def every_due_once(evidence: Evidence, connection: Connection) -> Violations:
    """I6: the digests are those of an independent calendar; one is missing only where nobody ran for it."""
    end = evidence.clock.now()
    for reader in READERS:
        since = _known_since(connection, reader)
        written = Counter(
            connection.execute(select(digests.c.due_key).where(digests.c.recipient_id == reader.id)).scalars()
        )
        if since is None:
            if any(dues(reader, _began(evidence), end - timedelta(hours=2))) and not written:
                yield "I6", f"{reader.id} was never known"
            continue
        wanted = list(dues(reader, since, end + timedelta(hours=2)))
        yield from (("I6", f"{reader.id}: {key} {n} times") for key, n in written.items() if n > 1)
        yield from (
            ("I6", f"{reader.id}: {key} was never due") for key in written.keys() - {k for _, k in wanted}
        )
        left_at = _left_at(connection, reader)
        following = [*(at for at, _ in wanted[1:]), end][: len(wanted)]
        for (at, key), then in zip(wanted, following, strict=True):
            if key in written or at > end or (left_at is not None and then >= left_at - timedelta(hours=1)):
                continue
            if _could_run(evidence, at.timestamp(), min(then, end).timestamp()):
                yield "I6", f"{reader.id}: no digest of {key}"


def every_mail_arrived(evidence: Evidence, connection: Connection) -> Violations:
    """I7: every message arrived; copies only where its fate was unknown, and with the same bytes and id."""
    rows = {row.message_id: row for row in connection.execute(select(deliveries))}
    arrived = _by_message_id(evidence)
    left = {one.address for one in READERS if _left_at(connection, one) is not None}
    with_message = {row.digest_id for row in rows.values()}
    for row in connection.execute(select(digests.c.id, digests.c.recipient_id, digests.c.due_key)):
        if row.id not in with_message:
            yield "I7", f"the digest {row.due_key} of {row.recipient_id} has no message"
    for message_id, row in rows.items():
        if _is_late(evidence, row.created_at) and row.state in WAITING:
            continue
        if row.state != "cancelled" or row.recipient not in left or row.recipient in evidence.sink.refused:
            yield from _arrived(evidence, row, arrived.get(message_id, []))
    yield from (("I7", f"{one} arrived and is in no outbox") for one in arrived.keys() - rows.keys())


def _is_late(evidence: Evidence, at: datetime) -> bool:
    """Whether what was written then may still wait to be sent."""
    return evidence.settled_at is not None and at > evidence.settled_at


def _arrived(evidence: Evidence, row: Any, copies: list[Mail]) -> Violations:
    name = row.message_id
    if row.recipient in evidence.sink.refused:
        if copies or row.state not in ("failed", "cancelled"):
            yield "I15", f"{name} to a refused address: {row.state}, {len(copies)} copies"
        return
    is_given_up = row.state == "failed" and "it may have arrived" in row.last_error
    if not copies or not (row.state == "sent" or is_given_up):
        yield "I7", f"{name} to {row.recipient}: {len(copies)} copies, {row.state}"
    if any(mail.sha256 != hashlib.sha256(row.payload).hexdigest() for mail in copies):
        yield "I7", f"{name} arrived with other bytes than were stored"
    if any(mail.recipient != row.recipient for mail in copies):
        yield "I7", f"{name} arrived at another address"
    if len(copies) - 1 > allowed_copies(evidence, name, copies):
        yield "I7", f"{name}: {len(copies)} copies without a reason for them"


def allowed_copies(evidence: Evidence, message_id: str, copies: list[Mail]) -> int:
    """How many extra copies there may be: one for each time that nobody could know of the one before."""
    lost = sum(mail.reply == "lost" for mail in copies)
    unsettled = sum(mail.reply != "lost" and evidence.could_not_mark(mail.at) for mail in copies)
    return lost + unsettled + evidence.unmarked[message_id]


def every_signal_told(evidence: Evidence, connection: Connection) -> Violations:
    """I8: each signal is told in one digest of each reader, and its words stand in the mail that arrived."""
    query = select(signals.c.id, signals.c.matched_at, entries.c.title, entries.c.feed_id)
    rows = list(connection.execute(query.join(entries, entries.c.id == signals.c.entry_id)))
    texts = _texts(evidence)
    for reader in READERS:
        last = connection.execute(
            select(digests.c.composed_at)
            .where(digests.c.recipient_id == reader.id)
            .order_by(digests.c.id.desc())
            .limit(1)
        ).scalar()
        if last is None:
            continue
        told = _told(connection, reader.id)
        # In an hour that the clock showed twice, what is dated before a digest may have come after it.
        missing = [
            row.id
            for row in rows
            if row.matched_at < last
            and row.id not in told
            and not evidence.clock.lived_twice(row.matched_at.timestamp())
        ]
        yield from (("I8", f"signal {number} was never told to {reader.id}") for number in missing)
        if reader.cadence == "hourly" and not reader.refused:
            yield from _words_arrived(reader, rows, told, texts)


def _words_arrived(
    reader: Reader, rows: list[object], told: Mapping[int, str], texts: Mapping[str, str]
) -> Violations:
    """The first mail that tells of a title names it."""
    first: dict[str, tuple[int, str]] = {}
    for row in sorted(rows, key=lambda one: one.id):  # type: ignore[attr-defined]
        if row.id in told:  # type: ignore[attr-defined]
            known = first.get(row.title)  # type: ignore[attr-defined]
            found = (row.id, told[row.id])  # type: ignore[attr-defined]
            first[row.title] = found if known is None else known  # type: ignore[attr-defined]
    for title, (number, message_id) in first.items():
        text = texts.get(message_id, "")
        if text and title.split()[0] not in text and "marked false" not in text and "no room for" not in text:
            yield "I8", f"signal {number}: {message_id} to {reader.id} does not name {title.split()[0]}"


def every_alarm_told(evidence: Evidence, connection: Connection) -> Violations:
    """I9: of each urgent story an urgent mail arrived, unless a person said that it is false."""
    arrived = _by_message_id(evidence).keys() | {
        row.message_id
        for row in connection.execute(select(deliveries.c.message_id, deliveries.c.created_at))
        if _is_late(evidence, row.created_at)
    }
    query = select(alerts.c.recipient_id, alerts.c.key, alerts.c.state, alerts.c.message_id)
    found = {(row.recipient_id, row.key): row for row in connection.execute(query)}
    firsts = {
        row.feed_id: row.first
        for row in connection.execute(
            select(entries.c.feed_id, func.min(entries.c.first_seen_at).label("first")).group_by(
                entries.c.feed_id
            )
        )
    }
    query = select(
        signals.c.entry_id, signals.c.revision, entries.c.title, entries.c.feed_id, entries.c.first_seen_at
    )
    query = query.join(entries, entries.c.id == signals.c.entry_id)
    stories: dict[str, list[int]] = defaultdict(list)
    news = set()
    for row in connection.execute(query.where(signals.c.indicator_id == "defense.alarm")):
        stories[row.title].append(row.entry_id)
        # What a feed held when it was new to us is no news, save what was edited since.
        if row.revision > 1 or row.first_seen_at > firsts[row.feed_id]:
            news.add(row.title)
    false = {int(ack.subject.split()[0]) for ack in evidence.analyst.acks if ack.verdict == "false"}
    for reader in (one for one in READERS if one.urgent):
        for title, entry_ids in ((title, ids) for title, ids in stories.items() if title in news):
            rows = [found.get((reader.id, f"story defense.alarm {number}")) for number in entry_ids]
            is_told = any(row and row.state == "sent" and row.message_id in arrived for row in rows)
            if not is_told and not false & set(entry_ids):
                states = sorted({row.state for row in rows if row})
                yield "I9", f"no urgent mail to {reader.id} of {title.split()[0]}: {states}"


def nobody_unwanted(evidence: Evidence, connection: Connection) -> Violations:
    """I15: who has left gets nothing more."""
    acks = [ack for ack in evidence.analyst.acks if ack.kind == "unsubscribe"]
    for reader in READERS:
        left_at = _left_at(connection, reader)
        if left_at is None:
            continue
        query = select(digests.c.due_key).where(
            digests.c.recipient_id == reader.id, digests.c.composed_at > left_at
        )
        if not evidence.clock.lived_twice(left_at.timestamp()):
            late = connection.execute(query).scalars()
            yield from (("I15", f"{reader.id} has left and has a digest of {key}") for key in late)
        real = min((ack.at for ack in acks if ack.recipient == reader.id), default=None)
        for mail in evidence.sink.mails:
            if real and mail.recipient == reader.address and mail.at > real + IN_FLIGHT_S:
                yield "I15", f"{reader.id} has left and got {mail.message_id}"


def _by_message_id(evidence: Evidence) -> dict[str, list[Mail]]:
    found: dict[str, list[Mail]] = defaultdict(list)
    for mail in evidence.sink.mails:
        found[mail.message_id].append(mail)
    return found


def _texts(evidence: Evidence) -> dict[str, str]:
    return {one: _text(evidence.sink.bytes_of(copies[0])) for one, copies in _by_message_id(evidence).items()}


def _text(message: bytes) -> str:
    body = message_from_bytes(message, policy=policy.default).get_body(("plain",))
    return str(body.get_content()) if body else ""


def _told(connection: Connection, reader: str) -> dict[int, str]:
    """The signals that a reader was told of, each with the Message-ID of the mail."""
    query = (
        select(digest_signals.c.signal_id, deliveries.c.message_id)
        .join(deliveries, deliveries.c.digest_id == digest_signals.c.digest_id)
        .where(digest_signals.c.recipient_id == reader)
    )
    return {row.signal_id: row.message_id for row in connection.execute(query)}


def _known_since(connection: Connection, reader: Reader) -> datetime | None:
    return _moment(connection, f"first_seen:recipient:{reader.id}")


def _left_at(connection: Connection, reader: Reader) -> datetime | None:
    return _moment(connection, f"unsubscribed:{reader.id}")


def _moment(connection: Connection, key: str) -> datetime | None:
    value = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
    return datetime.fromisoformat(value) if value else None


def _began(evidence: Evidence) -> datetime:
    return datetime.fromtimestamp(evidence.clock.segments[0][1], UTC)


def _could_run(evidence: Evidence, since: float, until: float) -> bool:
    """Whether a daemon ran undisturbed for long enough while the clock stood within [since, until)."""
    return any(
        last - first >= evidence.patience_s()
        for span in evidence.clock.real_spans(since, until)
        for first, last in evidence.calm(*span)
    )


CHECKS = (every_due_once, every_mail_arrived, every_signal_told, every_alarm_told, nobody_unwanted)
