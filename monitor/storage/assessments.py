"""Assessments as they were made, with the evidence that their numbers rest on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from monitor.core.assessment import Assessment, Factors, Score
from monitor.core.model import Direction, Level
from monitor.storage.schema import assessments
from monitor.storage.upsert import insert_into


def store_all(
    connection: Connection, made: Iterable[Assessment], *, methodology: str, rules_revision: str
) -> None:
    """Store assessments; one of the same domain and time is replaced, as evidence may have come since."""
    for one in made:
        values = {
            "as_of": one.as_of,
            "domain": one.domain,
            "level": int(one.level),
            "level_since": one.level_since,
            "deepening": one.deepening.index,
            "friction": one.friction.index,
            "countermeasure": one.countermeasure.index,
            "coverage": one.coverage,
            "note": one.note,
            "evidence": {
                score.direction.value: [asdict(factors) for factors in score.stories]
                for score in (one.deepening, one.friction, one.countermeasure)
            },
            "methodology": methodology,
            "rules_revision": rules_revision,
        }
        statement = insert_into(connection, assessments).values(**values)
        connection.execute(statement.on_conflict_do_update(index_elements=["domain", "as_of"], set_=values))


def latest(connection: Connection, at: datetime) -> dict[str, Assessment]:
    """The last assessment of each domain at or before a time."""
    newest = (
        select(assessments.c.domain, func.max(assessments.c.as_of).label("as_of"))
        .where(assessments.c.as_of <= at)
        .group_by(assessments.c.domain)
        .subquery()
    )
    same = and_(assessments.c.domain == newest.c.domain, assessments.c.as_of == newest.c.as_of)
    rows = connection.execute(select(assessments).join(newest, same))
    return {row.domain: _assessment(row) for row in rows}


def methodology_at(connection: Connection, at: datetime) -> str:
    """The methodology version of the last assessment at or before a time; "" without one."""
    query = select(assessments.c.methodology).where(assessments.c.as_of <= at)
    return connection.execute(query.order_by(assessments.c.as_of.desc()).limit(1)).scalar_one_or_none() or ""


def revision_at(connection: Connection, at: datetime) -> str:
    """The revision of the rules of the last assessment at or before a time; "" without one."""
    query = select(assessments.c.rules_revision).where(assessments.c.as_of <= at)
    return connection.execute(query.order_by(assessments.c.as_of.desc()).limit(1)).scalar_one_or_none() or ""


def weekly_history(
    connection: Connection, domain: str, until: datetime, weeks: int = 7
) -> tuple[tuple[float, float] | None, ...]:
    """Deepening and friction at the end of each of the last weeks, oldest first, the last one `until`.

    None for a week before the first assessment.
    """
    ends = [until - timedelta(weeks=weeks - 1 - number) for number in range(weeks)]
    return tuple(_indexes_at(connection, domain, end) for end in ends)


def coverages(
    connection: Connection, since: datetime, until: datetime
) -> dict[str, list[tuple[datetime, float]]]:
    """When each domain was assessed in (since, until], and how much of its feeds could be read then."""
    table = assessments
    query = select(table.c.domain, table.c.as_of, table.c.coverage).where(
        table.c.as_of > since, table.c.as_of <= until
    )
    found: dict[str, list[tuple[datetime, float]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.domain, []).append((row.as_of, row.coverage))
    return found


def made_at(
    connection: Connection, domain: str, times: Sequence[datetime], methodology: str
) -> list[Assessment]:
    """The assessments of a domain at these times, in order, that were made with one methodology version."""
    table = assessments
    query = select(table).where(
        table.c.domain == domain, table.c.as_of.in_(times), table.c.methodology == methodology
    )
    return [_assessment(row) for row in connection.execute(query.order_by(table.c.as_of))]


def _indexes_at(connection: Connection, domain: str, at: datetime) -> tuple[float, float] | None:
    query = (
        select(assessments.c.deepening, assessments.c.friction)
        .where(assessments.c.domain == domain, assessments.c.as_of <= at)
        .order_by(assessments.c.as_of.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return (row.deepening, row.friction) if row else None


def _assessment(row: Row[tuple[object, ...]]) -> Assessment:
    indexes = {
        Direction.DEEPENING: row.deepening,
        Direction.FRICTION: row.friction,
        Direction.COUNTERMEASURE: row.countermeasure,
    }
    scores = {
        direction: Score(
            domain=row.domain,
            direction=direction,
            as_of=row.as_of,
            index=index,
            stories=tuple(_factors(item) for item in row.evidence.get(direction.value, ())),
        )
        for direction, index in indexes.items()
    }
    return Assessment(
        domain=row.domain,
        as_of=row.as_of,
        level=Level(row.level),
        level_since=row.level_since,
        deepening=scores[Direction.DEEPENING],
        friction=scores[Direction.FRICTION],
        countermeasure=scores[Direction.COUNTERMEASURE],
        coverage=row.coverage,
        note=row.note,
    )


def _factors(item: dict[str, Any]) -> Factors:
    return Factors(**(item | {"signal_ids": tuple(item["signal_ids"])}))
