"""What people say of signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FEWEST = 5  # verdicts from which a rule can be judged
FALSE_FROM = 0.2  # share of them above which a rule takes too much
ROUTINE_FROM = 0.5


class Verdict(StrEnum):
    """What a person says of a signal: the event, a routine one, or no such event at all."""

    TRUE = "true"
    ROUTINE = "routine"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Review:
    """A verdict and when it was given; the latest one is in force."""

    at: datetime
    verdict: Verdict


def suggestion(counts: Mapping[Verdict, int]) -> str:
    """What the verdicts on the signals of one rule suggest to whoever edits it, "" for nothing.

    Fewer than five say nothing.
    """
    reviewed = sum(counts.values())
    if reviewed < FEWEST:
        return ""
    if counts.get(Verdict.FALSE, 0) > FALSE_FROM * reviewed:
        return "narrow the rule: more than one in five was false"
    if counts.get(Verdict.ROUTINE, 0) > ROUTINE_FROM * reviewed:
        return "lower its weight or narrow it: more than half was routine"
    return ""
