"""When a recipient's digest is due: cadences in local time, instants in UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

ALLOWED = '"daily HH:MM", "weekly mon HH:MM" or "hourly"'
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_CADENCE = re.compile(
    rf"(?:daily|weekly (?P<weekday>{'|'.join(WEEKDAYS)})) (?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One occasion to write: when, and a key that no other due of this cadence and zone has."""

    at: datetime
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """A parsed cadence: hourly without a time, else daily or on one weekday (0 is Monday)."""

    local_time: time | None = None
    weekday: int | None = None


def parse_cadence(text: str) -> Cadence:
    """Read a cadence as written; raises ValueError that says what is allowed."""
    if text == "hourly":
        return Cadence()
    found = _CADENCE.fullmatch(text)
    if found is None:
        raise ValueError(f"expected {ALLOWED}")
    return Cadence(
        local_time=time(int(found["hour"]), int(found["minute"])),
        weekday=WEEKDAYS.index(found["weekday"]) if found["weekday"] else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Cadences of one recipient that share a record of what was told: what one told, the others leave out."""

    record: str  # the name of the record in the database
    cadences: tuple[str, ...]

    @property
    def first_covers(self) -> timedelta:
        """The time that its first digest looks back on."""
        return 7 * _DAY if all(is_weekly(cadence) for cadence in self.cadences) else _DAY


def is_weekly(cadence: str) -> bool:
    """Whether it is a review of the week, which tells the week's trend too."""
    return cadence.startswith("weekly")


def records_of(recipient_id: str) -> tuple[str, str]:
    """The names of all records that a recipient can have: an id holds no space."""
    return recipient_id, f"{recipient_id} weekly"


def streams_of(recipient_id: str, cadences: tuple[str, ...]) -> tuple[Stream, ...]:
    """The streams of a recipient, the main one first.

    Weekly cadences beside others keep a record of their own: the review of a week
    tells the whole week, whatever the digests of its days have told.
    """
    main, beside = records_of(recipient_id)
    weekly = tuple(cadence for cadence in cadences if is_weekly(cadence))
    others = tuple(cadence for cadence in cadences if not is_weekly(cadence))
    if weekly and others:
        return Stream(record=main, cadences=others), Stream(record=beside, cadences=weekly)
    return (Stream(record=main, cadences=cadences),)


def latest_of(stream: Stream, timezone: str, now: datetime) -> tuple[str, Due]:
    """The latest due of a stream that is not after `now`, and its cadence; at one minute the first named."""
    dues = [(cadence, due_at_or_before(cadence, timezone, now)) for cadence in stream.cadences]
    return max(dues, key=lambda found: found[1].at)


def next_of(stream: Stream, timezone: str, after: datetime) -> Due:
    """The first due of a stream later than `after`."""
    return min((next_due(c, timezone, after) for c in stream.cadences), key=lambda due: due.at)


def zone_or_utc(name: str) -> str:
    """A zone as it is named, "UTC" where this machine does not know it (any more)."""
    try:
        find_zone(name)
    except ValueError:
        return "UTC"
    return name


def find_zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; raises ValueError where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones, such as "Europe"
        raise ValueError('expected an IANA time zone such as "Europe/Moscow"') from None


def due_at_or_before(cadence: str, timezone: str, now: datetime) -> Due:
    """The latest due that is not after `now`; raises ValueError for a cadence or zone that makes no sense."""
    parsed, zone = parse_cadence(cadence), find_zone(timezone)
    if parsed.local_time is None:
        return _hourly(now)
    # Clocks that are set back just after midnight have begun tomorrow already.
    start = now.astimezone(zone).date() + _DAY
    return next(due for due in _dues(parsed, parsed.local_time, zone, start, step=-1) if due.at <= now)


def next_due(cadence: str, timezone: str, after: datetime) -> Due:
    """The first due later than `after`; raises ValueError for a cadence or zone that makes no sense."""
    parsed, zone = parse_cadence(cadence), find_zone(timezone)
    if parsed.local_time is None:
        return _hourly(after + _HOUR)
    start = after.astimezone(zone).date()
    return next(due for due in _dues(parsed, parsed.local_time, zone, start, step=1) if due.at > after)


def _hourly(at: datetime) -> Due:
    # Hours of UTC: local ones repeat in autumn and would need a second kind of key.
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return Due(at=hour, key=f"{hour:%Y-%m-%dT%H:%M} UTC")


def _dues(cadence: Cadence, local_time: time, zone: ZoneInfo, start: date, *, step: int) -> Iterator[Due]:
    """The dues of one local day after another, forwards or backwards without end."""
    for days in count(0, step):
        local = datetime.combine(start + timedelta(days=days), local_time)
        if cadence.weekday not in (None, local.weekday()):
            continue
        at = _instant(local, zone)
        if at is not None:
            # No offset in the key: a corrected zone must not make a new due of an old one.
            yield Due(at=at, key=f"{local:%Y-%m-%dT%H:%M} {zone.key}")


def _instant(local: datetime, zone: ZoneInfo) -> datetime | None:
    """When clocks of a zone first show a naive local time.

    A time that they jump over is the end of the jump; None where they jump over
    a whole day, as Apia did on 2011-12-30: it has no morning to write for.
    """
    at = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == local:
        return at
    before_jump = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return None if at - before_jump >= _DAY else _end_of_jump(before_jump, at, zone)


def _end_of_jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant between two others at which the offset of a zone changes, to the second."""
    old = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        is_old = (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == old
        low, high = (middle, high) if is_old else (low, middle)
    return before + timedelta(seconds=high)
