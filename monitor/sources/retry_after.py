"""When a server says to come back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(hours=24)
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE | re.ASCII)


def read_retry_after(value: str, *, date: str, now: datetime) -> timedelta | None:
    """Read a Retry-After in seconds or as a date, at most 24 hours; None for what cannot be read.

    A date counts from the server's own `Date` where it gave one, so that its
    clock may be wrong; else from `now`.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return _seconds(value)
    until = _http_date(value)
    if until is None:
        return None
    return min(max(until - (_http_date(date) or now), timedelta(0)), LONGEST)


def read_max_age(cache_control: str) -> timedelta | None:
    """For how long an answer says that it may be kept, at most 24 hours; None where it does not say."""
    found = _MAX_AGE.search(cache_control)
    return _seconds(found[1]) if found else None


def _seconds(digits: str) -> timedelta:
    # More digits than these are more than a day, and int() is slow on thousands of them.
    short = digits.lstrip("0")
    return LONGEST if len(short) > 9 else min(timedelta(seconds=int(short or "0")), LONGEST)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
