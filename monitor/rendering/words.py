"""Numbers, times and levels in words: the same in text, HTML and subject."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core.digest import Coverage, Development, Digest, DomainLine, FeedTrouble, LanguageCoverage
from monitor.core.model import Direction, Level, Modality

SHAPES = {Level.QUIET: "○", Level.ROUTINE: "●", Level.NOTABLE: "▲", Level.ELEVATED: "◆", Level.MARKED: "■"}
# At least 4.5 : 1 on white; the template holds their counterparts for a dark ground.
COLOURS = {
    Level.QUIET: "#5f6b76",
    Level.ROUTINE: "#3f7347",
    Level.NOTABLE: "#96600f",
    Level.ELEVATED: "#b3470a",
    Level.MARKED: "#b3202b",
}
CREDIBILITY = {
    "1": "confirmed",
    "2": "probably true",
    "3": "possibly true",
    "4": "doubtful",
    "5": "improbable",
    "6": "cannot be judged",
}
LANGUAGES = {"en": "English", "ru": "Russian", "zh": "Chinese", "ja": "Japanese", "und": "unknown language"}
BLOCKS = "▁▂▃▄▅▆▇█"
WEAK_BELOW = 0.7  # share of feeds below which silence proves little
LATE_AFTER = timedelta(minutes=10)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def change(value: float | None) -> str:
    """A signed whole number, with a true minus; "" without a previous value."""
    if value is None:
        return ""
    whole = round(value)
    return f"+{whole}" if whole > 0 else f"−{-whole}" if whole < 0 else "0"


def moved(line: DomainLine) -> bool:
    """Whether the level is another than in the recipient's last digest."""
    return line.previous_level not in (None, line.level)


def arrow(line: DomainLine) -> str:
    """Which way the level moved, "" where it stayed."""
    if line.previous_level is None or line.level == line.previous_level:
        return ""
    return "↑" if line.level > line.previous_level else "↓"


def remarks(line: DomainLine) -> str:
    """What the numbers of a domain do not say: a level held, feeds that could not be read."""
    weak = f"only {line.coverage:.0%} of its feeds could be read" if line.coverage < WEAK_BELOW else ""
    return "; ".join(text for text in (line.note, weak) if text)


def countermeasures(lines: Sequence[DomainLine]) -> str:
    """Where others answer, one sentence; "" where they do nowhere."""
    named = [f"{line.title} {line.countermeasure:.0f}" for line in lines if round(line.countermeasure)]
    return f"Countermeasures by others: {', '.join(named)}." if named else ""


def local(moment: datetime, zone: str) -> str:
    """Day, time and zone as the recipient's clock shows them."""
    at = moment.astimezone(ZoneInfo(zone))
    return f"{at.day} {at:%b %H:%M} {at.tzname()}"


def local_long(moment: datetime, zone: str) -> str:
    """As `local`, with week-day and year, and the time in UTC where that differs."""
    at = moment.astimezone(ZoneInfo(zone))
    also = f" ({moment.astimezone(UTC):%H:%M}Z)" if at.utcoffset() else ""
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M} {at.tzname()}{also}"


def period(digest: Digest) -> str:
    """What time the digest is about."""
    if digest.since_at is None:
        return "first digest, nothing to compare with"
    return f"since {local(digest.since_at, digest.timezone)}"


def zulu(moment: datetime) -> str:
    """Day and time in UTC, as evidence is dated."""
    at = moment.astimezone(UTC)
    return f"{at.day} {at:%b %H:%M}Z"


def late(digest: Digest) -> str:
    """How late a digest is composed, "" when it is in time."""
    behind = digest.composed_at - digest.due_at
    if behind < LATE_AFTER:
        return ""
    hours, minutes = divmod(int(behind.total_seconds()) // 60, 60)
    return f"Late by {hours} h {minutes:02d} min: the service was not running when it was due."


def sources(development: Development) -> str:
    """How many publishers report a story, and how many of them are parties to it."""
    many = count(development.publishers, "publisher")
    if not development.parties:
        return many
    if development.parties < development.publishers:
        return f"{many}, {development.parties} of them part{'y' if development.parties == 1 else 'ies'}"
    return f"{many}, party to it" if development.publishers == 1 else f"{many}, all parties to it"


def graded(development: Development) -> str:
    """The Admiralty grade, its second half in words."""
    credibility = CREDIBILITY.get(development.grade[1:], "not graded")
    return f"{development.grade}, {credibility}"


def points(development: Development) -> str:
    """What a story adds to its domain's index, signed where it is new."""
    return f"{development.points:+.1f}" if development.is_new else f"{development.points:.1f}"


def facts(development: Development) -> list[str]:
    """Grade, sources and points of a story, and what is unusual about it."""
    unusual = (
        development.direction.value if development.direction is not Direction.DEEPENING else "",
        development.modality.value if development.modality is not Modality.OCCURRED else "",
        "" if development.is_new else "continuing",
    )
    worth = f"{points(development)} point{'' if abs(development.points) == 1 else 's'}"
    return [graded(development), sources(development), worth, *(word for word in unusual if word)]


def bars(history: Sequence[float]) -> list[int]:
    """Heights in per cent for a small chart, where 50 index points or the tallest bar fill it."""
    scale = max(50.0, *history) if history else 50.0
    return [max(4, round(100 * value / scale)) for value in history]


def sparkline(history: Sequence[float]) -> str:
    """The same chart as block characters."""
    return "".join(BLOCKS[height * 8 // 101] for height in bars(history))


def language(code: str) -> str:
    """A language's English name, its code where we have none."""
    return LANGUAGES.get(code, code)


def read_in(coverage: Coverage) -> list[LanguageCoverage]:
    """Languages that feeds are expected in: others are what a publisher claims, in any number."""
    return [part for part in coverage.languages if part.feeds_expected]


def silence(coverage: Coverage) -> list[str]:
    """What silence is worth: a sentence for each language, those that could hardly be read first."""
    ranked = sorted(read_in(coverage), key=lambda part: not _is_weak(part))
    return [_silence(part) for part in ranked if part.language != "und"]


def _silence(part: LanguageCoverage) -> str:
    name = language(part.language)
    if not _is_weak(part):
        return f"Quiet in {name} is good evidence."
    if not part.entries:
        return f"Quiet in {name} is no evidence: nothing was read."
    return f"Quiet in {name} is weak evidence: {part.feeds_healthy} of {part.feeds_expected} feeds healthy."


def _is_weak(part: LanguageCoverage) -> bool:
    return part.feeds_healthy / part.feeds_expected < WEAK_BELOW or not part.entries


def trouble(feed: FeedTrouble) -> str:
    """A feed that does not tell us what it should, since when, and why."""
    since = f" since {zulu(feed.since)}" if feed.since else ""
    return f"{feed.title}{since} ({feed.reason})"
