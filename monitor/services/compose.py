"""Compose: one digest for each recipient that is due, rendered once and put into the outbox."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from monitor.core.alerts import Verb
from monitor.core.briefing import Known, Sent, compose
from monitor.core.cadence import Due, Stream, is_weekly, latest_of, next_of, streams_of, zone_or_utc
from monitor.core.digest import Digest, Edits
from monitor.core.model import Level, Message, Recipient
from monitor.errors import StorageError
from monitor.failpoints import failpoint
from monitor.rendering import Sender, held, render
from monitor.rendering.language import speaking
from monitor.services.assess import Picture, keep, see
from monitor.services.context import Context
from monitor.services.links import with_links
from monitor.services.reload import REFUSED, Refusal, refusal_in
from monitor.services.shared import SHORT_WEEKS, UNREAD_FOR_AT_MOST, Shared, edits_since
from monitor.storage import alerts, deliveries, digests, meta, signals
from monitor.storage.engine import reading, writing
from monitor.storage.frozen import freeze


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A digest to write: for whom, on which of the recipient's records, and when it was due."""

    recipient: Recipient
    stream: Stream
    cadence: str
    due: Due


def _wanted(recipient: Recipient, at: datetime) -> Iterator[_Wanted]:
    zone = zone_or_utc(recipient.timezone)
    for stream in streams_of(recipient.id, recipient.cadences):
        cadence, due = latest_of(stream, zone, at)
        yield _Wanted(recipient=recipient, stream=stream, cadence=cadence, due=due)


def compose_due(context: Context, at: datetime, *, is_sample: bool = False) -> list[Digest]:
    """Compose what is due at `at` and has not been composed, each in a transaction of its own.

    A due that passed while nobody was running is composed late; of several
    missed ones the latest takes what all of them would have said.
    """
    wanted = [one for recipient in context.config.recipients for one in _wanted(recipient, at)]
    with writing(context.engine) as connection:
        wanted = [one for one in wanted if _is_open(connection, one, at)]
        if not wanted:
            return []
        failpoint("digest.due_seen")
        shared = Shared(see(connection, context, at))
        keep(connection, context, shared.picture)
    if any(is_weekly(one.cadence) for one in wanted):
        # Before anything is written: whoever writes would wait for the pictures.
        with reading(context.engine) as connection:
            shared.drawn(connection, context)
    composed, failed = [], []
    for one in wanted:
        try:
            with writing(context.engine) as connection:
                # Another process may have composed it in the mean time.
                if _is_open(connection, one, at):
                    composed.append(_compose(connection, context, one, shared, is_sample))
                    failpoint("digest.before_commit")
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001  a fault of ours in one digest: the others must leave
            failed.append(error)
        failpoint("digest.after_commit")
    if failed:
        raise ExceptionGroup("digests that failed for a reason of ours", failed)
    return composed


def _is_open(connection: Connection, one: _Wanted, at: datetime) -> bool:
    """A due is open when it came after we first knew its record and has no digest yet."""
    if meta.wants_no_mail(connection, one.recipient.id):
        return False
    known_since = meta.first_seen(connection, _known(one.stream), at)
    return one.due.at >= known_since and not digests.exists(connection, one.stream.record, one.due.key)


def _known(stream: Stream) -> str:
    return f"recipient:{stream.record}"


def compose_now(context: Context, recipient: Recipient, at: datetime, *, is_sample: bool = False) -> Digest:
    """Compose a digest because somebody asked for it, and put it into the outbox."""
    with writing(context.engine) as connection:
        stream = main_stream(recipient)
        due = Due(at=at, key=f"asked {at.isoformat()}")
        one = _Wanted(recipient=recipient, stream=stream, cadence=stream.cadences[0], due=due)
        shared = Shared(see(connection, context, at))
        keep(connection, context, shared.picture)
        return _compose(connection, context, one, shared, is_sample)


def preview(context: Context, recipient: Recipient, at: datetime) -> tuple[Digest, Message]:
    """Write the digest that would leave now, and render it; nothing is stored."""
    with reading(context.engine) as connection:
        shared = Shared(see(connection, context, at))
        stream = main_stream(recipient)
        new_ids = unsent(connection, recipient, stream, shared.picture)
        cadence = stream.cadences[0]
        digest = write(connection, context, recipient, stream, at, shared, new_ids, cadence=cadence)
    return digest, render_message(context, digest)


def _compose(
    connection: Connection, context: Context, one: _Wanted, shared: Shared, is_sample: bool
) -> Digest:
    recipient, stream, due, at = one.recipient, one.stream, one.due, shared.picture.at
    new_ids = unsent(connection, recipient, stream, shared.picture)
    digest = write(
        connection,
        context,
        recipient,
        stream,
        due.at,
        shared,
        new_ids,
        is_sample=is_sample,
        cadence=one.cadence,
    )
    message = render_message(context, digest)
    digest_id = digests.record(
        connection,
        recipient_id=stream.record,
        due_key=due.key,
        due_at=due.at,
        composed_at=at,
        since_at=digest.since_at,
        subject=message.subject,
        levels={line.domain: [int(line.level), line.deepening, line.friction] for line in digest.lines},
        content=freeze(digest),
    )
    signals.stamp(connection, stream.record, digest_id, new_ids)
    deliveries.enqueue(connection, message, digest_id=digest_id, at=at)
    return digest


def main_stream(recipient: Recipient) -> Stream:
    """The stream that a digest which somebody asks for, and urgent mail, belong to."""
    return streams_of(recipient.id, recipient.cadences)[0]


