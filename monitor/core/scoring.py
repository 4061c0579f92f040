"""From stories to an index of 0 to 100 per domain and direction; docs/methodology.md has the same in words.

The steps are numbered as there. Deepening, friction and countermeasures are
scored apart and never netted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import median

from monitor.core.assessment import Factors, Score
from monitor.core.model import Direction, Modality, Place, Signal, Story
from monitor.core.review import Verdict

# Beyond this many half-lives a story is worth less than half a percent of itself.
HORIZON_HALF_LIVES = 8
# Where a calibrated scale puts the 90th percentile of a domain's days.
CALIBRATED_INDEX = 60.0


def _places() -> dict[Place, float]:
    return {Place.TITLE: 1.0, Place.LEAD: 0.85, Place.BODY: 0.6}


def _modalities() -> dict[Modality, float]:
    return {
        Modality.OCCURRED: 1.0,
        Modality.PLANNED: 0.7,
        Modality.ALLEGED: 0.5,
        Modality.OPINION: 0.3,
        Modality.RETROSPECTIVE: 0.3,
        Modality.DENIED: 0.2,
    }


def _reliabilities() -> dict[str, float]:
    # Unknown (F) is neither trusted nor worth nothing.
    return {"A": 1.0, "B": 0.8, "C": 0.6, "D": 0.35, "E": 0.15, "F": 0.4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Methodology:
    """Constants of one version of the method; a change of any is a new version."""

    version: str = "v1"
    place: Mapping[Place, float] = field(default_factory=_places)
    modality: Mapping[Modality, float] = field(default_factory=_modalities)
    reliability: Mapping[str, float] = field(default_factory=_reliabilities)
    rho: float = 0.6  # what one fully reliable family proves
    party_cap: float = 0.55  # credibility where every family is an organ of a party to the event
    routine: float = 0.5  # what a story is worth that a person marked routine
    kappa: float = 1.5  # one indicator's cap, in units of its weight
    sigma_share: float = 0.35  # scale of a domain without calibration, as a share of its caps
    thresholds: tuple[float, float, float, float] = (20.0, 40.0, 60.0, 80.0)
    hysteresis: float = 6.0
    dwell: timedelta = timedelta(hours=48)
    coverage_floor: float = 0.7


def strength(place: Place, modality: Modality, method: Methodology) -> float:
    """Step 1: how much of the event this text states, 0 to 1."""
    return method.place[place] * method.modality[modality]


def credibility(signals: Iterable[Signal], method: Methodology) -> float:
    """Steps 2 and 3: 1 - product over publisher families of (1 - rho x reliability), 0 to 1.

    A family counts once, with its best feed, so a copy changes nothing. Where every
    family is an organ of a party to the event the result is capped: an
    announcement proves the announcement.
    """
    best: dict[str, float] = {}
    independent = False
    for signal in signals:
        best[signal.voice] = max(best.get(signal.voice, 0.0), method.reliability[signal.reliability])
        independent = independent or signal.voice_party is None
    doubt = math.prod(1 - method.rho * best[family] for family in sorted(best))
    return 1 - doubt if independent else min(1 - doubt, method.party_cap)


def recency(effective_at: datetime, half_life: timedelta, at: datetime) -> float:
    """Step 4: 2^(-age / half-life), 1 for anything dated later than `at`."""
    age = max(at - effective_at, timedelta(0))
    return math.exp2(-(age / half_life))


def saturate(total: float, cap: float) -> float:
    """Step 6: cap x (1 - exp(-total / cap)): twenty stories of one indicator stay below its cap."""
    return cap * (1 - math.exp(-total / cap))


def grade(story: Story, method: Methodology) -> str:
    """Admiralty grade of a story: letter of its best source, digit of its credibility.

    1 needs 0.8 and two families that are no party, 2 needs 0.6, 3 needs 0.3;
    6 (cannot be judged) where no source has a grade.
    """
    letter = min(signal.reliability for signal in story.signals)
    if letter == "F":
        return "F6"
    q = credibility(story.signals, method)
    neutral = {signal.voice for signal in story.signals if signal.voice_party is None}
    if q >= 0.8 and len(neutral) >= 2:
        return f"{letter}1"
    digit = 2 if q >= 0.6 else 3 if q >= 0.3 else 4
    return f"{letter}{digit}"


def default_sigma(weights: Iterable[float], method: Methodology) -> float:
    """Scale of a domain that has no calibration: a share of what all its indicators could reach."""
    return max(method.sigma_share * method.kappa * sum(weights), 1.0)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all values does not exceed; there is at least one value."""
    return sorted(values)[max(math.ceil(share * len(values) - 1e-9), 1) - 1]


