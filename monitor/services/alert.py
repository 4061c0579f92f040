"""Alert: what cannot wait for the next digest is put into the outbox at once, and never as a flood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from monitor.core.alerts import URGENT_FROM, Decision, Occasion, Verb, decide
from monitor.core.model import Level, Recipient
from monitor.core.stories import first_reported
from monitor.failpoints import failpoint
from monitor.rendering.held import risen, several, title_of
from monitor.rendering.language import speaking, spoken
from monitor.services.assess import Picture, keep, see
from monitor.services.compose import main_stream, render_message, unsent, write
from monitor.services.context import Context
from monitor.services.shared import Shared
from monitor.storage import alerts, deliveries, meta, signals
from monitor.storage.engine import reading, writing

# What is older was told by a digest, or was no news when we first saw it.
LOOKED_BACK = timedelta(hours=24)
# An acknowledgement holds while a domain stands, but nobody remembers for longer.
REMEMBERED = timedelta(days=30)
HELD_LOOKED_AT_EVERY = timedelta(minutes=1)
_SEEN = "alerts:newest_signal"
_LOOKED_AT = "alerts:looked_at"
_FAILED = "alerts:failed"  # for how many readers the last look failed
_OPEN = (Verb.COOLING, Verb.STORM)


def alert_due(context: Context, at: datetime) -> int:
    """Assess when signals came since the last look, and mail what is urgent; how many mails.

    Everything is decided and stored in one transaction with the outbox, so that
    a crash neither loses an alert nor doubles it.
    """
    recipients = [recipient for recipient in context.config.recipients if recipient.urgent]
    if not recipients:
        return 0
    # Nearly every look finds nothing: it must not stand in the way of whoever writes.
    with reading(context.engine) as connection:
        if not _have_come(connection) and not _is_time_for_held(connection, at):
            return 0
    with writing(context.engine) as connection:
        picture = see(connection, context, at)
        if _have_come(connection):
            keep(connection, context, picture)
        found = list(occasions(connection, context, picture))
        readers = [r for r in recipients if not meta.wants_no_mail(connection, r.id)]
        mails, failed = 0, []
        for reader in readers:
            try:
                with connection.begin_nested():
                    mails += _tell(connection, context, reader, picture, found)
            except OperationalError:
                raise
            except Exception as error:  # noqa: BLE001  a fault of ours in one mail: the others must leave
                failed.append(error)
        meta.put(connection, _SEEN, str(signals.newest_id(connection)))
        meta.put(connection, _LOOKED_AT, at.isoformat())
        meta.put(connection, _FAILED, str(len(failed)))
        failpoint("alert.before_commit")
    failpoint("alert.after_commit")
    if failed:
        raise ExceptionGroup("urgent mails that failed for a reason of ours", failed)
    return mails


def _have_come(connection: Connection) -> bool:
    """Whether signals were stored since the last look."""
    return str(signals.newest_id(connection)) != meta.get(connection, _SEEN)


def _is_time_for_held(connection: Connection, at: datetime) -> bool:
    """Whether something is held back, or failed, that may leave by now; that needs no look a tick."""
    looked_at = meta.get(connection, _LOOKED_AT)
    # One in the future was made by a clock that was ahead.
    if looked_at and timedelta(0) <= at - datetime.fromisoformat(looked_at) < HELD_LOOKED_AT_EVERY:
        return False
    if meta.get(connection, _FAILED) not in ("", "0"):
        return True
    return any(alert.state in _OPEN for alert in alerts.since(connection, at - LOOKED_BACK))


def occasions(connection: Connection, context: Context, picture: Picture) -> Iterator[Occasion]:
    """The domains that rose to Elevated or above, and the new stories of urgent indicators."""
    yield from _rises(connection, context, picture)
    yield from _stories(connection, context, picture)


def _rises(connection: Connection, context: Context, picture: Picture) -> Iterator[Occasion]:
    """A fall from Marked is no rise to Elevated, and what is seen for the first time has not risen."""
    for domain, one in picture.assessments.items():
        if one.level < URGENT_FROM or one.level_since <= picture.at - LOOKED_BACK:
            continue
        before = alerts.level_before(connection, domain, one.level_since)
        if before is not None and before < one.level:
            title = risen(context.labels.domains.get(domain, domain), one.level)
            yield Occasion(
                key=f"level {domain} {one.level.value} {one.level_since.isoformat()}",
                subject=domain,
                domain=domain,
                title=title,
                level=one.level,
                signal_ids=(),
                stands_since=alerts.last_below(connection, domain, URGENT_FROM),
            )


def _stories(connection: Connection, context: Context, picture: Picture) -> Iterator[Occasion]:
    """What later rules find, and what a feed held when it was new to us, is no news; an edit of that is."""
    since, catalog = picture.at - LOOKED_BACK, context.catalog
    both = {**catalog.indicators, **catalog.composites}
    urgent = [s for s in picture.stories if s.indicator_id in both and both[s.indicator_id].urgent]
    fresh = [story for story in urgent if first_reported(story) > since]
    old = alerts.backfilled(connection, {signal.entry_id for story in fresh for signal in story.signals})
    for story in fresh:
        indicator = both[story.indicator_id]
        if not all(s.is_retro or (s.entry_id in old and s.revision == 1) for s in story.signals):
            first = min(story.signals, key=lambda s: (s.effective_at, s.id))
            yield Occasion(
                key=f"story {story.indicator_id} {first.entry_id}",
                subject=story.indicator_id,
                domain=story.domain,
                title=indicator.title,
                level=Level.QUIET,
                signal_ids=tuple(sorted(signal.id for signal in story.signals)),
            )


def _tell(
    connection: Connection,
    context: Context,
    recipient: Recipient,
    picture: Picture,
    found: list[Occasion],
) -> int:
    at, limits = picture.at, context.config.alerts
    settled = alerts.settled_keys(connection, recipient.id, at - 2 * LOOKED_BACK)
    silences = alerts.silences_at(connection, at)
    told = alerts.told(connection, recipient.id, at - REMEMBERED, at)
    mails = alerts.mails_within_an_hour(connection, recipient.id, at)
    leaving: list[Occasion] = []
    for occasion in found:
        is_wanted = not recipient.domains or occasion.domain in recipient.domains
        if occasion.key in settled or not is_wanted:
            continue
        decision = decide(occasion, silences=silences, told=told, mails_this_hour=mails, at=at, limits=limits)
        if decision.verb is Verb.SEND:
            leaving.append(occasion)
        else:
            alerts.record(connection, recipient.id, occasion, decision, at=at)
    if not leaving:
        return 0
    sent = Decision(Verb.SEND)
    numbers = [alerts.record(connection, recipient.id, occasion, sent, at=at) for occasion in leaving]
    message_id = _mail(connection, context, recipient, picture, leaving, numbers[0])
    alerts.mailed(connection, numbers, message_id)
    return 1


def _mail(
    connection: Connection,
    context: Context,
    recipient: Recipient,
    picture: Picture,
    leaving: list[Occasion],
    alert_id: int,
) -> str:
    """Put one mail of all that leaves now into the outbox; the next digest tells of the same signals."""
    told = {number for occasion in leaving for number in occasion.signal_ids}
    risen = {occasion.domain for occasion in leaving if occasion.level}
    stream = main_stream(recipient)
    behind = set(unsent(connection, recipient, stream, picture)) if risen else set()
    told |= {
        signal.id
        for story in picture.stories
        if story.domain in risen
        for signal in story.signals
        if signal.id in behind
    }
    with speaking(recipient.language):
        titles = _counted(_title(context, o) for o in sorted(leaving, key=lambda o: -o.level))
    digest = write(
        connection,
        context,
        recipient,
        stream,
        picture.at,
        Shared(picture),
        told,
        urgent=titles,
        alert_id=alert_id,
    )
    message = render_message(context, digest)
    deliveries.enqueue(connection, message, digest_id=None, at=picture.at)
    return message.message_id


def _title(context: Context, occasion: Occasion) -> str:
    """What an occasion is called in the language in force; it is stored in English."""
    labels = context.labels_in(spoken())
    return title_of(occasion.subject, occasion.level, labels.domains, labels.indicators, occasion.title)


def _counted(titles: Iterable[str]) -> tuple[str, ...]:
    """Each title once, with how often it came when that was more than once."""
    return tuple(several(title, n) if n > 1 else title for title, n in Counter(titles).items())