def unsent(connection: Connection, recipient: Recipient, stream: Stream, picture: Picture) -> list[int]:
    """The signals that no digest of a stream has told of, in the domains that the recipient reads.

    Those of the picture alone: what another process stores meanwhile is for the next digest.
    """
    since = picture.at - UNREAD_FOR_AT_MOST
    begun = meta.get(connection, f"first_seen:{_known(stream)}")
    if begun and stream.record != recipient.id:
        # Whoever adds a weekly review wants no month of what the daily digests told.
        since = max(since, datetime.fromisoformat(begun) - stream.first_covers)
    open_domains = [d for d, a in picture.assessments.items() if a.level >= recipient.minimum_level]
    wanted = [d for d in open_domains if d in (recipient.domains or open_domains)]
    unread = signals.unsent_signal_ids(connection, stream.record, wanted, since=since)
    seen = {s.id for story in (*picture.stories, *picture.marked_false) for s in story.signals}
    return [number for number in unread if number in seen]


def write(
    connection: Connection,
    context: Context,
    recipient: Recipient,
    stream: Stream,
    due_at: datetime,
    shared: Shared,
    new_ids: Collection[int],
    *,
    is_sample: bool = False,
    urgent: tuple[str, ...] = (),
    alert_id: int | None = None,
    cadence: str = "",
) -> Digest:
    """Write a digest; `new_ids` are the signals that it tells as new, `alert_id` what it can acknowledge.

    A weekly one has the pictures of the trend.
    """
    picture, at = shared.picture, shared.picture.at
    last = digests.last_digest(connection, stream.record, at)
    since_at = last.composed_at if last else None
    refusal = refusal_in(meta.get(connection, REFUSED))
    zone = zone_or_utc(recipient.timezone)
    told_from = since_at or at - stream.first_covers
    known = Known(
        assessments=picture.assessments,
        stories=picture.stories,
        coverage=shared.coverage(connection, told_from),
        weeks=picture.weeks,
        previous={d: _sent(values) for d, values in last.levels.items()} if last else {},
        before=shared.before(connection, since_at) if since_at else {},
        histories={d: one.deepening for d, one in shared.trends(connection, SHORT_WEEKS).items()},
        causes=shared.causes(connection, context, since_at) if since_at else {},
        edits=edits_since(connection, context, recipient, picture, since_at) if since_at else Edits(),
        trends=shared.drawn(connection, context) if is_weekly(cadence) else {},
    )
    late = shared.found_late(connection, told_from)
    with speaking(recipient.language):
        held_back = (
            *_held_back(refusal, picture, frozenset(new_ids)),
            *_found_late(sum(late[d] for d in recipient.domains or late)),
            *_alerts_held(connection, context, recipient, told_from, at),
        )
    digest = compose(
        recipient,
        known,
        due_at=due_at,
        composed_at=at,
        since_at=since_at,
        next_due_at=next_of(stream, zone, at).at,
        new_ids=frozenset(new_ids),
        labels=context.labels_in(recipient.language),
        method=context.method,
        is_sample=is_sample,
        held_back=held_back,
        urgent=urgent,
        cadence=cadence,
        lost_timezone="" if zone == recipient.timezone else recipient.timezone,
    )
    return with_links(context, digest, alert_id)


def _alerts_held(
    connection: Connection, context: Context, recipient: Recipient, since_at: datetime, at: datetime
) -> Iterator[str]:
    """What became of urgent occasions since the last digest, and the silences in force."""
    labels = context.labels_in(recipient.language)
    for alert in alerts.since(connection, since_at, recipient.id):
        title = held.title_of(alert.subject, alert.level, labels.domains, labels.indicators, alert.title)
        if alert.acknowledged_by:
            yield held.acknowledged(title, alert.acknowledged_by)
        elif alert.state is not Verb.SEND:
            yield held.not_sent(title, alert.reason)
    for silence in alerts.silences_at(connection, at):
        yield held.silenced(silence)


def _held_back(refusal: Refusal | None, picture: Picture, new_ids: frozenset[int]) -> Iterator[str]:
    if refusal:
        yield held.refused_edit(refusal.problems, refusal.number)
    false = sum(any(signal.id in new_ids for signal in story.signals) for story in picture.marked_false)
    if false:
        yield held.marked_false(false)


def _found_late(number: int) -> Iterator[str]:
    # A publisher's wrong date must not hide an event in silence.
    if number:
        yield held.found_late(number, UNREAD_FOR_AT_MOST.days)


def _sent(values: list[float]) -> Sent:
    level, deepening, friction = values
    return Sent(level=Level(int(level)), deepening=deepening, friction=friction)


def render_message(context: Context, digest: Digest) -> Message:
    """Render a digest under the Message-ID that it has whenever it is rendered.

    Digests of a week are one thread; an urgent mail, and a level that changed to
    Elevated or above, begins its own.
    """
    sender = Sender(name=context.config.mail.from_name, address=context.config.mail.from_address)
    domain = sender.address.rpartition("@")[2]
    name = hashlib.sha256(
        f"{digest.recipient_id}\n{digest.due_at.isoformat()}\n{digest.composed_at.isoformat()}\n".encode()
        + f"{digest.address}\n".encode()
        + "\n".join(filter(None, (*digest.urgent, digest.cadence))).encode()
    ).hexdigest()[:24]
    week = digest.due_at.strftime("%G-W%V")
    return render(
        digest,
        sender=sender,
        message_id=f"<digest.{name}@{domain}>",
        root_id="" if digest.begins_thread else f"<{week}.{digest.recipient_id}@{domain}>",
    )
