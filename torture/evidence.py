"""What the checks look at: the ledgers, the lives of the daemon, and the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from statistics import median

from sqlalchemy import Connection, inspect, select

from monitor.storage.schema import (
    alerts,
    deliveries,
    digest_signals,
    digests,
    entries,
    signals,
    verdicts,
)
from torture.analyst import Analyst
from torture.canary import Canary
from torture.clock import Clock
from torture.daemon import Life
from torture.farm import Farm
from torture.nemesis import Nemesis
from torture.plan import Plan
from torture.sink import Sink

# A statement may wait so long for a lock before it fails, and a little more until that is logged.
BUSY_S = 11.0

Violations = Iterator[tuple[str, str]]  # the invariant, and what breaks it by its key


@dataclass(kw_only=True)
class Evidence:
    """One round, for the checks."""

    plan: Plan
    clock: Clock
    farm: Farm
    sink: Sink
    canary: Canary
    analyst: Analyst
    nemesis: Nemesis
    settling_since: float = 0.0  # real
    settled_at: datetime | None = None
    # What was in the database at any probe, by table: a key of each row that never goes again.
    seen: dict[str, set[object]] = field(default_factory=lambda: defaultdict(set))
    # How often a message was accepted while the daemon died before it could note so.
    unmarked: Counter[str] = field(default_factory=Counter)
    probes: int = 0

    @property
    def lives(self) -> list[Life]:
        return self.nemesis.lives

    def patience_s(self, since: float = 0.0, until: float = inf) -> float:
        """How long a daemon must run undisturbed to have done all that is due.

        More on a machine that is busy with other things, which the starts between two real times tell.
        """
        started = [life for life in self.lives if life.running is not None]
        near = [life for life in started if since <= life.began <= until] or started
        return max(4.0, 20 * median(life.running - life.began for life in near)) if near else 4.0

    def calm(self, since: float, until: float) -> Iterator[tuple[float, float]]:
        """The stretches of real time in which a daemon ran undisturbed."""
        for life in self.lives:
            if life.running is None:
                continue
            first, last = max(since, life.running), min(until, life.told_to_end or life.ended or until)
            faults = [(begin, end + BUSY_S) for begin, end, _ in self.nemesis.faults]
            for begin, end in sorted([*life.stopped, *faults]):
                if begin < last and end > first:
                    yield first, begin
                    first = max(first, end)
            if first < last:
                yield first, last

    def times(self) -> dict[str, object]:
        """What happened when, in real seconds: to be read beside the files of a violated round."""
        return {
            "clock": self.clock.segments,
            "ticks": self.farm.ticked_at,
            "served": self.farm.served,
            "faults": self.nemesis.faults,
            "lives": [
                [one.pid, one.failpoint, one.began, one.running, one.ended, one.code, one.stopped]
                for one in self.lives
            ],
        }

    def in_fault(self, at: float) -> bool:
        """Whether the database was in trouble at a real time, or had been shortly before."""
        return any(begin - 0.5 <= at <= end + BUSY_S for begin, end, _ in self.nemesis.faults)

    def could_not_mark(self, at: float) -> bool:
        """Whether a message accepted at a real time could perhaps not be marked as sent."""
        near = (kind for begin, end, kind in self.nemesis.faults if begin - 0.5 <= at <= end + 0.5)
        return any(kind != "lock" for kind in near)  # a lock is shorter than a statement's patience

    def remember(self, connection: Connection) -> None:
        """Note what is in the database now."""
        for name, query in _LASTING.items():
            self.seen[name] |= {tuple(row) for row in connection.execute(query)}

    def vanished(self, connection: Connection) -> Iterator[tuple[str, object]]:
        """What was in the database at a probe and is not any more."""
        for name, query in _LASTING.items():
            now = {tuple(row) for row in connection.execute(query)}
            yield from ((name, key) for key in sorted(self.seen[name] - now, key=str))

    def note_unmarked(self, connection: Connection, life: Life) -> None:
        """Note what was accepted in a life that ended before it was marked as sent."""
        accepted = {mail.message_id for mail in self.sink.mails if mail.at >= life.began - 0.1}
        query = select(deliveries.c.message_id, deliveries.c.state)
        states = {row.message_id: row.state for row in connection.execute(query)}
        self.unmarked.update(one for one in accepted if states.get(one) != "sent")


_LASTING = {
    "signals": select(signals.c.entry_id, signals.c.indicator_id, signals.c.rule_version),
    "digests": select(digests.c.recipient_id, digests.c.due_key),
    "digest_signals": select(digest_signals.c.recipient_id, digest_signals.c.signal_id),
    "deliveries": select(deliveries.c.message_id),
    "alerts": select(alerts.c.recipient_id, alerts.c.key),
    "verdicts": select(verdicts.c.entry_id, verdicts.c.indicator_id, verdicts.c.verdict),
    "entries": select(entries.c.feed_id, entries.c.key),
}


def has_tables(connection: Connection) -> bool:
    """Whether the first start came as far as making the tables."""
    return "signals" in inspect(connection).get_table_names()
