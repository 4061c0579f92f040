"""I10: every stored index, worked out anew from the stored signals by docs/methodology.md alone."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select

from monitor.storage.schema import assessments, entries, entry_revisions, feeds, signals, verdicts
from torture.evidence import Evidence, Violations
from torture.setting import INDICATORS

# The constants of method v1, and what a publisher of each grade is worth.
RHO, PARTY_CAP, ROUTINE, KAPPA, SIGMA_SHARE = 0.6, 0.55, 0.5, 1.5, 0.35
WORTH = {"A": 1.0, "B": 0.8, "C": 0.6, "D": 0.35, "E": 0.15, "F": 0.4}
PLACE = {"title": 1.0, "lead": 0.85, "body": 0.6}
MODALITY = {
    "occurred": 1.0,
    "planned": 0.7,
    "alleged": 0.5,
    "denied": 0.2,
    "retrospective": 0.3,
    "opinion": 0.3,
}
ONE_EVENT, HALF_LIVES = timedelta(hours=72), 8
EXACT = 1e-9
DIRECTIONS = ("deepening", "friction", "countermeasure")


@dataclass(frozen=True, slots=True)
class Signal:
    """What a score needs of a signal. Its title tells its story: no two stories of the farm share one."""

    id: int
    indicator: str
    domain: str
    direction: str
    title: str
    weight: float
    strength: float
    half_life: timedelta
    effective_at: datetime
    matched_at: datetime
    family: str
    party: str | None
    worth: float
    said: tuple[tuple[datetime, int, str], ...]  # verdicts: when, in which order, what


def scores_follow(evidence: Evidence, connection: Connection) -> Violations:
    """I10: each stored index is that of the signals known then.

    Left out are the times that the clock showed twice: what was known "then" is
    not one thing there.
    """
    known = _signals(connection)
    table = assessments.c
    query = select(table.domain, table.as_of, *(assessments.c[name] for name in DIRECTIONS))
    pictures: dict[datetime, dict[tuple[str, str], float]] = {}
    for row in connection.execute(query.order_by(table.as_of)):
        if evidence.clock.lived_twice(row.as_of.timestamp()):
            continue
        if row.as_of not in pictures:
            pictures[row.as_of] = _indexes(known, row.as_of)
        for direction in DIRECTIONS:
            was, is_ = getattr(row, direction), pictures[row.as_of].get((row.domain, direction), 0.0)
            if abs(was - is_) > EXACT:
                yield "I10", f"{row.domain} {direction} at {row.as_of.isoformat()}: stored {was}, is {is_}"


def _indexes(known: Sequence[Signal], at: datetime) -> dict[tuple[str, str], float]:
    """All indexes that are not 0 at a time."""
    alive = [
        one
        for one in known
        if one.matched_at <= at
        and one.effective_at <= at
        and at - one.effective_at <= HALF_LIVES * one.half_life
    ]
    worth: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for story in _stories(alive):
        value = _value(story, at)
        if value is not None:
            one = story[0]
            worth[one.domain, one.direction][one.indicator].append((value, one.weight))
    return {key: _index(key, by_indicator) for key, by_indicator in worth.items()}


def _stories(alive: Sequence[Signal]) -> list[list[Signal]]:
    """Signals of one indicator under one title, within three days of the first."""
    groups: dict[tuple[str, str], list[list[Signal]]] = defaultdict(list)
    for one in sorted(alive, key=lambda s: (s.effective_at, s.id)):
        clusters = groups[one.indicator, one.title]
        if clusters and one.effective_at - clusters[-1][0].effective_at <= ONE_EVENT:
            clusters[-1].append(one)
        else:
            clusters.append([one])
    return [cluster for clusters in groups.values() for cluster in clusters]


def _value(story: Sequence[Signal], at: datetime) -> float | None:
    """weight x strength x credibility x recency x review; None for a story that was marked false."""
    heard = [[v for v in one.said if v[0] <= at] for one in story]
    said = [max(words, key=lambda v: v[1]) for words in heard if words]
    verdict = max(said, key=lambda v: v[0])[2] if said else ""
    if verdict == "false":
        return None
    best: dict[str, float] = {}
    for one in story:
        best[one.family] = max(best.get(one.family, 0.0), one.worth)
    credibility = 1 - math.prod(1 - RHO * worth for worth in best.values())
    if all(one.party for one in story):
        credibility = min(credibility, PARTY_CAP)
    age = max(at - story[0].effective_at, timedelta(0))
    recency = 0.5 ** (age / story[0].half_life)
    review = ROUTINE if verdict == "routine" else 1.0
    return story[0].weight * max(one.strength for one in story) * credibility * recency * review


def _index(key: tuple[str, str], by_indicator: Mapping[str, list[tuple[float, float]]]) -> float:
    total = 0.0
    for stories in by_indicator.values():
        cap = KAPPA * max(weight for _, weight in stories)
        total += cap * (1 - math.exp(-sum(value for value, _ in stories) / cap))
    weights = [one.weight for one in INDICATORS if (one.domain, one.direction) == key]
    sigma = max(SIGMA_SHARE * KAPPA * sum(weights), 1.0)
    return 100 * (1 - math.exp(-total / sigma))


def _signals(connection: Connection) -> list[Signal]:
    said: dict[tuple[int, str], list[tuple[datetime, int, str]]] = defaultdict(list)
    for row in connection.execute(select(verdicts)):
        said[row.entry_id, row.indicator_id].append((row.given_at, row.id, row.verdict))
    old = entry_revisions
    is_old = and_(old.c.entry_id == signals.c.entry_id, old.c.revision == signals.c.revision)
    query = (
        select(
            signals,
            func.coalesce(old.c.title, entries.c.title).label("title"),
            feeds.c.family,
            feeds.c.party,
            feeds.c.reliability,
        )
        .join(entries, entries.c.id == signals.c.entry_id)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .outerjoin(old, is_old)
    )
    return [
        Signal(
            id=row.id,
            indicator=row.indicator_id,
            domain=row.domain,
            direction=row.direction,
            title=row.title,
            weight=row.weight,
            strength=PLACE[row.place] * MODALITY[row.modality],
            half_life=timedelta(seconds=row.half_life_s),
            effective_at=row.effective_at,
            matched_at=row.matched_at,
            family=row.family,
            party=row.party,
            worth=WORTH[row.reliability],
            said=tuple(said[row.entry_id, row.indicator_id]),
        )
        for row in connection.execute(query)
    ]


CHECKS = (scores_follow,)
