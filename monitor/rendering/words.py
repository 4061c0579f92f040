"""Numbers, times and coverage in words: the same in text, HTML and subject."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from monitor.core.digest import Coverage, Digest, FeedTrouble, LanguageCoverage

LANGUAGES = {"en": "English", "ru": "Russian", "zh": "Chinese", "ja": "Japanese", "und": "unknown language"}
# Share of healthy feeds from which silence is worth the word.
EVIDENCE = ((0.9, "strong"), (0.7, "fair"), (0.0, "weak"))
LATE_AFTER = timedelta(minutes=10)
WEAK_BELOW = 0.7  # share of feeds below which a number deserves a remark


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def change(value: float | None) -> str:
    """A signed whole number, with a true minus; "" without a previous value."""
    if value is None:
        return ""
    whole = round(value)
    return f"+{whole}" if whole > 0 else f"−{-whole}" if whole < 0 else "0"


def percent(share: float) -> str:
    """A share as a whole number of hundredths; what is not all is never shown as all."""
    whole = round(100 * share)
    return f"{min(whole, 99) if share < 1 else whole}%"


def local(moment: datetime, zone: str) -> str:
    """Day, time and zone as the recipient's clock shows them."""
    at = moment.astimezone(_zone(zone))
    return f"{at.day} {at:%b %H:%M} {at.tzname()}"


def local_long(moment: datetime, zone: str) -> str:
    """As `local`, with week-day and year, and the time in UTC where that differs."""
    at = moment.astimezone(_zone(zone))
    also = f" ({moment.astimezone(UTC):%H:%M}Z)" if at.utcoffset() else ""
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M} {at.tzname()}{also}"


def _zone(name: str) -> tzinfo:
    # A zone may vanish with an update of its machine; a digest is still shown.
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def lost_zone(digest: Digest) -> str:
    """That the reader's own time zone is not known here, "" where it is."""
    if not digest.lost_timezone:
        return ""
    return (
        f"This machine does not know the time zone {digest.lost_timezone}: "
        "times are UTC, and so is the hour at which digests leave. The operator can mend it."
    )


def zulu(moment: datetime) -> str:
    """Day and time in UTC, as evidence is dated."""
    at = moment.astimezone(UTC)
    return f"{at.day} {at:%b %H:%M}Z"


def period(digest: Digest) -> str:
    """What time the digest is about."""
    if digest.since_at is None:
        return "first digest, nothing to compare with"
    return f"since {local(digest.since_at, digest.timezone)}"


def late(digest: Digest) -> str:
    """How late a digest is composed, "" when it is in time."""
    behind = digest.composed_at - digest.due_at
    if behind < LATE_AFTER:
        return ""
    hours, minutes = divmod(int(behind.total_seconds()) // 60, 60)
    return f"Late by {hours} h {minutes:02d} min: the service was not running when it was due."


def read(coverage: Coverage) -> str:
    """How much was read, one sentence."""
    healthy = f"{coverage.feeds_healthy} of {count(coverage.feeds_expected, 'feed')} healthy"
    return f"{healthy}, {count(coverage.entries_read, 'entry', 'entries')} read."


def language(code: str) -> str:
    """A language's English name, its code where we have none."""
    return LANGUAGES.get(code, code)


def languages(coverage: Coverage) -> list[LanguageCoverage]:
    """Languages that feeds are expected in; others are what a publisher claims, in any number."""
    return [part for part in coverage.languages if part.feeds_expected]


def silence(part: LanguageCoverage) -> str:
    """What the absence of news in a language is worth."""
    if not part.entries or not part.feeds_healthy:
        return "no evidence"
    share = part.feeds_healthy / part.feeds_expected
    return f"{next(word for least, word in EVIDENCE if share >= least)} evidence"


def trouble(feed: FeedTrouble) -> str:
    """A feed that does not tell us what it should, since when, and why."""
    since = f" since {zulu(feed.since)}" if feed.since else ""
    return f"{feed.title}{since} ({feed.reason})"
