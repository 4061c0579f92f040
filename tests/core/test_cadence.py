from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.cadence import (
    Due,
    Stream,
    due_at_or_before,
    find_zone,
    latest_of,
    next_due,
    next_of,
    parse_cadence,
    streams_of,
    zone_or_utc,
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dues(cadence: str, zone: str, after: str, number: int) -> list[Due]:
    found = [next_due(cadence, zone, utc(after))]
    while len(found) < number:
        found.append(next_due(cadence, zone, found[-1].at))
    return found


def at(found: list[Due]) -> list[str]:
    return [f"{due.at:%m-%d %H:%M}" for due in found]


def test_a_daily_due_is_local_time_told_in_utc() -> None:
    due = due_at_or_before("daily 06:00", "Europe/Moscow", utc("2026-11-23 04:00"))
    assert due == Due(at=utc("2026-11-23 03:00"), key="2026-11-23T06:00 Europe/Moscow")
    assert due.at.tzinfo is UTC


def test_the_minute_itself_is_due_and_its_next_is_a_day_later() -> None:
    six, a_day = utc("2026-11-23 06:00"), timedelta(days=1)
    just_before = six - timedelta(microseconds=1)
    assert due_at_or_before("daily 06:00", "UTC", six).at == six
    assert due_at_or_before("daily 06:00", "UTC", just_before).at == six - a_day
    assert next_due("daily 06:00", "UTC", six).at == six + a_day
    assert next_due("daily 06:00", "UTC", just_before).at == six


def test_the_local_day_counts_where_it_differs_from_the_day_of_utc() -> None:
    ahead = due_at_or_before("daily 06:00", "Asia/Shanghai", utc("2026-11-22 23:00"))
    behind = due_at_or_before("daily 20:00", "America/New_York", utc("2026-11-23 01:30"))
    assert (ahead.key[:10], behind.key[:10]) == ("2026-11-23", "2026-11-22")


def test_weekly_falls_on_its_weekday() -> None:
    found = dues("weekly mon 06:00", "Europe/Berlin", "2026-11-20 00:00", 3)
    assert [due.key[:10] for due in found] == ["2026-11-23", "2026-11-30", "2026-12-07"]
    assert due_at_or_before("weekly mon 06:00", "Europe/Berlin", utc("2026-11-29 23:00")) == found[0]


def test_hourly_is_every_hour_of_utc_through_the_repeated_local_hour() -> None:
    found = dues("hourly", "Europe/Berlin", "2026-10-24 23:30", 3)
    assert at(found) == ["10-25 00:00", "10-25 01:00", "10-25 02:00"]
    assert due_at_or_before("hourly", "Europe/Berlin", utc("2026-10-25 01:59")) == found[1]


def test_a_time_that_clocks_jump_over_is_due_once_when_the_jump_ends() -> None:
    # Berlin jumps from 02:00 to 03:00, which is 01:00 UTC.
    assert at(dues("daily 02:30", "Europe/Berlin", "2026-03-27 12:00", 3)) == [
        "03-28 01:30",
        "03-29 01:00",
        "03-30 00:30",
    ]


def test_the_first_valid_minute_is_due_as_itself_not_as_a_time_jumped_over() -> None:
    due = due_at_or_before("daily 03:00", "Europe/Berlin", utc("2026-03-29 12:00"))
    assert due == Due(at=utc("2026-03-29 01:00"), key="2026-03-29T03:00 Europe/Berlin")


def test_a_time_that_comes_twice_is_due_once_the_first_time() -> None:
    assert at(dues("daily 02:30", "Europe/Berlin", "2026-10-24 12:00", 2)) == ["10-25 00:30", "10-26 01:30"]
    second_pass = utc("2026-10-25 01:30")
    assert due_at_or_before("daily 02:30", "Europe/Berlin", second_pass).at == utc("2026-10-25 00:30")


def test_lord_howe_jumps_by_half_an_hour() -> None:
    # From +10:30 to +11:00: 02:00 to 02:29 do not exist; back again 01:30 to 01:59 come twice.
    zone = "Australia/Lord_Howe"
    assert at(dues("daily 02:10", zone, "2026-10-03 00:00", 2)) == ["10-03 15:30", "10-04 15:10"]
    assert at(dues("daily 01:45", zone, "2026-04-04 00:00", 2)) == ["04-04 14:45", "04-05 15:15"]


def test_a_midnight_that_clocks_go_back_behind_stays_due() -> None:
    # St. John's went back from 00:01 to 23:01 of the day before, at 02:31 UTC.
    due = Due(at=utc("2010-11-07 02:30"), key="2010-11-07T00:00 America/St_Johns")
    assert due_at_or_before("daily 00:00", "America/St_Johns", utc("2010-11-07 02:45")) == due
    assert next_due("daily 00:00", "America/St_Johns", due.at).at == utc("2010-11-08 03:30")


def test_a_time_jumped_over_at_midnight_is_due_on_the_next_day() -> None:
    # Toronto jumped from 23:30 to 00:30 in 1919.
    due = Due(at=utc("1919-03-31 04:30"), key="1919-03-30T23:45 America/Toronto")
    assert next_due("daily 23:45", "America/Toronto", utc("1919-03-31 04:29")) == due
    assert due_at_or_before("daily 23:45", "America/Toronto", due.at) == due


@pytest.mark.parametrize("clock", ["00:00", "06:00", "23:59"])
def test_a_day_that_apia_skipped_has_no_due(clock: str) -> None:
    found = dues(f"daily {clock}", "Pacific/Apia", "2011-12-28 11:00", 4)
    days = [due.key[:10] for due in found if "2011-12-29" <= due.key[:10] <= "2011-12-31"]
    assert days == ["2011-12-29", "2011-12-31"]


def test_a_weekly_due_on_a_skipped_day_waits_for_the_next_week() -> None:
    found = dues("weekly fri 06:00", "Pacific/Apia", "2011-12-20 00:00", 2)
    assert [due.key[:10] for due in found] == ["2011-12-23", "2012-01-06"]
    assert due_at_or_before("weekly fri 06:00", "Pacific/Apia", utc("2012-01-05 00:00")) == found[0]


NONSENSE = (
    "|daily|daily 6:00|daily 24:00|daily 06:60|Daily 06:00|weekly 06:00|weekly monday 06:00|hourly 06:00|"
    "daily 06:00\n| daily 06:00|daily 06:00 |monthly 1 06:00|daily ٠٦:٠٠|daily 0٦:00|daily 06:00:00"
)


@pytest.mark.parametrize("text", NONSENSE.split("|"))
def test_a_cadence_that_makes_no_sense_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match=r'expected "daily HH:MM", "weekly mon HH:MM" or "hourly"'):
        parse_cadence(text)


