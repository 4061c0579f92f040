"""What a digest says, before it is text or HTML: the same values serve both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.core.change import Change
from monitor.core.model import Dating, Direction, Level, Modality, Span
from monitor.core.review import Verdict
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
    history: tuple[float | None, ...]  # deepening, one value a week, oldest first; None: not assessed yet
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
    dating: Dating = Dating.STATED  # why `at` is when we first saw it, where it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What a reader was told of a story, by the grades that its sources have now."""

    grade: str
    publishers: int
    modality: Modality
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A further indicator that an event fits; its score is its own, its entries are the same."""

    indicator_id: str
    indicator_title: str
    domain: str
    direction: Direction
    grade: str
    points: float
    rule_version: int
    explain_id: int
    verdict_link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Development:
    """One event as the reader sees it, by the indicator that it weighs most for."""

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
    is_stronger: bool = False  # known, and since then better sourced, or nearer to having happened
    earlier: Earlier | None = None  # None where this indicator was not told of it
    explain_id: int  # `monitor explain` takes it
    rule_version: int
    quotes: tuple[Quote, ...]
    verdict_link: str = ""  # where its reader may say true, routine or false
    readings: tuple[Reading, ...] = ()  # by what further indicators, most points first

    @property
    def is_news(self) -> bool:
        """Whether it is new, and not only found by a rule of ours."""
        return self.is_new and not self.is_retro

    @property
    def domains(self) -> frozenset[str]:
        """The domains that it counts in."""
        return frozenset((self.domain, *(reading.domain for reading in self.readings)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fading:
    """A story that lost points by its age alone."""

    indicator_title: str
    domain: str
    reported_at: datetime
    loss: float  # points since the last digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A story of which a person has said since the last digest what it is."""

    indicator_title: str
    domain: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What we ourselves changed since the last digest; never news. "" where a thing is as it was."""

    methodology_before: str = ""
    rules_before: str = ""
    verdicts: tuple[Judged, ...] = ()


class Confidence(StrEnum):
    """How sure we are of the reporting, not of the future."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assurance:
    """Step 11: the confidence, and the publishers of the leading new story that are no party to it.

    `independent` is None where nothing is new: then it is about what may have been missed.
    """

    confidence: Confidence = Confidence.LOW
    independent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The indexes of a domain over the weeks up to now, oldest first; None before the first assessment."""

    domain: str
    deepening: tuple[float | None, ...]
    friction: tuple[float | None, ...]
    picture: str = ""  # a PNG in base64; "" where it could not be drawn


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
    assurance: Assurance = Assurance()
    lines: tuple[DomainLine, ...]  # worst first
    developments: tuple[Development, ...]  # new, stronger, found by later rules, continuing
    also: tuple[Development, ...]  # those but the last beyond the cap, to be named in a line each
    omitted: int  # those beyond that
    new_stories: int = 0  # events that are news, shown or not
    fading: tuple[Fading, ...] = ()  # largest losses first
    edits: Edits = Edits()
    trends: tuple[Trend, ...] = ()  # of a weekly digest, in the order of the lines
    held_back: tuple[str, ...]
    coverage: Coverage
    rules_revision: str
    methodology: str
    language: str = "en"  # of its own words; quotes keep theirs
    is_sample: bool = False  # made of sample data by `make demo`
    unsubscribe_link: str = ""
    acknowledge_link: str = ""
    urgent: tuple[str, ...] = ()  # what made it leave between digests; empty for a digest that was due
    cadence: str = ""  # which of the recipient's it is of; "" for one that somebody asked for
    lost_timezone: str = ""  # the zone that the recipient wants and this machine does not know

    @property
    def begins_thread(self) -> bool:
        """Whether it is too grave to stand among the others of its week."""
        moved = (line for line in self.lines if line.previous_level not in (None, line.level))
        return bool(self.urgent) or any(line.level >= Level.ELEVATED for line in moved)
