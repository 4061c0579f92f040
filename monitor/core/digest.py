"""What a digest says, before it is text or HTML: the same values serve both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.core.change import Change
from monitor.core.model import Direction, Level, Modality, Span
from monitor.core.surprise import Surprise


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainLine:
    """A row of the table of domains; changes are against the recipient's last digest, None without one."""

    domain: str
    title: str
    level: Level
    previous_level: Level | None
    deepening: float
    deepening_change: float | None
    cause: Change | None  # of the change in deepening
    friction: float
    friction_change: float | None
    countermeasure: float
    history: tuple[float, ...]  # deepening index, one value a week, oldest first, this week last
    week: Surprise  # its new stories of seven days beside the usual
    coverage: float  # 0 to 1
    note: str = ""  # why the level was held, where it was


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One entry as evidence: the original text, the matched words as spans, and where it is from."""

    title: str
    summary: str  # excerpt; may be empty
    spans: tuple[Span, ...]  # field "title" or "summary", offsets into these very strings
    language: str
    feed_title: str
    reliability: str
    party: str | None
    link: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Development:
    """One story as the reader sees it."""

    indicator_id: str
    indicator_title: str
    domain: str
    direction: Direction
    modality: Modality
    grade: str  # Admiralty letter and digit, e.g. "B2"
    publishers: int  # independent publisher families
    parties: int  # of them organs of a party to the events
    points: float  # of the domain index
    is_new: bool  # no digest of this recipient had it
    is_retro: bool  # found by later rules in an entry of earlier days: our edit, not news
    explain_id: int  # `monitor explain` takes it
    rule_version: int
    quotes: tuple[Quote, ...]
    verdict_link: str = ""  # where its reader may say true, routine or false


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTrouble:
    """A feed that does not tell us what it should."""

    title: str
    since: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageCoverage:
    language: str
    entries: int
    feeds_healthy: int
    feeds_expected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much the silence is worth. Frozen feeds answer, but their newest entry is too old."""

    feeds_expected: int
    feeds_healthy: int
    entries_read: int
    languages: tuple[LanguageCoverage, ...]
    down: tuple[FeedTrouble, ...]
    frozen: tuple[FeedTrouble, ...]

    @property
    def share(self) -> float:
        return self.feeds_healthy / self.feeds_expected if self.feeds_expected else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One digest for one recipient."""

    recipient_id: str
    address: str
    name: str
    timezone: str
    due_at: datetime
    composed_at: datetime  # later than due_at when nobody was running then
    since_at: datetime | None  # the recipient's last digest; None: this is the first
    next_due_at: datetime
    headline: str  # the bottom line in one clause, without full stop
    bottom_line: tuple[str, ...]  # two or three sentences
    confidence: str  # about the reporting: "moderate (one independent source)"
    lines: tuple[DomainLine, ...]  # worst first
    developments: tuple[Development, ...]  # in the order of the lines, most points first
    also: tuple[Development, ...]  # new ones beyond the cap, to be named in a line each
    omitted: int  # new ones beyond that
    held_back: tuple[str, ...]
    coverage: Coverage
    rules_revision: str
    methodology: str
    is_sample: bool = False  # made of sample data by `make demo`
    unsubscribe_link: str = ""
    acknowledge_link: str = ""
    urgent: tuple[str, ...] = ()  # what made it leave between digests; empty for a digest that was due
