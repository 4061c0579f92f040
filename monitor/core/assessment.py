"""What we say of a domain at one time, with the parts that its numbers are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.core.model import Direction, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """Why a story is worth what it is: weight x strength x credibility x recency x review = value."""

    signal_ids: tuple[int, ...]
    indicator_id: str
    weight: float
    strength: float
    credibility: float
    recency: float
    value: float
    points: float  # its share of the domain index
    review: float = 1.0  # what a person's verdict leaves of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Index of one domain in one direction at one time, 0 to 100, with its parts."""

    domain: str
    direction: Direction
    as_of: datetime
    index: float
    stories: tuple[Factors, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What we say of one domain at one time."""

    domain: str
    as_of: datetime
    level: Level
    level_since: datetime
    deepening: Score
    friction: Score
    countermeasure: Score
    coverage: float  # 0 to 1, weight of healthy feeds over weight of expected feeds
    note: str = ""  # why the level was held, where it was