@pytest.mark.parametrize("name", ["", "Europe", "Europe/Atlantis", "../etc/passwd", "/etc/passwd", "MSK\0"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected an IANA time zone"):
        find_zone(name)


ZONES = [
    "UTC",
    "Europe/Moscow",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Beirut",  # changes at midnight
    "Africa/Casablanca",  # changes around Ramadan
    "Africa/Monrovia",  # had an offset with seconds until 1972
    "America/Nuuk",  # changed late in the evening
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kwajalein",  # skipped a day in 1993
    "Antarctica/Troll",  # changes by two hours
]
clocks = st.times().map(lambda t: f"{t:%H:%M}")
cadences = (
    clocks.map(lambda clock: f"daily {clock}")
    | st.tuples(st.sampled_from(["mon", "thu", "fri", "sat", "sun"]), clocks).map(
        lambda p: f"weekly {p[0]} {p[1]}"
    )
    | st.just("hourly")
)
odd_days = ["2011-12-30", "1993-08-21", "2026-03-29", "2026-10-25", "2026-10-03", "1972-01-07", "2010-11-07"]
moments = st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1)) | st.builds(  # noqa: DTZ001
    lambda day, minutes: datetime.fromisoformat(day) + timedelta(minutes=minutes),
    st.sampled_from(odd_days),
    st.integers(-3000, 3000),
)


@settings(deadline=None)
@given(cadence=cadences, zone=st.sampled_from(ZONES), moment=moments)
def test_dues_strictly_increase_and_each_has_its_own_key(cadence: str, zone: str, moment: datetime) -> None:
    found = [due_at_or_before(cadence, zone, moment.replace(tzinfo=UTC))]
    for _ in range(5):
        found.append(next_due(cadence, zone, found[-1].at))
    assert all(earlier.at < later.at for earlier, later in pairwise(found))
    assert len({due.key for due in found}) == len(found)


@settings(deadline=None)
@given(cadence=cadences, zone=st.sampled_from(ZONES), moment=moments)
def test_looking_back_and_looking_ahead_agree(cadence: str, zone: str, moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC)
    last, following = due_at_or_before(cadence, zone, now), next_due(cadence, zone, now)
    assert last.at <= now < following.at
    assert due_at_or_before(cadence, zone, following.at) == following
    assert due_at_or_before(cadence, zone, following.at - timedelta(microseconds=1)) == last
    assert next_due(cadence, zone, last.at) == following


