"""The scale that an installation's own record gives, from assessments as they are stored."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import pytest

from monitor.core.assessment import Assessment, Factors, Score
from monitor.core.model import Direction, Level
from monitor.core.scoring import saturate
from monitor.services.calibrate import Scale, scales
from monitor.services.context import Context
from monitor.storage import assessments
from monitor.storage.engine import reading, writing
from tests.core.builders import NOON

DAY = timedelta(days=1)
YEAR = 365 * DAY
LEAST = 1.5 * 6 / -math.log(0.4)  # one indicator of weight 6 alone reads 60


def an_assessment(at: datetime, value: float, *, coverage: float = 1.0) -> Assessment:
    """One in which each of ten indicators has a story of this value."""
    parts = tuple(
        Factors(
            signal_ids=(n,),
            indicator_id=f"defense.{n}",
            weight=6.0,
            strength=1.0,
            credibility=1.0,
            recency=1.0,
            value=value,
            points=1.0,
        )
        for n in range(10)
    )
    found = {
        d.value: Score(
            domain="defense",
            direction=d,
            as_of=at,
            index=1.0,  # of whatever scale was in force
            stories=parts if d is Direction.DEEPENING else (),
        )
        for d in Direction
    }
    return Assessment(
        domain="defense", as_of=at, level=Level.QUIET, level_since=at, coverage=coverage, **found
    )


def keep(context: Context, *made: Assessment, methodology: str = "v1") -> None:
    with writing(context.engine) as connection:
        assessments.store_all(connection, made, methodology=methodology, rules_revision="abc")


def deepening(context: Context, span: timedelta = YEAR) -> Scale:
    with reading(context.engine) as connection:
        [found] = [
            one for one in scales(connection, context, NOON, span) if one.direction is Direction.DEEPENING
        ]
    return found


def test_the_ninetieth_percentile_of_the_days_reads_60(context: Context) -> None:
    keep(context, *(an_assessment(NOON - n * DAY, n / 10) for n in range(100)))
    found = deepening(context)
    s = 10 * saturate(8.9, 9.0)  # the 90th of a hundred days
    assert (len(found.days), found.amount) == (100, pytest.approx(s))
    assert 100 * (1 - math.exp(-s / found.calibrated)) == pytest.approx(60)
    assert found.in_force == context.sigma("defense", "deepening")


def test_the_last_assessment_of_a_day_stands_for_it(context: Context) -> None:
    keep(context, *(an_assessment(NOON - n * timedelta(hours=1), float(n)) for n in range(12)))
    found = deepening(context)
    assert (len(found.days), found.amount) == (1, pytest.approx(0.0))


def test_days_with_few_feeds_of_another_version_or_too_long_ago_do_not_count(context: Context) -> None:
    keep(context, an_assessment(NOON, 1.0), an_assessment(NOON - DAY, 9.0, coverage=0.69))
    keep(context, an_assessment(NOON - 2 * DAY, 9.0), methodology="v0")
    keep(context, an_assessment(NOON - 9 * DAY, 9.0))
    assert list(deepening(context, 5 * DAY).days) == [NOON.date()]


def test_an_empty_record_does_not_make_one_indicator_an_alarm(context: Context) -> None:
    keep(context, an_assessment(NOON, 0.0))
    assert deepening(context).calibrated == pytest.approx(LEAST)


def test_directions_without_indicators_and_domains_without_days_have_no_scale(context: Context) -> None:
    keep(context, an_assessment(NOON, 1.0))
    with reading(context.engine) as connection:
        found = scales(connection, context, NOON, YEAR)
    assert [(one.domain, one.direction) for one in found] == [("defense", Direction.DEEPENING)]
