"""How unusual a week is: its number of new stories against the eight weeks before it.

Step 9 of docs/methodology.md. Counts of news are sparse and come in bursts, so the
baseline is a negative binomial distribution: on such series a robust z and a mean
with two deviations raise false alarms many times as often.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WEEK = 7
BASELINE_DAYS = 56
FEWEST_DAYS = 28  # of the baseline; with less there is nothing to compare with
FEWEST_STORIES = 3  # a week with fewer is never called unusual
_WINSORISED = 0.95  # an old crisis must not hide a new one
_MOST_CERTAIN = 50.0  # cap on the shape when its own uncertainty is reckoned


@dataclass(frozen=True, slots=True)
class Surprise:
    """A week's new stories beside the usual number; `weeks` is how many pass until one like it is due.

    Without a baseline `usual` and `weeks` are None: it is still forming.
    `weeks` is None too for a week that is nothing unusual.
    """

    stories: int
    usual: tuple[int, int] | None = None  # 10th and 90th percentile
    weeks: float | None = None

    @property
    def bits(self) -> float:
        """-log2 of the probability of so many stories or more; 0 where nothing is said."""
        return math.log2(self.weeks) if self.weeks else 0.0


def surprise(stories: int, baseline: Sequence[int]) -> Surprise:
    """Compare a week's number of new stories with the daily numbers of the days before it.

    `baseline` holds the days of which enough was read, in any order.
    """
    if len(baseline) < FEWEST_DAYS:
        return Surprise(stories)
    days = _winsorised(baseline)
    mean = sum(days) / len(days)
    variance = sum((day - mean) ** 2 for day in days) / (len(days) - 1)
    # k = mean^2 / (variance - mean); without overdispersion 1/k = 0, a Poisson distribution.
    spread = (variance - mean) / mean**2 if variance > mean > 0 else 0.0
    shape = 1 / spread if spread else math.inf
    week_spread = spread / WEEK + 1 / (BASELINE_DAYS * min(shape, _MOST_CERTAIN))
    tail = _Tail(WEEK * mean, 1 / week_spread)
    usual = (tail.percentile(0.1), tail.percentile(0.9))
    if stories < FEWEST_STORIES or stories <= usual[1]:
        return Surprise(stories, usual)
    return Surprise(stories, usual, 1 / max(tail.at_least(stories), 1e-12))


def _winsorised(days: Sequence[int]) -> list[int]:
    cap = sorted(days)[min(math.ceil(_WINSORISED * len(days)), len(days)) - 1]
    return [min(day, cap) for day in days]


class _Tail:
    """A negative binomial distribution by its mean and its shape k: variance mean + mean^2 / k."""

    def __init__(self, mean: float, shape: float) -> None:
        self._mean, self._shape = mean, shape

    def _probability(self, number: int) -> float:
        if not self._mean:
            return float(number == 0)
        k, mean = self._shape, self._mean
        logarithm = (
            math.lgamma(number + k) - math.lgamma(k) - math.lgamma(number + 1)
            + k * math.log(k / (k + mean)) + number * math.log(mean / (k + mean))
        )  # fmt: skip
        return math.exp(logarithm)

    def at_least(self, number: int) -> float:
        return max(1 - math.fsum(self._probability(n) for n in range(number)), 0.0)

    def percentile(self, share: float) -> int:
        """The smallest number that the distribution stays at or below with this probability."""
        number, below = 0, self._probability(0)
        while below < share - 1e-9 and number < 100_000:
            number += 1
            below += self._probability(number)
        return number
