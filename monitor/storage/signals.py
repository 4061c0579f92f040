"""Signals: matches that we accepted, each with the text that it was found in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, select

from monitor.core.model import Dating, Direction, Match, Modality, Place, Signal, Span
from monitor.core.review import Review, Verdict
from monitor.storage import verdicts
from monitor.storage.schema import digest_signals, entries, entry_revisions, feeds, signals
from monitor.storage.upsert import insert_new

# Publishers' clocks and zones are wrong by minutes; what is dated later than this is a wrong date.
AHEAD = timedelta(hours=1)


def as_row(
    match: Match,
    *,
    entry_id: int,
    revision: int,
    rule_version: int,
    domain: str,
    direction: Direction,
    weight: float,
    half_life: timedelta,
    effective_at: datetime,
    at: datetime,
    is_retro: bool = False,
) -> dict[str, object]:
    """A match as a row to store, with what its rule says of its indicator at this moment."""
    return {
        "entry_id": entry_id,
        "revision": revision,
        "indicator_id": match.indicator_id,
        "rule_version": rule_version,
        "domain": domain,
        "direction": direction.value,
        "weight": weight,
        "half_life_s": int(half_life.total_seconds()),
        "place": match.place.value,
        "modality": match.modality.value,
        "strength": match.strength,
        "facts": list(match.facts),
        "spans": [[span.field, span.start, span.end] for span in match.spans],
        "effective_at": effective_at,
        "matched_at": at,
        "is_retro": is_retro,
    }


def store(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Store signals; an entry has one of each indicator, so a second one is left out."""
    insert_new(connection, signals, rows)


def indicators_of(connection: Connection, entry_ids: Iterable[int]) -> set[tuple[int, str]]:
    """Which (entry, indicator) pairs have a signal already."""
    query = select(signals.c.entry_id, signals.c.indicator_id).where(signals.c.entry_id.in_(list(entry_ids)))
    return {(row.entry_id, row.indicator_id) for row in connection.execute(query)}


def signals_between(connection: Connection, since: datetime, until: datetime) -> list[Signal]:
    """The signals in effect in (since, until], oldest first, and known by `until`."""
    query = _joined(until).where(
        signals.c.effective_at > since, signals.c.effective_at <= until, signals.c.matched_at <= until
    )
    return [_signal(row) for row in connection.execute(query.order_by(signals.c.effective_at, signals.c.id))]


def signals_of_entry(connection: Connection, entry_id: int) -> list[Signal]:
    """The signals of one entry, strongest first."""
    query = _joined().where(signals.c.entry_id == entry_id)
    return [
        _signal(row) for row in connection.execute(query.order_by(signals.c.strength.desc(), signals.c.id))
    ]


def unsent_signal_ids(
    connection: Connection, recipient_id: str, domains: Sequence[str], *, since: datetime
) -> list[int]:
    """The signals of these domains that no digest of the recipient has told of."""
    told = and_(digest_signals.c.signal_id == signals.c.id, digest_signals.c.recipient_id == recipient_id)
    query = (
        select(signals.c.id)
        .outerjoin(digest_signals, told)
        .where(digest_signals.c.signal_id.is_(None))
        .where(signals.c.domain.in_(domains), signals.c.effective_at > since)
        .order_by(signals.c.id)
    )
    return list(connection.execute(query).scalars())


def found_late(
    connection: Connection, since: datetime, until: datetime, *, older_than: timedelta
) -> Counter[str]:
    """How many signals of each domain were found in (since, until] in entries that were older by their date.

    What a feed held when it was new to us, and what later rules found, is old by its nature.
    """
    own = entries.alias()
    first = select(func.min(own.c.first_seen_at)).where(own.c.feed_id == entries.c.feed_id).scalar_subquery()
    query = (
        select(signals.c.domain, signals.c.matched_at, signals.c.effective_at)
        .join(entries, entries.c.id == signals.c.entry_id)
        .where(signals.c.matched_at > since, signals.c.matched_at <= until)
        .where(~signals.c.is_retro, entries.c.first_seen_at > first)
    )
    rows = connection.execute(query)
    return Counter(row.domain for row in rows if row.matched_at - row.effective_at > older_than)


def stamp(connection: Connection, recipient_id: str, digest_id: int, signal_ids: Sequence[int]) -> None:
    """Note that this digest tells the recipient of these signals."""
    rows = [
        {"recipient_id": recipient_id, "signal_id": number, "digest_id": digest_id} for number in signal_ids
    ]
    if rows:
        connection.execute(insert(digest_signals), rows)


def unstamp(connection: Connection, digest_id: int) -> None:
    """Let the signals of a digest that nobody got be told by the next one."""
    connection.execute(delete(digest_signals).where(digest_signals.c.digest_id == digest_id))


def newest_id(connection: Connection) -> int:
    """The number of the signal that was stored last, 0 before the first."""
    return connection.execute(select(func.max(signals.c.id))).scalar_one() or 0


def count(connection: Connection) -> int:
    """How many signals are stored."""
    return connection.execute(select(func.count()).select_from(signals)).scalar_one()


def _joined(until: datetime | None = None) -> Select[tuple[object, ...]]:
    """Signals with the text of the revision that matched, their feed, and their verdict as of `until`."""
    old = entry_revisions
    review = verdicts.latest(until)
    is_its = and_(review.c.entry_id == signals.c.entry_id, review.c.indicator_id == signals.c.indicator_id)
    is_old = and_(old.c.entry_id == signals.c.entry_id, old.c.revision == signals.c.revision)
    return (
        select(
            signals,
            func.coalesce(old.c.title, entries.c.title).label("title"),
            func.coalesce(old.c.summary, entries.c.summary).label("summary"),
            func.coalesce(old.c.link, entries.c.link).label("link"),
            entries.c.language,
            entries.c.feed_id,
            entries.c.published_at,
            entries.c.first_seen_at,
            feeds.c.title.label("feed_title"),
            feeds.c.family,
            feeds.c.party,
            feeds.c.reliability,
            review.c.verdict,
            review.c.given_at.label("reviewed_at"),
        )
        .join(entries, entries.c.id == signals.c.entry_id)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .outerjoin(old, is_old)
        .outerjoin(review, is_its)
    )


def _signal(row: Row[tuple[object, ...]]) -> Signal:
    return Signal(
        id=row.id,
        entry_id=row.entry_id,
        revision=row.revision,
        indicator_id=row.indicator_id,
        rule_version=row.rule_version,
        domain=row.domain,
        direction=Direction(row.direction),
        weight=row.weight,
        half_life=timedelta(seconds=row.half_life_s),
        place=Place(row.place),
        modality=Modality(row.modality),
        strength=row.strength,
        spans=tuple(Span(*span) for span in row.spans),
        facts=tuple(row.facts),
        effective_at=row.effective_at,
        is_retro=row.is_retro,
        review=Review(row.reviewed_at, Verdict(row.verdict)) if row.verdict else None,
        title=row.title,
        summary=row.summary,
        link=row.link,
        language=row.language,
        feed_id=row.feed_id,
        feed_title=row.feed_title,
        family=row.family,
        party=row.party,
        reliability=row.reliability,
        dating=_dating(row.published_at, row.first_seen_at),
    )


def _dating(published_at: datetime | None, first_seen_at: datetime) -> Dating:
    if published_at is None:
        return Dating.MISSING
    return Dating.FUTURE if published_at - first_seen_at > AHEAD else Dating.STATED