def calibrated_sigma(amounts: Sequence[float], weights: Sequence[float], method: Methodology) -> float:
    """Scale at which the 90th percentile of a domain's sums S, one a day, reads 60.

    `weights` are those of the domain's indicators in this direction, at least one.
    However poor the record, one ordinary indicator alone (of median weight, at its
    cap) reads no more than 60. There is at least one day.
    """
    least = method.kappa * median(weights)
    # Step 7 solved for sigma.
    return max(percentile(amounts, 0.9), least) / -math.log(1 - CALIBRATED_INDEX / 100)


def score(
    domain: str,
    direction: Direction,
    stories: Iterable[Story],
    *,
    sigma: float,
    at: datetime,
    method: Methodology,
) -> Score:
    """Steps 5 to 7 and 12: the index of one domain in one direction, with every story's share.

    Breadth of indicators moves the index, not volume of press. The points of
    the stories add up to the index. `sigma` is the sum of saturated
    indicators at which the index reads 63.
    """
    own = [s for s in stories if (s.domain, s.direction) == (domain, direction)]
    groups = _grouped(_factors(story, at, method) for story in own)
    worths = [sum(f.value for f in group) for group in groups]
    amounts = [_amount(group, method) for group in groups]
    total = sum(amounts)
    index = 100 * (1 - math.exp(-total / sigma))
    shared = [
        replace(f, points=index * (amount / total) * (f.value / worth))
        for group, worth, amount in zip(groups, worths, amounts, strict=True)
        for f in group
        if f.value > 0
    ]
    ranked = tuple(sorted(shared, key=lambda f: (-f.points, f.signal_ids)))
    return Score(domain=domain, direction=direction, as_of=at, index=index, stories=ranked)


def saturated(parts: Iterable[Factors], method: Methodology) -> float:
    """The sum of saturated indicators, which step 7 turns into the index."""
    return sum(_amount(group, method) for group in _grouped(parts))


def _grouped(parts: Iterable[Factors]) -> list[list[Factors]]:
    """By indicator, in a fixed order of additions: the same evidence gives the same number."""
    by_indicator: dict[str, list[Factors]] = defaultdict(list)
    for part in parts:
        by_indicator[part.indicator_id].append(part)
    return [sorted(by_indicator[name], key=lambda f: f.signal_ids) for name in sorted(by_indicator)]


def _amount(group: list[Factors], method: Methodology) -> float:
    # Signals keep the weight of the rule version that took them; the heaviest sets the indicator's cap.
    return saturate(sum(f.value for f in group), method.kappa * max(f.weight for f in group))


def _factors(story: Story, at: datetime, method: Methodology) -> Factors:
    leading = story.leading
    best = max(strength(s.place, s.modality, method) for s in story.signals)
    q = credibility(story.signals, method)
    # The event is as old as its first report: a reprint makes it no younger.
    d = recency(min(s.effective_at for s in story.signals), leading.half_life, at)
    v = _reviewed(story.verdict, method)
    return Factors(
        signal_ids=tuple(sorted(s.id for s in story.signals)),
        indicator_id=story.indicator_id,
        weight=leading.weight,
        strength=best,
        credibility=q,
        recency=d,
        value=leading.weight * best * q * d * v,
        points=0.0,
        review=v,
    )


def _reviewed(verdict: Verdict | None, method: Methodology) -> float:
    """Step 5: what a person's verdict leaves of a story."""
    if verdict is Verdict.FALSE:
        return 0.0
    return method.routine if verdict is Verdict.ROUTINE else 1.0
