"""Which entries people put into one story, or into two; rows are only added, the latest holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, select

from monitor.core.stories import Edits, Pair
from monitor.storage.schema import story_edits


def give(
    connection: Connection,
    pairs: Iterable[tuple[int, int]],
    *,
    together: bool,
    by: str,
    note: str,
    at: datetime,
) -> None:
    """Store what a person says of pairs of entries."""
    rows = [
        {
            "entry_id": min(pair),
            "other_id": max(pair),
            "together": together,
            "given_by": by,
            "note": note,
            "given_at": at,
        }
        for pair in pairs
    ]
    if rows:
        connection.execute(insert(story_edits), rows)


def in_force(connection: Connection, until: datetime) -> Edits:
    """What held at a time."""
    query = select(story_edits).where(story_edits.c.given_at <= until).order_by(story_edits.c.id)
    words: dict[Pair, bool] = {
        frozenset((row.entry_id, row.other_id)): row.together for row in connection.execute(query)
    }
    return Edits(
        together=frozenset(pair for pair, together in words.items() if together),
        apart=frozenset(pair for pair, together in words.items() if not together),
    )
