"""Rematch: what the rules of today find in the entries of yesterday."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from monitor.services.context import Context
from monitor.services.match import signal_rows
from monitor.storage import archive, signals
from monitor.storage.engine import reading, writing

CHUNK = 500


def rematch(
    context: Context, since: datetime, at: datetime, on_entry: Callable[[], None] = lambda: None
) -> int:
    """Store the signals that the rules in force find and that no entry since then has; how many.

    They are marked as retro: digests say that a later rule found them, and
    they never cause urgent mail. What older rules found stays: it is evidence
    of what was told. Safe to repeat and to interrupt.
    """
    with reading(context.engine) as connection:
        found = list(archive.entries_between(connection, since, at))
    added = 0
    for start in range(0, len(found), CHUNK):
        chunk = found[start : start + CHUNK]
        with writing(context.engine) as connection:
            had = signals.indicators_of(connection, [entry.id for entry in chunk])
            rows = []
            for entry in chunk:
                rows += signal_rows(
                    context,
                    entry.title,
                    entry.summary,
                    entry_id=entry.id,
                    revision=entry.revision,
                    had=had,
                    effective_at=entry.effective_at,
                    at=at,
                    is_retro=True,
                )
                on_entry()
            signals.store(connection, rows)
        added += len(rows)
    return added
