"""When to poll a feed next, and whether what it tells us is worth anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.model import FeedState
from monitor.core.outcome import Outcome

FIRST_RETRY = timedelta(minutes=5)
GONE_RETRY = timedelta(days=7)  # 410 says for good; looked at again in case it was a mistake
LONGEST_HONOURED = timedelta(hours=24)  # a server may not send us away for longer
QUARANTINE_AFTER = 3  # failures in a row, the last of them the parser's: each costs a process
FROZEN_AFTER = 4  # times the expected rhythm
FROZEN_FLOOR = timedelta(days=3)  # a week-end is no freeze
DOWN_FLOOR = timedelta(hours=2)  # one failed poll is no outage


@dataclass(frozen=True, slots=True, kw_only=True)
class PollLimits:
    """Bounds of the time between two polls of one feed."""

    shortest: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(hours=24)


class Health(StrEnum):
    HEALTHY = "healthy"
    DOWN = "down"  # no answer that we can use
    FROZEN = "frozen"  # answers, but its newest entry is older than its rhythm allows
    WAITING = "waiting"  # not polled yet


def wait_after_success(
    expected_every: timedelta, asked: timedelta | None, limits: PollLimits, jitter: float
) -> timedelta:
    """A quarter of the feed's rhythm within the limits, or what the server asked for; plus up to 10 %."""
    wait = min(max(expected_every / 4, limits.shortest), limits.longest)
    if asked is not None:
        wait = max(wait, min(asked, LONGEST_HONOURED))
    return wait * (1 + 0.1 * jitter)


def wait_after_failure(
    outcome: Outcome, failures: int, asked: timedelta | None, limits: PollLimits, jitter: float
) -> timedelta:
    """Exponential back-off with jitter (0 to 1); `failures` counts this one; never sooner than asked.

    Doubles from five minutes up to the longest wait, then spreads over 50 to
    100 % of it, so that feeds that failed together do not come back together.
    A document that ends the parser again and again is left alone for the longest wait.
    """
    if outcome is Outcome.GONE:
        return GONE_RETRY
    if outcome in (Outcome.PARSER_CRASH, Outcome.PARSER_TIMEOUT) and failures >= QUARANTINE_AFTER:
        return limits.longest * (1 + 0.1 * jitter)
    wait = min(FIRST_RETRY * (1 << min(failures - 1, 16)), limits.longest)
    wait = max(wait * (0.5 + 0.5 * jitter), limits.shortest)
    if asked is not None:
        wait = max(wait, min(asked, LONGEST_HONOURED) * (1 + 0.1 * jitter))
    return wait


def health(state: FeedState, at: datetime) -> Health:
    """What a feed's state says at one time; failures are judged before age."""
    if state.polled_at is None:
        return Health.WAITING
    if state.outcome is Outcome.GONE or state.succeeded_at is None:
        return Health.DOWN
    if at - state.succeeded_at > max(2 * state.feed.expected_every, DOWN_FLOOR):
        return Health.DOWN
    if state.newest_entry_at is None:
        return Health.HEALTHY
    allowed = max(FROZEN_AFTER * state.feed.expected_every, FROZEN_FLOOR)
    return Health.FROZEN if at - state.newest_entry_at > allowed else Health.HEALTHY


def reason(state: FeedState, at: datetime) -> str:
    """One line for the operator: why the feed counts as it does."""
    kind = health(state, at)
    if kind is Health.FROZEN and state.newest_entry_at is not None:
        return f"newest entry {_age(at - state.newest_entry_at)} old"
    if kind is Health.DOWN and state.outcome is not None:
        if not state.outcome.failed:
            return "not polled"
        return f"{state.outcome.words}: {state.detail}" if state.detail else state.outcome.words
    # A feed may be well and yet have something to say, as that it has moved.
    return state.detail if kind is Health.HEALTHY and state.detail else kind.value


def coverage(states: Iterable[FeedState], weights: dict[str, float], at: datetime) -> float:
    """Weight of the healthy feeds over the weight of all that are expected, 0 to 1; 1 where none is.

    `weights` maps a reliability grade to its worth. Never divides a score: a
    lost feed must not raise an index.
    """
    total = healthy = 0.0
    for state in states:
        worth = weights[state.feed.reliability]
        total += worth
        healthy += worth if health(state, at) is Health.HEALTHY else 0.0
    return healthy / total if total else 1.0


def _age(age: timedelta) -> str:
    return f"{age.days} days" if age.days >= 2 else f"{age // timedelta(hours=1)} hours"
