"""What is worth a mail at once, and what holds it back: silence, acknowledgement, cool-down, storm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.model import Level

URGENT_FROM = Level.ELEVATED


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLimits:
    """How often one recipient is told of one thing, and of anything."""

    cool_down: timedelta = timedelta(hours=4)
    most_per_hour: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A domain that rose to Elevated or above, or a new story of an indicator marked urgent.

    `key` is the same for the same occasion whenever it is looked for; `subject`
    is the domain or the indicator; `level` is 0 for a story; `stands_since` is when
    a domain was last below Elevated, None for a story and for a domain that never was.
    """

    key: str
    subject: str
    domain: str
    title: str
    level: Level
    signal_ids: tuple[int, ...]
    stands_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """No urgent mail of a domain or an indicator for a while: who wants it so, and why."""

    id: int
    subject: str
    owner: str
    reason: str
    starts_at: datetime
    ends_at: datetime

    def covers(self, occasion: Occasion, at: datetime) -> bool:
        about = self.subject in (occasion.subject, occasion.domain)
        return about and self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An earlier alert to the same recipient."""

    subject: str
    level: Level
    sent_at: datetime
    acknowledged_by: str = ""


class Verb(StrEnum):
    """What becomes of an occasion; cooling and storm are looked at again."""

    SEND = "sent"
    SILENCED = "silenced"
    ACKNOWLEDGED = "acknowledged"
    COOLING = "cooling"
    STORM = "storm"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an occasion, and why in words."""

    verb: Verb
    reason: str = ""


def decide(
    occasion: Occasion,
    *,
    silences: Sequence[Silence],
    told: Sequence[Told],
    mails_this_hour: int,
    at: datetime,
    limits: AlertLimits,
) -> Decision:
    """Whether an occasion leaves now.

    A level above the one that was told before goes past acknowledgement and
    cool-down: that is news. An acknowledgement holds for a domain until it clears,
    that is falls below Elevated; for an indicator until another story comes, which
    is another occasion.
    """
    silence = next((s for s in silences if s.covers(occasion, at)), None)
    if silence:
        until = f"{silence.ends_at:%Y-%m-%d %H:%M}Z"
        return Decision(Verb.SILENCED, f"silenced by {silence.owner} until {until}: {silence.reason}")
    cleared_at, warm_from = occasion.stands_since, at - limits.cool_down
    same = [one for one in told if one.subject == occasion.subject]
    if occasion.level:  # what was told before it cleared counts for as long as it is warm
        same = [t for t in same if t.sent_at > warm_from or cleared_at is None or t.sent_at > cleared_at]
    is_higher = all(occasion.level > one.level for one in same)
    if same and not is_higher:
        last = max(same, key=lambda one: one.sent_at)
        still_stands = occasion.level and (cleared_at is None or last.sent_at > cleared_at)
        if last.acknowledged_by and still_stands:
            return Decision(Verb.ACKNOWLEDGED, f"acknowledged by {last.acknowledged_by}")
        if last.sent_at > warm_from:
            return Decision(Verb.COOLING, f"told of it at {last.sent_at:%H:%M}Z")
    if mails_this_hour >= limits.most_per_hour:
        return Decision(Verb.STORM, f"{mails_this_hour} urgent mails within the hour")
    return Decision(Verb.SEND)
