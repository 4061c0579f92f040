"""Calibrate: the scales at which this installation's own record reads as the method intends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from monitor.core.assessment import Assessment
from monitor.core.model import Direction
from monitor.core.scoring import calibrated_sigma, percentile, saturated
from monitor.services.context import Context
from monitor.storage import assessments

# Fewer days hold one season of news at most, and stories of long half-lives are still gathering.
FEWEST_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What the record says of the scale of one domain in one direction."""

    domain: str
    direction: Direction
    days: Sequence[date]  # that it rests on: assessed, enough feeds read, this methodology version
    amount: float  # 90th percentile of S, the sum of saturated indicators
    in_force: float
    calibrated: float


def scales(connection: Connection, context: Context, at: datetime, span: timedelta) -> list[Scale]:
    """The scale of every domain and direction with indicators, from what was stored in `span` before `at`.

    One assessment a UTC day counts, the last one; days on which too few feeds could
    be read are left out, and so are those of another methodology version. The scale
    that was in force plays no part. Domains without such a day are left out.
    """
    read = assessments.coverages(connection, at - span, at)
    found: list[Scale] = []
    for domain in context.config.domains:
        last: Mapping[date, datetime] = {
            as_of.date(): as_of
            for as_of, share in sorted(read.get(domain.id, ()))
            if share >= context.method.coverage_floor
        }
        made = assessments.made_at(connection, domain.id, list(last.values()), context.method.version)
        found += [scale for direction in Direction if (scale := _scale(context, domain.id, direction, made))]
    return found


def _scale(context: Context, domain: str, direction: Direction, made: Sequence[Assessment]) -> Scale | None:
    weights = context.weights(domain, direction)
    if not made or not weights:
        return None
    amounts = [
        saturated(score.stories, context.method)
        for one in made
        for score in (one.deepening, one.friction, one.countermeasure)
        if score.direction is direction
    ]
    return Scale(
        domain=domain,
        direction=direction,
        days=[one.as_of.date() for one in made],
        amount=percentile(amounts, 0.9),
        in_force=context.sigma(domain, direction),
        calibrated=calibrated_sigma(amounts, weights, context.method),
    )
