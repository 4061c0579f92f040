from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.health import (
    Health,
    PollLimits,
    coverage,
    health,
    reason,
    wait_after_failure,
    wait_after_success,
)
from monitor.core.outcome import Outcome
from tests.core.builders import NOON, a_feed, a_state

LIMITS = PollLimits()


def test_a_feed_is_polled_four_times_in_its_rhythm_within_the_limits() -> None:
    assert wait_after_success(timedelta(hours=4), None, LIMITS, 0) == timedelta(hours=1)
    assert wait_after_success(timedelta(minutes=4), None, LIMITS, 0) == timedelta(minutes=5)
    assert wait_after_success(timedelta(days=14), None, LIMITS, 0) == timedelta(hours=24)


@given(
    st.integers(1, 200),
    st.floats(0, 1),
    st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(days=4000))),
)
def test_back_off_stays_within_its_bounds_and_never_comes_before_it_was_asked_to(
    failures: int, jitter: float, asked: timedelta | None
) -> None:
    wait = wait_after_failure(Outcome.HTTP_ERROR, failures, asked, LIMITS, jitter)
    assert LIMITS.shortest <= wait <= timedelta(hours=24) * 1.1
    assert asked is None or wait >= min(asked, timedelta(hours=24))


def test_back_off_doubles() -> None:
    waits = [wait_after_failure(Outcome.TIMEOUT, n, None, LIMITS, 1.0) for n in (1, 2, 3, 4)]
    assert waits == [timedelta(minutes=m) for m in (5, 10, 20, 40)]


def test_a_feed_that_is_gone_is_looked_at_once_a_week() -> None:
    assert wait_after_failure(Outcome.GONE, 1, None, LIMITS, 0.5) == timedelta(days=7)


@pytest.mark.parametrize("outcome", [Outcome.PARSER_CRASH, Outcome.PARSER_TIMEOUT])
def test_a_document_that_ends_the_parser_three_times_is_left_alone_for_a_day(outcome: Outcome) -> None:
    waits = [wait_after_failure(outcome, n, None, LIMITS, 1.0) for n in (1, 2, 3)]
    assert waits[:2] == [timedelta(minutes=5), timedelta(minutes=10)]
    assert timedelta(hours=24) <= waits[2] <= timedelta(hours=27)


def test_a_feed_that_is_well_may_have_something_to_say() -> None:
    assert reason(a_state(detail="moved for good to https://new.example.org/"), NOON) == (
        "moved for good to https://new.example.org/"
    )
    assert reason(a_state(), NOON) == "healthy"


def test_one_failed_poll_is_no_outage_and_many_hours_are() -> None:
    state = a_state(outcome=Outcome.TIMEOUT, failures=1)
    assert health(state, NOON + timedelta(hours=1)) is Health.HEALTHY
    assert health(state, NOON + timedelta(hours=13)) is Health.DOWN


def test_a_feed_that_never_answered_is_down_and_one_never_asked_is_waiting() -> None:
    assert health(a_state(succeeded_at=None, outcome=Outcome.DNS), NOON) is Health.DOWN
    assert health(a_state(polled_at=None, succeeded_at=None, outcome=None), NOON) is Health.WAITING


def test_a_feed_that_answers_with_old_entries_is_frozen() -> None:
    later = NOON + timedelta(days=9)
    state = a_state(polled_at=later, succeeded_at=later)
    assert health(state, later) is Health.FROZEN
    assert reason(state, later) == "newest entry 9 days old"


def test_a_slow_rhythm_is_no_freeze() -> None:
    later = NOON + timedelta(days=9)
    weekly = a_feed(expected_every=timedelta(days=7))
    assert health(a_state(feed=weekly, polled_at=later, succeeded_at=later), later) is Health.HEALTHY


def test_a_daemon_that_did_not_poll_is_no_healthy_feed() -> None:
    later = NOON + timedelta(days=2)
    assert health(a_state(), later) is Health.DOWN
    assert reason(a_state(), later) == "not polled"


def test_coverage_weighs_feeds_by_their_worth() -> None:
    good = a_state(feed=a_feed(reliability="A"))
    down = a_state(feed=a_feed(reliability="D"), succeeded_at=None, outcome=Outcome.DNS)
    assert coverage([good, down], {"A": 1.0, "D": 0.25}, NOON) == 0.8
    assert coverage([], {}, NOON) == 1.0
