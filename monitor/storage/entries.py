"""Entries and their revisions: each stored once, under its publisher's identity of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from monitor.core.model import Entry
from monitor.storage.schema import entries, entry_revisions, tombstones
from monitor.storage.upsert import insert_new

# Below the smallest limit on variables in one statement (SQLite's 999 of old builds).
CHUNK = 500
MOST_REVISIONS = 20  # a page that changes at every poll must not fill the disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored under a key; without an id, the entry was there and has been pruned."""

    id: int | None
    fingerprint: str = ""
    revision: int = 0
    title: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry as the database holds it."""

    id: int
    revision: int
    entry: Entry
    effective_at: datetime
    first_seen_at: datetime


def known(connection: Connection, feed_id: str, keys: AbstractSet[str]) -> dict[str, Known]:
    """What is stored of one feed under these keys; absent keys are news."""
    found: dict[str, Known] = {}
    for chunk in _chunks(sorted(keys)):
        pruned = select(tombstones.c.key).where(tombstones.c.feed_id == feed_id, tombstones.c.key.in_(chunk))
        found |= {row.key: Known(id=None) for row in connection.execute(pruned)}
        stored = select(
            entries.c.key,
            entries.c.id,
            entries.c.fingerprint,
            entries.c.revision,
            entries.c.title,
            entries.c.link,
        ).where(entries.c.feed_id == feed_id, entries.c.key.in_(chunk))
        for row in connection.execute(stored):
            found[row.key] = Known(
                id=row.id, fingerprint=row.fingerprint, revision=row.revision, title=row.title, link=row.link
            )
    return found


def store_new(
    connection: Connection, feed_id: str, new: Sequence[tuple[Entry, str]], *, at: datetime
) -> dict[str, int]:
    """Store entries of one feed, each with its fingerprint; their ids by key.

    An entry published in the future counts as published now, so that it
    cannot stay on top for years.
    """
    rows = [
        {
            "feed_id": feed_id,
            "key": entry.key,
            "link": entry.link,
            "language": entry.language,
            "title": entry.title,
            "summary": entry.summary,
            "fingerprint": fingerprint,
            "published_at": entry.published_at,
            "effective_at": min(entry.published_at or at, at),
            "first_seen_at": at,
        }
        for entry, fingerprint in new
    ]
    insert_new(connection, entries, rows)
    keys = {entry.key for entry, _ in new}
    return {key: row.id for key, row in known(connection, feed_id, keys).items() if row.id is not None}


def store_edit(
    connection: Connection, before: Known, entry: Entry, fingerprint: str, *, at: datetime
) -> int | None:
    """Store an edited text, keep the one it replaces, and give the new revision.

    None when the entry has been edited too often to keep another revision.
    """
    if before.revision >= MOST_REVISIONS:
        return None
    this = entries.c.id == before.id
    old = connection.execute(select(entries).where(this)).one()
    revision: int = old.revision + 1
    connection.execute(
        insert(entry_revisions).values(
            entry_id=old.id,
            revision=old.revision,
            title=old.title,
            summary=old.summary,
            link=old.link,
            fingerprint=old.fingerprint,
            seen_at=old.edited_at or old.first_seen_at,
        )
    )
    connection.execute(
        update(entries)
        .where(this)
        .values(
            title=entry.title,
            summary=entry.summary,
            link=entry.link,
            fingerprint=fingerprint,
            revision=revision,
            edited_at=at,
        )
    )
    return revision


def get_entry(connection: Connection, entry_id: int) -> StoredEntry | None:
    """One entry as it stands now, None where there is none of this id."""
    row = connection.execute(select(entries).where(entries.c.id == entry_id)).one_or_none()
    if row is None:
        return None
    return StoredEntry(
        id=row.id,
        revision=row.revision,
        effective_at=row.effective_at,
        first_seen_at=row.first_seen_at,
        entry=Entry(
            feed_id=row.feed_id,
            key=row.key,
            title=row.title,
            summary=row.summary,
            link=row.link,
            language=row.language,
            published_at=row.published_at,
        ),
    )


def counts_by_language(connection: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """How many entries were first seen in (since, until], per language."""
    query = (
        select(entries.c.language, func.count().label("number"))
        .where(entries.c.first_seen_at > since, entries.c.first_seen_at <= until)
        .group_by(entries.c.language)
    )
    return {row.language: row.number for row in connection.execute(query)}


def count(connection: Connection) -> int:
    """How many entries are stored."""
    return connection.execute(select(func.count()).select_from(entries)).scalar_one()


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
