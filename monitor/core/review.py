"""What people say of signals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
