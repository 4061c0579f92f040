"""Warning levels: quick to rise on corroborated evidence, slow to fall, never flapping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.core.model import Level, Story
from monitor.core.scoring import Methodology, grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A level, since when it holds, and why it is not another one."""

    level: Level
    since: datetime
    note: str = ""


def is_corroborated(stories: Iterable[Story], method: Methodology) -> bool:
    """Is one story graded 3 or better with a publisher that is no party to the event?"""
    return any(
        grade(story, method)[1] in "123" and any(s.voice_party is None for s in story.signals)
        for story in stories
    )


def next_standing(
    previous: Standing | None,
    index: float,
    *,
    corroborated: bool,
    coverage: float,
    at: datetime,
    method: Methodology,
) -> Standing:
    """Step 10: the level that an index of 0 to 100 stands for, given where it stood.

    Up at the thresholds; a rise by two steps or to Elevated needs corroboration.
    Down only when the index is below the threshold by the hysteresis, after the
    dwell time, one step at a time, and not while coverage is below its floor:
    missing feeds are no calm.
    """
    plain = Level(sum(index >= threshold for threshold in method.thresholds))
    if previous is None:
        return _risen(Standing(level=Level.QUIET, since=at), plain, corroborated, at)
    if plain > previous.level:
        return _risen(previous, plain, corroborated, at)
    if plain < previous.level:
        return _fallen(previous, index, coverage, at, method)
    return Standing(level=previous.level, since=previous.since)


def _risen(previous: Standing, plain: Level, corroborated: bool, at: datetime) -> Standing:
    gated = plain - previous.level >= 2 or plain >= Level.ELEVATED
    if not gated or corroborated:
        level, note = plain, ""
    else:
        level = max(previous.level, min(Level(previous.level + 1), Level.NOTABLE))
        note = f"held at {level.label}: uncorroborated"
    since = at if level != previous.level else previous.since
    return Standing(level=level, since=since, note=note)


def _fallen(previous: Standing, index: float, coverage: float, at: datetime, method: Methodology) -> Standing:
    kept = Standing(level=previous.level, since=previous.since)
    if index >= method.thresholds[previous.level - 1] - method.hysteresis:
        return kept
    if coverage < method.coverage_floor:
        note = f"held at {previous.level.label}: coverage {coverage:.0%}"
        return Standing(level=previous.level, since=previous.since, note=note)
    if at - previous.since < method.dwell:
        return kept
    return Standing(level=Level(previous.level - 1), since=at)
