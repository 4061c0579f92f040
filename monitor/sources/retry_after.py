"""When a server says to come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(hours=24)


def read_retry_after(value: str, *, date: str, now: datetime) -> timedelta | None:
    """Read a Retry-After in seconds or as a date, at most 24 hours; None for what cannot be read.

    A date counts from the server's own `Date` where it gave one, so that its
    clock may be wrong; else from `now`.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), LONGEST)
    until = _http_date(value)
    if until is None:
        return None
    return min(max(until - (_http_date(date) or now), timedelta(0)), LONGEST)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
