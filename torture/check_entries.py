"""I1 to I5: entries, validators and signals, against the ledger of the farm."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from monitor.storage.schema import assessments, entries, entry_revisions, feeds, signals, tombstones
from torture.evidence import Evidence, Violations
from torture.farm import Item
from torture.setting import BY_ID, PAIR, found_in

VISIBLE_LONG = 60  # seconds in a document, after which an entry must be stored


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database holds of the farm's feeds."""

    rows: Mapping[tuple[int, str], list[tuple[int, str, str]]]  # by feed and link: id, title, summary
    older: Mapping[int, list[tuple[str, str]]]  # the texts that edits replaced, by entry
    pruned: set[tuple[int, str]]  # feed and key


def stored(connection: Connection) -> Stored:
    """Read what the database holds of the farm's feeds."""
    rows: dict[tuple[int, str], list[tuple[int, str, str]]] = defaultdict(list)
    query = select(entries.c.id, entries.c.feed_id, entries.c.link, entries.c.title, entries.c.summary)
    for row in connection.execute(query.where(entries.c.feed_id.like("feed-%"))):
        rows[_number(row.feed_id), row.link].append((row.id, row.title, row.summary))
    older: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for row in connection.execute(select(entry_revisions)):
        older[row.entry_id].append((row.title, row.summary))
    gone = connection.execute(select(tombstones).where(tombstones.c.feed_id.like("feed-%")))
    return Stored(rows, older, {(_number(row.feed_id), row.key) for row in gone})


def nothing_lost(evidence: Evidence, connection: Connection) -> Violations:
    """I1: what was ever stored is there; what was visible long enough is stored, as last published."""
    held = stored(connection)
    pruned = {tuple(row) for row in connection.execute(select(tombstones.c.feed_id, tombstones.c.key))}
    for name, key in evidence.vanished(connection):
        if name != "entries" or key not in pruned:
            yield "I1", f"{name} {key} was stored and is gone"
    last_tick = max((item[-1].tick for item in evidence.farm.published.values()), default=0)
    for (feed, link), revisions in evidence.farm.published.items():
        gone_at = evidence.farm.dropped.get((feed, link))
        rows = held.rows.get((feed, link), [])
        if _is_pruned(held, feed, revisions):
            continue
        if not rows and (gone_at is None or _could_be_read(evidence, feed, revisions[0].tick, gone_at)):
            yield "I1", f"{link} (tick {revisions[0].tick} of {last_tick}) is not stored"
        if rows and gone_at is None and rows[0][1:] != revisions[-1].text:
            yield "I1", f"{link} is not stored as last published"


def _could_be_read(evidence: Evidence, feed: int, since: int, until: int) -> bool:
    """Whether daemons could store what a feed showed between two ticks.

    One that fetched a whole document must live undisturbed for long enough
    afterwards, for all that it fetched waits for one parser; where none
    fetched it, they must have run for long enough in all.
    """
    shown = evidence.farm.ticked_at[since], evidence.farm.ticked_at[until]
    calm, needed = list(evidence.calm(*shown)), evidence.patience_s(*shown)
    fetched = [
        one.at
        for one in evidence.farm.served
        if one.feed == feed and one.status == 200 and shown[0] < one.at < shown[1]
    ]
    if fetched:
        return any(last - at >= needed / 2 for at in fetched for first, last in calm if first <= at <= last)
    long_enough = sum(last - first for first, last in calm if last - first > 1) >= 2 * needed
    return until - since >= VISIBLE_LONG and long_enough


def stored_once(evidence: Evidence, connection: Connection) -> Violations:
    """I2: no two rows for one entry of the ledger, and no row that the ledger does not know."""
    for (feed, link), rows in stored(connection).rows.items():
        if len(rows) > 1:
            yield "I2", f"{link} is stored {len(rows)} times"
        revisions = evidence.farm.published.get((feed, link))
        if revisions is None or rows[0][1:] not in {one.text for one in revisions}:
            yield "I2", f"{link} is stored as nobody published it"


def validators_follow(evidence: Evidence, connection: Connection) -> Violations:
    """I3: where a feed's validator is stored, all entries of that version of its document are."""
    held = stored(connection)
    query = select(feeds.c.id, feeds.c.etag).where(feeds.c.id.like("feed-%"), feeds.c.etag != "")
    for row in connection.execute(query):
        feed = _number(row.id)
        for item in evidence.farm.versions.get((feed, row.etag), ()):
            rows = held.rows.get((feed, item.link))
            if not rows and not _is_pruned(held, feed, evidence.farm.published[feed, item.link]):
                yield "I3", f"{row.id} has validator {row.etag} and lacks {item.link}"


def signals_follow(evidence: Evidence, connection: Connection) -> Violations:
    """I4 and I5: the signals of an entry are those of its stored texts by construction, each once."""
    held = stored(connection)
    found: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    query = select(signals.c.entry_id, signals.c.indicator_id, signals.c.rule_version, signals.c.revision)
    for row in connection.execute(query):
        found[row.entry_id].append((row.indicator_id, row.rule_version, row.revision))
    for (_, link), rows in held.rows.items():
        entry, title, summary = rows[0]
        texts = [*held.older[entry], (title, summary)]
        wanted = set().union(*(found_in(f"{one} {other}") for one, other in texts))
        counts = Counter(indicator for indicator, _, _ in found[entry])
        yield from (("I4", f"{link} has {n} signals of {one}") for one, n in counts.items() if n > 1)
        yield from (("I5", f"{link} lacks a signal of {one}") for one in wanted - counts.keys())
        yield from (("I4", f"{link} has a signal of {one} for nothing") for one in counts.keys() - wanted)
        yield from _one_set(link, found[entry], evidence.analyst.rules_version)


def rules_were_whole(evidence: Evidence, connection: Connection) -> Violations:
    """I4: nothing was assessed by a set of rules that was never whole on disk."""
    found = connection.execute(select(assessments.c.rules_revision).distinct()).scalars()
    yield from (
        ("I4", f"assessed by the rules {one}, which were never whole")
        for one in sorted(set(found) - evidence.analyst.revisions)
    )


def _one_set(link: str, found: list[tuple[str, int, int]], newest: int) -> Violations:
    """The paired rules were of one version whenever they matched."""
    paired = {BY_ID[one.id].id for one in PAIR}
    versions = {version for indicator, version, _ in found if indicator in paired}
    if len(versions) > 1:
        yield "I4", f"{link} was matched by a mixed set of rules, versions {sorted(versions)}"
    if any(version > newest + 1 for version in versions):
        yield "I4", f"{link} was matched by rules that were never on disk"


def _is_pruned(held: Stored, feed: int, revisions: list[Item]) -> bool:
    """Whether retention took an entry that had no signal when it was taken."""
    first = revisions[0]
    own = f"{first.guid[:180]}#{hashlib.sha256(first.link.encode()).hexdigest()[:16]}"
    is_gone = (feed, first.guid) in held.pruned or (feed, own) in held.pruned
    return is_gone and not found_in(" ".join(first.text))


def _number(feed_id: str) -> int:
    return int(feed_id.removeprefix("feed-")) if feed_id.startswith("feed-") else -1


CHECKS = (nothing_lost, stored_once, validators_follow, signals_follow, rules_were_whole)
AT_EVERY_PROBE = (stored_once, validators_follow)
