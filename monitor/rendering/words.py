"""Numbers, times and coverage in words: the same in text, HTML and subject."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import reduce
from zoneinfo import ZoneInfo

from monitor.core.digest import Coverage, Digest, FeedTrouble, LanguageCoverage
from monitor.core.model import Level
from monitor.rendering import remarks
from monitor.rendering.language import _, dated, marked, n_

LANGUAGES = {
    "en": marked("English"),
    "ru": marked("Russian"),
    "zh": marked("Chinese"),
    "ja": marked("Japanese"),
    "und": marked("unknown language"),
}
LEVELS = {
    Level.QUIET: marked("Quiet"),
    Level.ROUTINE: marked("Routine"),
    Level.NOTABLE: marked("Notable"),
    Level.ELEVATED: marked("Elevated"),
    Level.MARKED: marked("Marked"),
}
# Share of healthy feeds from which silence is worth the word.
EVIDENCE = (
    (0.9, marked("strong evidence")),
    (0.7, marked("fair evidence")),
    (0.0, marked("weak evidence")),
)
LATE_AFTER = timedelta(minutes=10)
WEAK_BELOW = 0.7  # share of feeds below which a number deserves a remark


def level(of: Level) -> str:
    """A warning level by its name."""
    return _(LEVELS[of])


def listed(names: Sequence[str]) -> str:
    """One or several names as part of a sentence."""
    if len(names) == 1:
        return names[0]
    return _("{names} and {last}", names=_(", ").join(names[:-1]), last=names[-1])


def sentences(said: Sequence[str]) -> str:
    """Whole sentences one after the other."""
    return reduce(lambda one, more: _("{one} {more}", one=one, more=more), said) if said else ""


def comma(what: str, more: str) -> str:
    """A word and what is added to it."""
    return _("{what}, {more}", what=what, more=more)


def bracketed(what: str, about: str) -> str:
    """A word and, in brackets, what is said about it."""
    return _("{what} ({about})", what=what, about=about)


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
    return f"{_short(at)} {at.tzname()}"


def local_long(moment: datetime, zone: str) -> str:
    """As `local`, with week-day and year, and the time in UTC where that differs."""
    at = moment.astimezone(_zone(zone))
    also = f" ({moment.astimezone(UTC):%H:%M}Z)" if at.utcoffset() else ""
    day = dated(at, _("EEEE d MMMM y, HH:mm"))
    return f"{day} {at.tzname()}{also}"


def _short(at: datetime) -> str:
    return dated(at, _("d MMM HH:mm"))


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
    return _(
        "This machine does not know the time zone {zone}: "
        "times are UTC, and so is the hour at which digests leave. The operator can mend it.",
        zone=digest.lost_timezone,
    )


def zulu(moment: datetime) -> str:
    """Day and time in UTC, as evidence is dated."""
    return f"{_short(moment.astimezone(UTC))}Z"


def period(digest: Digest) -> str:
    """What time the digest is about."""
    if digest.since_at is None:
        return _("first digest, nothing to compare with")
    return _("since {when}", when=local(digest.since_at, digest.timezone))


def late(digest: Digest) -> str:
    """How late a digest is composed, "" when it is in time."""
    behind = digest.composed_at - digest.due_at
    if behind < LATE_AFTER:
        return ""
    hours, minutes = divmod(int(behind.total_seconds()) // 60, 60)
    return _(
        "Late by {hours} h {minutes} min: the service was not running when it was due.",
        hours=hours,
        minutes=f"{minutes:02d}",
    )


def read(coverage: Coverage) -> str:
    """How much was read, one sentence."""
    healthy = n_(
        "{healthy} of {number} feed healthy",
        "{healthy} of {number} feeds healthy",
        coverage.feeds_expected,
        healthy=coverage.feeds_healthy,
    )
    entries = n_("{number} entry read", "{number} entries read", coverage.entries_read)
    return _("{healthy}, {entries}.", healthy=healthy, entries=entries)


def language(code: str) -> str:
    """A language's name, its code where we have none."""
    return _(LANGUAGES[code]) if code in LANGUAGES else code


def languages(coverage: Coverage) -> list[LanguageCoverage]:
    """Languages that feeds are expected in; others are what a publisher claims, in any number."""
    return [part for part in coverage.languages if part.feeds_expected]


def silence(part: LanguageCoverage) -> str:
    """What the absence of news in a language is worth."""
    if not part.entries or not part.feeds_healthy:
        return _("no evidence")
    share = part.feeds_healthy / part.feeds_expected
    return _(next(words for least, words in EVIDENCE if share >= least))


def trouble(feed: FeedTrouble) -> str:
    """A feed that does not tell us what it should, since when, and why."""
    reason = remarks.of_feed(feed.reason)
    if feed.since is None:
        return bracketed(feed.title, reason)
    return _("{feed} since {when} ({reason})", feed=feed.title, when=zulu(feed.since), reason=reason)
