"""The values that travel from feed to mail, one type per life stage.

All are frozen; times are aware and in UTC; a value that makes no sense is refused at birth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from monitor.core.outcome import Outcome
from monitor.core.review import Review, Verdict


class Direction(StrEnum):
    """Which way an indicator points: cooperation grows, strains, or is answered by others."""

    DEEPENING = "deepening"
    FRICTION = "friction"
    COUNTERMEASURE = "countermeasure"


class Modality(StrEnum):
    """How the text presents the event."""

    OCCURRED = "occurred"
    PLANNED = "planned"
    ALLEGED = "alleged"
    DENIED = "denied"
    RETROSPECTIVE = "retrospective"
    OPINION = "opinion"


class Place(StrEnum):
    """The part of an entry that carries the match; LEAD is the first sentence of the summary."""

    TITLE = "title"
    LEAD = "lead"
    BODY = "body"


class Dating(StrEnum):
    """What an entry says of its own date; but for STATED it counts from when we first saw it."""

    STATED = "stated"
    MISSING = "missing"
    FUTURE = "future"  # by more than clocks go wrong


class Level(IntEnum):
    """Warning level of a domain."""

    QUIET = 0
    ROUTINE = 1
    NOTABLE = 2
    ELEVATED = 3
    MARKED = 4

    @property
    def label(self) -> str:
        return self.name.capitalize()


def require_aware(moment: datetime | None, name: str) -> None:
    """Refuse a naive time: it would be read in another zone than it was written in."""
    if moment is not None and moment.utcoffset() is None:
        raise ValueError(f"{name} must be timezone-aware")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One polled address, as configured."""

    id: str
    title: str
    url: str
    language: str = "und"
    family: str = ""  # publisher family: feeds of one owner count once; defaults to the id
    party: str | None = None  # "russia" or "china" for an organ of that state
    reliability: str = "F"  # Admiralty grade A..F
    domains: tuple[str, ...] = ()
    expected_every: timedelta = timedelta(days=1)  # older newest entry than a few of these: frozen
    enabled: bool = True

    def __post_init__(self) -> None:
        if self.reliability not in "ABCDEF" or len(self.reliability) != 1:
            raise ValueError(f"reliability must be one letter A to F, not {self.reliability!r}")
        if not self.family:
            object.__setattr__(self, "family", self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item as its publisher wrote it: plain text, not yet judged.

    `key` is the publisher's identity of it: its id, else its link, else a digest of its text.
    """

    feed_id: str
    key: str
    title: str
    summary: str = ""
    link: str = ""  # http or https, or nothing
    language: str = "und"
    published_at: datetime | None = None

    def __post_init__(self) -> None:
        require_aware(self.published_at, "published_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave us to ask «has it changed?» with."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A successful poll of one feed: what came, and what to remember for the next one."""

    outcome: Outcome
    entries: tuple[Entry, ...] = ()
    validators: Validators = Validators()
    body_hash: str = ""
    status: int = 200
    skipped: int = 0  # entries over the limit, or without any text
    detail: str = ""
    min_wait: timedelta | None = None  # the server asked us not to come back sooner


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Matched words: characters [start, end) of the entry's title or summary."""

    field: str  # "title" or "summary"
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An indicator's rule fits an entry; in memory only."""

    indicator_id: str
    place: Place
    modality: Modality
    strength: float  # place factor times modality factor, 0 to 1
    spans: tuple[Span, ...]
    facts: tuple[str, ...] = ()  # who, where and what the text names, in words of no language


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A match that we stored, with all that its score needs."""

    id: int
    entry_id: int
    revision: int
    indicator_id: str
    rule_version: int
    domain: str
    direction: Direction
    weight: float
    half_life: timedelta
    place: Place
    modality: Modality
    strength: float
    spans: tuple[Span, ...]
    effective_at: datetime  # publication, or when first seen if that is earlier or unknown
    title: str
    summary: str
    link: str
    language: str
    feed_id: str
    feed_title: str
    family: str
    party: str | None
    reliability: str
    facts: tuple[str, ...] = ()
    is_retro: bool = False  # found by later rules in an entry of earlier days
    review: Review | None = None
    passes_on: str = ""  # the publisher family whose report this is, where it is not the feed's own
    passes_on_party: str | None = None
    dating: Dating = Dating.STATED

    def __post_init__(self) -> None:
        require_aware(self.effective_at, "effective_at")

    @property
    def verdict(self) -> Verdict | None:
        """What a person says of it, if anybody did."""
        return self.review.verdict if self.review else None

    @property
    def voice(self) -> str:
        """The publisher family that it speaks for."""
        return self.passes_on or self.family

    @property
    def voice_party(self) -> str | None:
        """The state that this voice is an organ of."""
        return self.passes_on_party if self.passes_on else self.party


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Signals of one indicator that tell the same event; never empty, strongest first."""

    indicator_id: str
    domain: str
    direction: Direction
    signals: tuple[Signal, ...]

    @property
    def leading(self) -> Signal:
        return self.signals[0]

    @property
    def verdict(self) -> Verdict | None:
        """The latest verdict on any of its signals: they tell the same event."""
        reviews = [signal.review for signal in self.signals if signal.review]
        return max(reviews, key=lambda review: review.at).verdict if reviews else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who gets digests, when, and of what."""

    id: str
    address: str
    name: str = ""
    timezone: str = "UTC"
    cadences: tuple[str, ...] = ("daily 06:00",)  # each "daily HH:MM", "weekly mon HH:MM" or "hourly"
    domains: tuple[str, ...] = ()  # empty: all
    minimum_level: Level = Level.QUIET
    urgent: bool = True  # wants urgent mail between digests
    language: str = "en"  # of the words around the evidence: "en", "ru" or "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered digest: one recipient, frozen bytes (RFC 5322, CRLF) under one Message-ID."""

    recipient: str
    message_id: str
    subject: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message on its way, claimed by us."""

    id: int
    message: Message
    attempts: int
    digest_id: int | None = None  # None for urgent mail
    was_unknown: bool = False  # the last answer got lost


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What we remember of a feed between polls."""

    feed: Feed
    validators: Validators = Validators()
    body_hash: str = ""
    next_poll_at: datetime | None = None
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0  # in a row
    outcome: Outcome | None = None
    detail: str = ""
    newest_entry_at: datetime | None = None
    entries_stored: int = 0
