"""Verdicts: what people say of signals. Rows are only added; the latest of a signal is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Subquery, func, insert, select

from monitor.core.model import Signal
from monitor.core.review import Review, Verdict
from monitor.storage.schema import verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What people said of the signals of one version of an indicator's rule."""

    indicator_id: str
    rule_version: int
    counts: Mapping[Verdict, int]

    @property
    def precision(self) -> float:
        """The share of reviewed signals that were no false alarm; a routine event is an event."""
        total = sum(self.counts.values())
        return 1 - self.counts.get(Verdict.FALSE, 0) / total if total else 0.0


def give(
    connection: Connection, signal: Signal, verdict: Verdict, *, by: str, note: str, at: datetime
) -> None:
    """Store a verdict on one signal."""
    connection.execute(
        insert(verdicts).values(
            entry_id=signal.entry_id,
            indicator_id=signal.indicator_id,
            rule_version=signal.rule_version,
            verdict=verdict.value,
            given_by=by,
            note=note,
            given_at=at,
        )
    )


def latest(until: datetime | None = None) -> Subquery:
    """The verdicts in force, one row per signal; with `until` those that were in force at that time."""
    ids = select(func.max(verdicts.c.id)).group_by(verdicts.c.entry_id, verdicts.c.indicator_id)
    if until is not None:
        ids = ids.where(verdicts.c.given_at <= until)
    return select(verdicts).where(verdicts.c.id.in_(ids)).subquery("latest_verdicts")


def in_force(connection: Connection) -> dict[tuple[int, str], Review]:
    """The verdict in force of every reviewed (entry, indicator)."""
    rows = connection.execute(select(latest()))
    return {(r.entry_id, r.indicator_id): Review(r.given_at, Verdict(r.verdict)) for r in rows}


def precisions(connection: Connection) -> list[Precision]:
    """The verdicts in force by indicator and version of its rule, in order of id."""
    found = latest()
    key = (found.c.indicator_id, found.c.rule_version)
    query = select(*key, found.c.verdict, func.count().label("number"))
    counts: dict[tuple[str, int], dict[Verdict, int]] = {}
    for row in connection.execute(query.group_by(*key, found.c.verdict).order_by(*key)):
        counts.setdefault((row.indicator_id, row.rule_version), {})[Verdict(row.verdict)] = row.number
    return [
        Precision(indicator_id=name, rule_version=version, counts=of)
        for (name, version), of in counts.items()
    ]
