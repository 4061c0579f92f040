"""What a clock that was ahead dated into the future, once the clock is right again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from monitor.storage.schema import digests, signals

# A digest that left a little early for a clock that was set is not written twice.
EARLY_AT_MOST = timedelta(hours=6)


def redate(connection: Connection, at: datetime) -> None:
    """Date signals that were found in what is the future at `at` to it, and open the dues of digests again
    that were written over six hours before their time."""
    for moment in (signals.c.matched_at, signals.c.effective_at):
        connection.execute(update(signals).where(moment > at).values({moment: at}))
    early = digests.c.due_at > at + EARLY_AT_MOST
    key = digests.c.due_key.concat(" by a clock that was ahead, digest ").concat(digests.c.id)
    connection.execute(update(digests).where(early).values(due_key=key))