@settings(deadline=None)
@given(clock=clocks, zone=st.sampled_from(ZONES), moment=moments)
def test_a_daily_due_shows_its_local_time_or_the_end_of_a_jump(
    clock: str, zone: str, moment: datetime
) -> None:
    due = due_at_or_before(f"daily {clock}", zone, moment.replace(tzinfo=UTC))
    local = due.at.astimezone(ZoneInfo(zone))
    a_second_before = (due.at - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    jumped = local.utcoffset() != a_second_before.utcoffset()
    assert f"{local:%Y-%m-%dT%H:%M}" == due.key[:16] or (jumped and f"{local:%Y-%m-%dT%H:%M}" > due.key[:16])


@pytest.mark.parametrize(
    ("zone", "clock", "around", "days"),
    [
        ("Europe/Vilnius", "03:30", "2026-03-27", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        ("Europe/Vilnius", "03:30", "2026-10-23", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        ("America/New_York", "02:30", "2026-03-06", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
        ("America/New_York", "01:30", "2026-10-30", ["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
        ("Australia/Lord_Howe", "02:15", "2026-10-02", ["10-02 15:45", "10-03 15:30", "10-04 15:15"]),
        ("Asia/Kolkata", "06:00", "2026-03-28", ["03-29 00:30", "03-30 00:30", "03-31 00:30"]),
    ],
)
def test_days_of_changing_clocks_have_one_due_each(
    zone: str, clock: str, around: str, days: list[str]
) -> None:
    assert at(dues(f"daily {clock}", zone, f"{around} 12:00", 3)) == days


@settings(deadline=None)
@given(clock=clocks, zone=st.sampled_from([*ZONES, "Europe/Vilnius"]), moment=moments)
def test_every_local_day_that_a_zone_has_is_due_exactly_once(clock: str, zone: str, moment: datetime) -> None:
    found = [due_at_or_before(f"daily {clock}", zone, moment.replace(tzinfo=UTC))]
    while len(found) < 8:
        found.append(next_due(f"daily {clock}", zone, found[-1].at))
    days = [datetime.fromisoformat(due.key[:10]) for due in found]
    noon = timedelta(hours=12)
    for earlier, later in pairwise(days):
        between = [earlier + timedelta(days=n) for n in range(1, (later - earlier).days)]
        for day in between:  # a day without a due is a day whose noon no clock of the zone showed
            there = (day + noon).replace(tzinfo=ZoneInfo(zone))
            assert there.astimezone(UTC).astimezone(there.tzinfo).date() != day.date()
        assert later > earlier


def test_after_three_days_without_a_clock_each_missed_due_is_found_again() -> None:
    last = due_at_or_before("daily 03:30", "Europe/Vilnius", utc("2026-10-23 12:00"))
    found = []
    due = next_due("daily 03:30", "Europe/Vilnius", last.at)
    while due.at <= utc("2026-10-26 12:00"):
        found.append(due.key[:10])
        due = next_due("daily 03:30", "Europe/Vilnius", due.at)
    assert found == ["2026-10-24", "2026-10-25", "2026-10-26"]


def test_weekly_cadences_beside_others_keep_a_record_of_their_own() -> None:
    both = ("daily 06:00", "weekly mon 06:00", "daily 18:00")
    assert streams_of("watch", both) == (
        Stream(record="watch", cadences=("daily 06:00", "daily 18:00")),
        Stream(record="watch weekly", cadences=("weekly mon 06:00",)),
    )
    alone = ("weekly mon 06:00", "weekly thu 06:00")
    assert streams_of("watch", alone) == (Stream(record="watch", cadences=alone),)


def test_a_stream_is_due_whenever_one_of_its_cadences_is_and_once_when_two_are() -> None:
    twice = Stream(record="watch", cadences=("daily 06:00", "daily 18:00"))
    assert latest_of(twice, "UTC", utc("2026-11-23 17:59"))[0] == "daily 06:00"
    assert latest_of(twice, "UTC", utc("2026-11-23 18:00"))[0] == "daily 18:00"
    assert next_of(twice, "UTC", utc("2026-11-23 06:00")).at == utc("2026-11-23 18:00")
    same = Stream(record="watch", cadences=("daily 06:00", "hourly"))
    assert latest_of(same, "UTC", utc("2026-11-23 06:30"))[0] == "daily 06:00"
    assert latest_of(same, "UTC", utc("2026-11-23 07:30"))[0] == "hourly"


def test_a_zone_that_vanished_is_read_as_utc() -> None:
    assert zone_or_utc("Europe/Atlantis") == "UTC"
    assert zone_or_utc("Europe/Moscow") == "Europe/Moscow"
