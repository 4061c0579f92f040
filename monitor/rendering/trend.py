"""The trend of half a year: a picture of each domain, and its numbers in words for who does not see it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

from monitor.core.digest import Digest, Trend
from monitor.rendering.domains import numbers
from monitor.rendering.language import _

DRAWN_WITHIN = 30  # seconds; one is usual
# -P: what lies in the folder that we run in is nothing to import.
_WORKER = ("-P", "-m", "monitor.rendering.picture")

logger = logging.getLogger(__name__)


def with_pictures(
    trends: Sequence[Trend], thresholds: Sequence[float], worker: Sequence[str] = _WORKER
) -> tuple[Trend, ...]:
    """The trends with a picture each, or without where they cannot be drawn: a digest leaves all the same.

    `thresholds` are the indexes at which levels begin. A process of its own
    draws: what a large library keeps in memory, and what it may fail with, ends
    with it.
    """
    asked = {
        "thresholds": list(thresholds),
        "trends": [{"deepening": one.deepening, "friction": one.friction} for one in trends],
    }
    try:
        done = subprocess.run(  # noqa: S603  our own arguments, no shell
            (sys.executable, *worker),
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=DRAWN_WITHIN,
            check=True,
        )
        pictures = json.loads(done.stdout)
        drawn = tuple(replace(one, picture=str(p)) for one, p in zip(trends, pictures, strict=True))
    except subprocess.CalledProcessError as error:
        logger.warning("pictures of the trend could not be drawn: %s", error.stderr.decode()[-500:])
        return tuple(trends)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        logger.warning("pictures of the trend could not be drawn: %s", error)
        return tuple(trends)
    return drawn


def content_id(trend: Trend) -> str:
    """What the HTML calls the picture by."""
    return f"trend-{trend.domain.replace('_', '-')}@entente"


def weeks(digest: Digest) -> int:
    """How far back the trends go."""
    return max((len(trend.deepening) for trend in digest.trends), default=0)


def described(trend: Trend, title: str) -> str:
    """The numbers of a picture, oldest first."""
    return _(
        "{domain}, index by week, oldest first. Deepening: {deepening}. Friction: {friction}.",
        domain=title,
        deepening=numbers(trend.deepening),
        friction=numbers(trend.friction),
    )


def summary(trend: Trend) -> str:
    """Where a domain came from and where it stands: "deepening 12 to 43, highest 43; friction ..."."""
    spans = {"deepening": _span(trend.deepening), "friction": _span(trend.friction)}
    return _("deepening {deepening}; friction {friction}", **spans)


def _span(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return _("baseline forming")
    first, last, highest = (f"{value:.0f}" for value in (known[0], known[-1], max(known)))
    return _("{first} to {last}, highest {highest}", first=first, last=last, highest=highest)
