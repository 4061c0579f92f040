"""Replay: archived entries in time order, with a simulated clock, through the daemon's own code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.cadence import next_of, streams_of, zone_or_utc
from monitor.core.digest import Digest
from monitor.core.model import Entry, Feed, FeedState, Fetched
from monitor.core.outcome import Outcome
from monitor.services.assess import assess
from monitor.services.compose import compose_due
from monitor.services.context import Context
from monitor.services.poll import PollReport, record_poll
from monitor.storage import feeds
from monitor.storage.engine import writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """An archived entry and when it came out."""

    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One step of the simulated clock."""

    at: datetime
    entries: int
    signals: int
    digests: tuple[Digest, ...]


def replay(
    context: Context,
    archived: Sequence[Archived],
    known_feeds: Mapping[str, Feed],
    *,
    digests_from: datetime | None = None,
    on_tick: Callable[[Tick], None] = lambda tick: None,
) -> None:
    """Poll, assess and compose as the daemon would have, at each due of the first recipient.

    A feed is expected from its first archived entry to its last one: what was
    not archived says nothing about a feed's health. Digests are composed from
    `digests_from` on; None composes none.
    """
    ordered = sorted(archived, key=lambda item: (item.at, item.entry.feed_id, item.entry.key))
    if not ordered:
        return
    last_seen = {item.entry.feed_id: item.at for item in ordered}
    listed: dict[str, Feed] = {}
    for at, batch in _steps(context, ordered):
        arrived = {item.entry.feed_id for item in batch}
        now_listed = {
            name: known_feeds[name]
            for name in sorted(listed.keys() | arrived)
            if last_seen[name] > at - timedelta(days=7)
        }
        if now_listed != listed:
            listed = now_listed
            with writing(context.engine) as connection:
                feeds.sync_feeds(connection, tuple(listed.values()), at=at)
        reports = [_record(context, feed, batch, at) for feed in listed.values()]
        composed = compose_due(context, at) if digests_from and at >= digests_from else []
        if not composed:
            assess(context, at)
        on_tick(
            Tick(
                at=at,
                entries=len(batch),
                signals=sum(report.signals for report in reports),
                digests=tuple(composed),
            )
        )


def _steps(context: Context, ordered: Sequence[Archived]) -> Iterator[tuple[datetime, list[Archived]]]:
    """Cut the archive at each due of the first recipient; empty steps too, since scores decay."""
    recipient = context.config.recipients[0]
    stream, zone = streams_of(recipient.id, recipient.cadences)[0], zone_or_utc(recipient.timezone)
    position = 0
    at = ordered[0].at
    while position < len(ordered):
        at = next_of(stream, zone, at).at
        start = position
        while position < len(ordered) and ordered[position].at < at:
            position += 1
        yield at, list(ordered[start:position])


def _record(context: Context, feed: Feed, batch: Iterable[Archived], at: datetime) -> PollReport:
    entries = tuple(item.entry for item in batch if item.entry.feed_id == feed.id)
    outcome = Outcome.OK if entries else Outcome.NOT_MODIFIED
    return record_poll(context, FeedState(feed=feed), Fetched(outcome=outcome, entries=entries), at, 0.0)
