"""The clock of the machine, held against time that passed: what it may be trusted with after a jump."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.services.context import Context
from monitor.storage import meta
from monitor.storage.engine import writing
from monitor.storage.redating import redate

log = logging.getLogger(__name__)

KEY = "clock"
JUMP = timedelta(minutes=5)
# A clock that is set by less than this harms nothing: dues have keys, and waits are short.
LASTING = timedelta(days=1)
# Longer than this no daemon is down without anybody knowing.
DOWN_AT_MOST = timedelta(days=30)
NOBODY_SLEEPS = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What is known of the clock.

    `steady` is the time by what passed since the clock was last believed,
    `seen` what it showed at the last look, `jumped_at` when it was last seen to
    jump (as it showed then), and by how much.
    """

    steady: datetime
    seen: datetime
    jumped_at: datetime | None = None
    jumped_by: timedelta = timedelta(0)

    @property
    def is_believed(self) -> bool:
        """Whether it shows what time has passed."""
        return self.steady == self.seen

    @property
    def is_wrong(self) -> bool:
        """Whether it shows a time that cannot be: nothing can be dated by it, nothing be due."""
        return self.seen < self.steady - LASTING or self.seen > self.steady + NOBODY_SLEEPS

    def forbids_pruning(self, at: datetime) -> bool:
        """Whether what is old cannot be told: not believed, or set within a day."""
        has_jumped = self.jumped_at is not None and abs(at - self.jumped_at) < LASTING
        return not self.is_believed or has_jumped or at < self.seen - JUMP

    @property
    def words(self) -> str:
        """One line for the operator; "" for a clock that never jumped."""
        if self.jumped_at is None:
            return ""
        text = f"the clock jumped by {_signed(self.jumped_by)} to {self.jumped_at:%Y-%m-%d %H:%M}Z"
        if self.is_believed:
            return text
        stops = "nothing is polled, sent or forgotten" if self.is_wrong else "nothing is forgotten"
        return (
            f"{text}, it should be {self.steady:%Y-%m-%d %H:%M}Z: {stops} until it is set right, "
            "or trusted with `monitor trust-clock`"
        )


def looked_at(before: Clock | None, at: datetime, passed: timedelta | None) -> Clock:
    """What is known after a look: `at` is what the clock shows, `passed` the time since the last look.

    Without `passed`, at a start, any time up to a month may have passed.
    """
    if before is None:
        return Clock(steady=at, seen=at)
    expected = before.steady + (passed or timedelta(0))
    ahead = at - expected
    if -JUMP <= ahead <= (JUMP if passed is not None else DOWN_AT_MOST):
        return replace(before, steady=at, seen=at)
    # It was off already: only a further jump is news.
    moved = at - before.seen - (passed or timedelta(0))
    is_news = before.is_believed or abs(moved) > JUMP
    after = replace(before, steady=expected, seen=at)
    if is_news:
        after = replace(after, jumped_at=at, jumped_by=moved)
    return after if abs(ahead) > LASTING else replace(after, steady=at)


def look(context: Context, at: datetime, passed: timedelta | None) -> Clock:
    """Look at the clock, log a jump, and store what is known for the next start and for the operator."""
    with writing(context.engine) as connection:
        before = clock_in(connection)
        after = looked_at(before, at, passed)
        _store(connection, after)
        if before is not None and at < before.seen - JUMP and not after.is_wrong:
            redate(connection, at)
    if before is not None and after.jumped_at != before.jumped_at:
        log.warning(after.words)
    return after


def trust(connection: Connection, at: datetime) -> None:
    """Believe the clock from now on: a person says that it is right."""
    _store(connection, Clock(steady=at, seen=at))
    redate(connection, at)


def clock_in(connection: Connection) -> Clock | None:
    """What was stored at the last look."""
    stored = json.loads(meta.get(connection, KEY) or "{}")
    if not stored:
        return None
    jumped = stored["jumped_at"]
    return Clock(
        steady=datetime.fromisoformat(stored["steady"]),
        seen=datetime.fromisoformat(stored["seen"]),
        jumped_at=datetime.fromisoformat(jumped) if jumped else None,
        jumped_by=timedelta(seconds=stored["jumped_by_s"]),
    )


def _store(connection: Connection, clock: Clock) -> None:
    stored = {
        "steady": clock.steady.isoformat(),
        "seen": clock.seen.isoformat(),
        "jumped_at": clock.jumped_at.isoformat() if clock.jumped_at else "",
        "jumped_by_s": clock.jumped_by.total_seconds(),
    }
    meta.put(connection, KEY, json.dumps(stored))


def _signed(span: timedelta) -> str:
    return f"{'-' if span < timedelta(0) else '+'}{timedelta(seconds=round(abs(span).total_seconds()))}"
