"""Digests and retention by a clock of the tests' own: once a due, whatever clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from monitor.core.model import Recipient
from monitor.services.clock import DOWN_AT_MOST, JUMP, LASTING, Clock, clock_in, look, looked_at, trust
from monitor.services.compose import compose_due
from monitor.services.context import Context
from monitor.services.retain import retain
from monitor.storage import feeds
from monitor.storage.digests import last_digest
from monitor.storage.engine import reading, writing
from monitor.storage.schema import deliveries, digests, signals
from tests.core.builders import NOON, an_entry
from tests.services.test_digests import record, with_recipients

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY


def reader(zone: str, *cadences: str) -> Recipient:
    return Recipient(id="watch", address="watch@example.org", timezone=zone, cadences=cadences)


def dues_of(context: Context) -> list[tuple[str, datetime]]:
    with reading(context.engine) as connection:
        query = select(digests.c.due_key, digests.c.due_at).order_by(digests.c.due_at)
        return [(row.due_key, row.due_at) for row in connection.execute(query)]


def run_through(context: Context, first: str, last: str, step: timedelta) -> None:
    """Ask what is due from one time to another, as the daemon does at every tick."""
    at, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    while at <= end:
        compose_due(context, at)
        at += step


# A zone, a cadence, from when to when (UTC), and the dues that there must be, each once.
CHANGES = {
    "the hour that is left out": (
        ("Europe/Vilnius", "daily 03:30"),
        ("2026-03-28T00:00Z", "2026-03-30T12:00Z"),
        ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"],
    ),
    "the hour that comes twice": (
        ("Europe/Vilnius", "daily 03:30"),
        ("2026-10-24T00:00Z", "2026-10-26T12:00Z"),
        ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"],
    ),
    "half an hour that is left out": (
        ("Australia/Lord_Howe", "daily 02:15"),
        ("2026-10-02T12:00Z", "2026-10-05T00:00Z"),
        ["2026-10-02T15:45Z", "2026-10-03T15:30Z", "2026-10-04T15:15Z"],
    ),
    "half an hour that comes twice": (
        ("Australia/Lord_Howe", "daily 01:45"),
        ("2026-04-03T12:00Z", "2026-04-06T00:00Z"),
        ["2026-04-03T14:45Z", "2026-04-04T14:45Z", "2026-04-05T15:15Z"],
    ),
    "a day that is left out": (
        ("Pacific/Apia", "daily 06:00"),
        ("2011-12-28T12:00Z", "2012-01-01T00:00Z"),
        ["2011-12-28T16:00Z", "2011-12-29T16:00Z", "2011-12-30T16:00Z", "2011-12-31T16:00Z"],
    ),
    "a zone that changes no clocks": (
        ("Asia/Kolkata", "daily 05:30"),
        ("2026-03-28T00:00Z", "2026-03-30T12:00Z"),
        ["2026-03-28T00:00Z", "2026-03-29T00:00Z", "2026-03-30T00:00Z"],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_due_has_one_digest_through_every_change_of_clocks(context: Context, name: str) -> None:
    (zone, cadence), (first, last), expected = CHANGES[name]
    run_through(with_recipients(context, reader(zone, cadence)), first, last, 15 * MINUTE)
    found = dues_of(context)
    wanted = [datetime.fromisoformat(at) for at in expected]
    assert [at for _, at in found if at >= datetime.fromisoformat(first)] == wanted
    assert len({key for key, _ in found}) == len(found)


def test_two_cadences_have_each_of_their_dues_once(context: Context) -> None:
    two = with_recipients(context, reader("Europe/Vilnius", "daily 06:00", "weekly mon 07:00"))
    run_through(two, "2026-10-23T00:00Z", "2026-10-27T00:00Z", 30 * MINUTE)
    wanted = [
        "2026-10-23T03:00Z",
        "2026-10-24T03:00Z",
        "2026-10-25T04:00Z",
        "2026-10-26T04:00Z",
        "2026-10-26T05:00Z",
    ]
    assert [at for _, at in dues_of(two)] == [datetime.fromisoformat(at) for at in wanted]


def test_after_three_days_down_one_late_digest_tells_what_all_dues_would_have_told(context: Context) -> None:
    context = with_recipients(context, reader("UTC", "daily 06:00"))
    (down,) = compose_due(context, NOON) or compose_due(context, datetime(2026, 11, 24, 6, tzinfo=UTC))
    for day in range(2):
        title = f"Russia and China begin a patrol of {day + 3} ships"
        entry = an_entry(key=str(day), title=title, summary="", published_at=down.composed_at + HOUR)
        record(context, entry, at=down.composed_at + HOUR)
    back = datetime(2026, 11, 27, 9, 20, tzinfo=UTC)
    (late,) = compose_due(context, back)
    assert (late.due_at, late.since_at) == (datetime(2026, 11, 27, 6, tzinfo=UTC), down.composed_at)
    assert late.developments
    with reading(context.engine) as connection:
        payload = connection.execute(
            select(deliveries.c.payload).order_by(deliveries.c.id.desc()).limit(1)
        ).scalar_one()
    body = message_from_bytes(payload, policy=default).get_body(("plain",))
    assert body is not None
    assert "Late by 3 h 20 min" in body.get_content()
    assert compose_due(context, back + MINUTE) == []
    assert [at.day for _, at in dues_of(context)] == [24, 27]


def test_a_due_in_the_minute_of_a_restart_is_neither_lost_nor_doubled(context: Context) -> None:
    context = with_recipients(context, reader("UTC", "daily 06:00"))
    six = datetime(2026, 11, 24, 6, tzinfo=UTC)
    compose_due(context, six - HOUR)
    assert len(compose_due(context, six)) == 1
    context.engine.dispose()  # whoever starts next knows what the database says
    assert compose_due(context, six + MINUTE) == []
    assert len(compose_due(context, six + DAY)) == 1


@pytest.mark.parametrize("back", [HOUR, DAY, 30 * DAY])
def test_a_clock_that_is_set_back_over_a_due_writes_it_no_second_time(
    context: Context, back: timedelta
) -> None:
    context = with_recipients(context, reader("UTC", "daily 06:00"))
    six = datetime(2026, 11, 24, 6, tzinfo=UTC)
    compose_due(context, six - HOUR)
    compose_due(context, six)
    for minutes in range(0, 180, 15):
        assert compose_due(context, six - back + minutes * MINUTE) == []


def test_what_was_polled_by_a_clock_years_ahead_is_due_when_it_is_right_again(context: Context) -> None:
    wrong = NOON + 10 * YEAR
    record(context, an_entry(), at=wrong)
    with reading(context.engine) as connection:
        assert "wire" not in {state.feed.id for state in feeds.due_feeds(connection, wrong)}
        assert "wire" in {state.feed.id for state in feeds.due_feeds(connection, NOON)}


class TestRetention:
    def seen(self, context: Context, *looks: tuple[datetime, timedelta | None]) -> Clock:
        clock = None
        for at, passed in looks:
            clock = look(context, at, passed)
        assert clock is not None
        return clock

    def pruned(self, context: Context, at: datetime) -> int:
        return retain(context, at)

    @pytest.mark.parametrize("jump", [2 * YEAR, 10 * YEAR])
    def test_nothing_is_forgotten_by_a_clock_that_jumped_ahead(
        self, context: Context, jump: timedelta
    ) -> None:
        record(context, an_entry(title="A library reopens"))
        self.seen(context, (NOON, None), (NOON + jump, MINUTE))
        for days in (0, 2, 9):  # it does not become right by being wrong for long
            at = NOON + jump + days * DAY
            self.seen(context, (at, days * DAY))
            assert self.pruned(context, at) == 0

    def test_a_start_long_after_the_last_look_forgets_nothing_until_a_person_says_so(
        self, context: Context
    ) -> None:
        record(context, an_entry(title="A library reopens"))
        at = NOON + 2 * YEAR
        clock = self.seen(context, (NOON, None), (at, None))
        assert "nothing" in clock.words
        assert "trust-clock" in clock.words
        assert self.pruned(context, at) == 0
        with writing(context.engine) as connection:
            trust(connection, at)
        assert self.pruned(context, at) == 1

    def test_time_that_passed_is_no_jump_and_old_entries_go(self, context: Context) -> None:
        record(context, an_entry(title="A library reopens"))
        at = NOON
        looks: list[tuple[datetime, timedelta | None]] = [(at, None)]
        while at < NOON + 2 * YEAR:
            at += 20 * DAY
            looks.append((at, 20 * DAY))
        assert self.seen(context, *looks).words == ""
        assert self.pruned(context, at) == 1

    def test_within_a_day_of_a_small_jump_nothing_is_forgotten(self, context: Context) -> None:
        record(context, an_entry(title="A library reopens"))
        with writing(context.engine) as connection:
            trust(connection, NOON + 2 * YEAR)
        at = NOON + 2 * YEAR + HOUR
        clock = self.seen(context, (at, MINUTE))
        assert clock.is_believed
        assert self.pruned(context, at) == 0
        assert self.pruned(context, at + 2 * DAY) == 1


@pytest.mark.parametrize("ahead", [10 * HOUR, 3 * DAY])
def test_what_a_clock_that_was_ahead_dated_is_dated_anew_when_it_is_right(
    context: Context, ahead: timedelta
) -> None:
    context = with_recipients(context, reader("UTC", "daily 20:00"))
    assert compose_due(context, NOON) == []
    look(context, NOON, None)
    look(context, NOON + ahead, MINUTE)
    record(context, an_entry(title="Russia and China begin a patrol"), at=NOON + ahead)
    (early,) = compose_due(context, NOON + ahead)
    look(context, NOON + HOUR, HOUR)
    with reading(context.engine) as connection:
        ((found, effective),) = connection.execute(select(signals.c.matched_at, signals.c.effective_at))
        assert (found, effective <= found) == (NOON + HOUR, True)
        assert last_digest(connection, "watch", NOON + HOUR) is None
    # What left too early leaves again at its time.
    (digest,) = compose_due(context, early.due_at + MINUTE)
    assert (digest.due_at, digest.since_at) == (early.due_at, None)


def test_a_step_back_of_an_hour_writes_no_digest_twice(context: Context) -> None:
    context = with_recipients(context, reader("UTC", "daily 12:00"))
    compose_due(context, NOON - DAY)
    look(context, NOON, None)
    assert len(compose_due(context, NOON)) == 1
    look(context, NOON - HOUR, MINUTE)
    assert compose_due(context, NOON - HOUR) == []
    assert compose_due(context, NOON) == []


spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20))
drifts = st.timedeltas(min_value=-JUMP, max_value=JUMP)
jumps = st.timedeltas(min_value=-30 * YEAR, max_value=30 * YEAR).filter(
    lambda jump: abs(jump) > LASTING + 2 * JUMP
)


@given(st.lists(st.tuples(spans, drifts), max_size=20))
def test_a_clock_that_only_drifts_is_always_believed(looks: list[tuple[timedelta, timedelta]]) -> None:
    at = NOON
    clock = looked_at(None, at, None)
    for passed, drift in looks:
        at += passed + drift
        clock = looked_at(clock, at, passed)
        assert clock.is_believed
        assert clock.words == ""


@given(jumps, st.lists(spans, max_size=10))
def test_a_clock_that_jumped_is_not_believed_until_it_is_back(
    jump: timedelta, later: list[timedelta]
) -> None:
    right = NOON
    clock = looked_at(looked_at(None, right, None), right + jump, timedelta(0))
    for passed in later:
        assert not clock.is_believed
        assert clock.jumped_by == jump
        right += passed
        clock = looked_at(clock, right + jump, passed)
    assert not clock.is_believed
    assert looked_at(clock, right, timedelta(0)).is_believed


@given(st.timedeltas(min_value=timedelta(0), max_value=DOWN_AT_MOST))
def test_a_daemon_may_be_down_for_weeks(down: timedelta) -> None:
    clock = looked_at(looked_at(None, NOON, None), NOON + down, None)
    assert clock.is_believed


def test_what_is_known_of_the_clock_outlives_the_process(context: Context) -> None:
    made = look(context, NOON, None)
    made = look(context, NOON + 3 * DAY, MINUTE)
    with reading(context.engine) as connection:
        assert clock_in(connection) == made
    assert "jumped by +2 days, 23:59:00" in made.words
