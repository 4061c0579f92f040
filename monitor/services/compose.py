"""Compose: one digest for each recipient that is due, rendered once and put into the outbox."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.core.alerts import Verb
from monitor.core.briefing import Known, Sent, compose
from monitor.core.cadence import Due, due_at_or_before, next_due
from monitor.core.change import Change
from monitor.core.digest import Coverage, Digest
from monitor.core.model import Direction, Level, Message, Recipient
from monitor.rendering import Sender, render
from monitor.services.assess import Picture, keep, see
from monitor.services.changes import changes_since
from monitor.services.context import Context
from monitor.services.links import with_links
from monitor.services.reload import REFUSED, Refusal, refusal_in
from monitor.services.survey import survey
from monitor.storage import alerts, assessments, deliveries, digests, feeds, meta, signals
from monitor.storage.engine import reading, writing
from monitor.storage.frozen import freeze

FIRST_DIGEST_COVERS = timedelta(days=1)
UNREAD_FOR_AT_MOST = timedelta(days=30)  # older signals that no digest took are no news any more


@dataclass(frozen=True, slots=True)
class Shared:
    """What all digests of one moment have in common; each part is worked out when first asked for."""

    picture: Picture
    _histories: dict[str, tuple[float, ...]] = field(default_factory=dict)
    _causes: dict[datetime, dict[str, Change]] = field(default_factory=dict)
    _coverage: dict[datetime, Coverage] = field(default_factory=dict)

    def histories(self, connection: Connection) -> Mapping[str, tuple[float, ...]]:
        """The indexes of seven weeks by domain."""
        for domain in self.picture.assessments.keys() - self._histories.keys():
            self._histories[domain] = assessments.weekly_history(connection, domain, self.picture.at)
        return self._histories

    def causes(self, connection: Connection, context: Context, since: datetime) -> Mapping[str, Change]:
        """What moved each domain's deepening index since a time."""
        if since not in self._causes:
            moved = changes_since(connection, context, since, self.picture.at)
            self._causes[since] = {
                domain: change for (domain, way), change in moved.items() if way is Direction.DEEPENING
            }
        return self._causes[since]

    def coverage(self, connection: Connection, since: datetime) -> Coverage:
        """What was read since a time."""
        if since not in self._coverage:
            states = feeds.all_states(connection)
            self._coverage[since] = survey(connection, states, since, self.picture.at)
        return self._coverage[since]


def compose_due(context: Context, at: datetime, *, is_sample: bool = False) -> list[Digest]:
    """Compose what is due at `at` and has not been composed, each in a transaction of its own.

    A due that passed while nobody was running is composed late; of several
    missed ones the latest takes what all of them would have said.
    """
    dues = [(r, due_at_or_before(r.cadence, r.timezone, at)) for r in context.config.recipients]
    with writing(context.engine) as connection:
        dues = [(recipient, due) for recipient, due in dues if _is_open(connection, recipient, due, at)]
        if not dues:
            return []
        shared = Shared(see(connection, context, at))
        keep(connection, context, shared.picture)
    composed = []
    for recipient, due in dues:
        with writing(context.engine) as connection:
            # Another process may have composed it in the mean time.
            if _is_open(connection, recipient, due, at):
                composed.append(_compose(connection, context, recipient, due, shared, is_sample))
    return composed


def _is_open(connection: Connection, recipient: Recipient, due: Due, at: datetime) -> bool:
    """A due is open when it came after we first knew the recipient and has no digest yet."""
    if meta.wants_no_mail(connection, recipient.id):
        return False
    known_since = meta.first_seen(connection, f"recipient:{recipient.id}", at)
    return due.at >= known_since and not digests.exists(connection, recipient.id, due.key)


def compose_now(context: Context, recipient: Recipient, at: datetime, *, is_sample: bool = False) -> Digest:
    """Compose a digest because somebody asked for it, and put it into the outbox."""
    with writing(context.engine) as connection:
        due = Due(at=at, key=f"asked {at.isoformat()}")
        shared = Shared(see(connection, context, at))
        keep(connection, context, shared.picture)
        return _compose(connection, context, recipient, due, shared, is_sample)


def preview(context: Context, recipient: Recipient, at: datetime) -> tuple[Digest, Message]:
    """Write the digest that would leave now, and render it; nothing is stored."""
    with reading(context.engine) as connection:
        shared = Shared(see(connection, context, at))
        new_ids = unsent(connection, recipient, shared.picture)
        digest = write(connection, context, recipient, at, shared, new_ids)
    return digest, render_message(context, digest)


def _compose(
    connection: Connection,
    context: Context,
    recipient: Recipient,
    due: Due,
    shared: Shared,
    is_sample: bool,
) -> Digest:
    at = shared.picture.at
    new_ids = unsent(connection, recipient, shared.picture)
    digest = write(connection, context, recipient, due.at, shared, new_ids, is_sample=is_sample)
    message = render_message(context, digest)
    digest_id = digests.record(
        connection,
        recipient_id=recipient.id,
        due_key=due.key,
        due_at=due.at,
        composed_at=at,
        since_at=digest.since_at,
        subject=message.subject,
        levels={line.domain: [int(line.level), line.deepening, line.friction] for line in digest.lines},
        content=freeze(digest),
    )
    signals.stamp(connection, recipient.id, digest_id, new_ids)
    deliveries.enqueue(connection, message, digest_id=digest_id, at=at)
    return digest


def unsent(connection: Connection, recipient: Recipient, picture: Picture) -> list[int]:
    """The signals that no digest of a recipient has told of, in the domains that the recipient reads.

    Those of the picture alone: what another process stores meanwhile is for the next digest.
    """
    open_domains = [d for d, a in picture.assessments.items() if a.level >= recipient.minimum_level]
    wanted = [d for d in open_domains if d in (recipient.domains or open_domains)]
    unread = signals.unsent_signal_ids(
        connection, recipient.id, wanted, since=picture.at - UNREAD_FOR_AT_MOST
    )
    seen = {s.id for story in (*picture.stories, *picture.marked_false) for s in story.signals}
    return [number for number in unread if number in seen]


def write(
    connection: Connection,
    context: Context,
    recipient: Recipient,
    due_at: datetime,
    shared: Shared,
    new_ids: Collection[int],
    *,
    is_sample: bool = False,
    urgent: tuple[str, ...] = (),
    alert_id: int | None = None,
) -> Digest:
    """Write a digest; `new_ids` are the signals that it tells as new, `alert_id` what it can acknowledge."""
    picture, at = shared.picture, shared.picture.at
    last = digests.last_digest(connection, recipient.id)
    since_at = last.composed_at if last else None
    refusal = refusal_in(meta.get(connection, REFUSED))
    known = Known(
        assessments=picture.assessments,
        stories=picture.stories,
        coverage=shared.coverage(connection, since_at or at - FIRST_DIGEST_COVERS),
        weeks=picture.weeks,
        previous={d: _sent(values) for d, values in last.levels.items()} if last else {},
        histories=shared.histories(connection),
        causes=shared.causes(connection, context, since_at) if since_at else {},
    )
    digest = compose(
        recipient,
        known,
        due_at=due_at,
        composed_at=at,
        since_at=since_at,
        next_due_at=next_due(recipient.cadence, recipient.timezone, at).at,
        new_ids=frozenset(new_ids),
        labels=context.labels,
        method=context.method,
        is_sample=is_sample,
        held_back=(
            *_held_back(refusal, picture, frozenset(new_ids)),
            *_alerts_held(connection, recipient, since_at or at - FIRST_DIGEST_COVERS, at),
        ),
        urgent=urgent,
    )
    return with_links(context, digest, alert_id)


def _alerts_held(
    connection: Connection, recipient: Recipient, since_at: datetime, at: datetime
) -> Iterator[str]:
    """What became of urgent occasions since the last digest, and the silences in force."""
    for alert in alerts.since(connection, since_at, recipient.id):
        if alert.acknowledged_by:
            yield f"{alert.title}: acknowledged by {alert.acknowledged_by}."
        elif alert.state is not Verb.SEND:
            yield f"No urgent mail of {alert.title}: {alert.reason}."
    for silence in alerts.silences_at(connection, at):
        until = f"{silence.ends_at:%Y-%m-%d %H:%M}Z"
        who = f"{silence.owner} until {until}"
        yield f"Urgent mail of {silence.subject} is silenced by {who}: {silence.reason}."


def _held_back(refusal: Refusal | None, picture: Picture, new_ids: frozenset[int]) -> Iterator[str]:
    if refusal:
        yield refusal.words
    false = sum(any(signal.id in new_ids for signal in story.signals) for story in picture.marked_false)
    if false:
        yield f"{false} new {'story was' if false == 1 else 'stories were'} marked false and left out."


def _sent(values: list[float]) -> Sent:
    level, deepening, friction = values
    return Sent(level=Level(int(level)), deepening=deepening, friction=friction)


def render_message(context: Context, digest: Digest) -> Message:
    """Render a digest under the Message-ID that it has whenever it is rendered.

    Digests of a week are one thread; an urgent mail begins its own.
    """
    sender = Sender(name=context.config.mail.from_name, address=context.config.mail.from_address)
    domain = sender.address.rpartition("@")[2]
    name = hashlib.sha256(
        f"{digest.recipient_id}\n{digest.due_at.isoformat()}\n{digest.address}".encode()
        + "\n".join(digest.urgent).encode()
    ).hexdigest()[:24]
    week = digest.due_at.strftime("%G-W%V")
    return render(
        digest,
        sender=sender,
        message_id=f"<digest.{name}@{domain}>",
        root_id="" if digest.urgent else f"<{week}.{digest.recipient_id}@{domain}>",
    )
