"""From assessments and stories to a Digest: what changed, how sure we are, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.assessment import Assessment, Factors, Score
from monitor.core.change import Change
from monitor.core.digest import (
    Assurance,
    Confidence,
    Coverage,
    Development,
    Digest,
    DomainLine,
    Edits,
    Reading,
    Trend,
)
from monitor.core.events import Weighed, by_indicator, events, fading, voices, weighed
from monitor.core.model import Level, Recipient, Story
from monitor.core.quoting import quotes
from monitor.core.scoring import Methodology, credibility, grade
from monitor.core.surprise import Surprise

MOST_IN_FULL = 12  # developments with their quotes: more would be clipped by mail clients
MOST_NAMED = 40  # further new ones, in a line each
MOST_CONTINUING = 2  # per domain: what holds the index up although it is not new


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the recipient's last digest said of a domain."""

    level: Level
    deepening: float
    friction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Titles of domains (in their fixed order) and of indicators, and what produced the numbers."""

    domains: Mapping[str, str]
    indicators: Mapping[str, str]
    rules_revision: str
    methodology: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that a digest is written from: what holds now, what the recipient was told, how it came.

    By domain: the assessments, what the last digest said (`previous`) and the
    assessments that it rested on (`before`), the indexes of seven weeks, the new
    stories of this week, the causes of change, the trend of half a year.
    """

    assessments: Mapping[str, Assessment]
    stories: Sequence[Story]
    coverage: Coverage
    weeks: Mapping[str, Surprise]
    previous: Mapping[str, Sent] = field(default_factory=dict)
    before: Mapping[str, Assessment] = field(default_factory=dict)
    histories: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    causes: Mapping[str, Change] = field(default_factory=dict)
    edits: Edits = field(default_factory=Edits)
    trends: Mapping[str, Trend] = field(default_factory=dict)


def compose(
    recipient: Recipient,
    known: Known,
    *,
    due_at: datetime,
    composed_at: datetime,
    since_at: datetime | None,
    next_due_at: datetime,
    new_ids: frozenset[int],
    labels: Labels,
    method: Methodology,
    is_sample: bool = False,
    held_back: tuple[str, ...] = (),
    urgent: tuple[str, ...] = (),
    cadence: str = "",
    lost_timezone: str = "",
) -> Digest:
    """Write one recipient's digest from stored evidence alone.

    `new_ids` are the signals that no digest of this recipient has. An event is
    new when the recipient was told of none of its signals; continuing ones are
    shown only where they carry their domain's index. For `lost_timezone` UTC stands.
    """
    wanted = [d for d in labels.domains if d in (recipient.domains or labels.domains)]
    lines = [_line(labels.domains[d], d, known) for d in wanted if d in known.assessments]
    lines.sort(key=lambda line: (-line.level, -max(line.deepening, line.friction)))
    open_domains = [line.domain for line in lines if line.level >= recipient.minimum_level]
    groups = events(_weighed(open_domains, known, new_ids))
    developments = [_development(group, labels, method) for group in groups]
    news = _each_domain_first([d for d in developments if d.is_news])
    stronger = [d for d in developments if d.is_stronger]
    told = [*news, *stronger, *(d for d in developments if d.is_new and d.is_retro)]
    return Digest(
        recipient_id=recipient.id,
        address=recipient.address,
        name=recipient.name,
        timezone="UTC" if lost_timezone else recipient.timezone,
        due_at=due_at,
        composed_at=composed_at,
        since_at=since_at,
        next_due_at=next_due_at,
        assurance=_assurance(groups, news, known.coverage, method),
        lines=tuple(lines),
        developments=tuple([*told, *_continuing(developments, open_domains)][:MOST_IN_FULL]),
        also=tuple(told[MOST_IN_FULL : MOST_IN_FULL + MOST_NAMED]),
        omitted=max(len(told) - MOST_IN_FULL - MOST_NAMED, 0),
        new_stories=len(news),
        fading=fading(groups, labels.indicators) if since_at else (),
        edits=known.edits,
        trends=tuple(known.trends[line.domain] for line in lines if line.domain in known.trends),
        held_back=held_back,
        coverage=known.coverage,
        rules_revision=labels.rules_revision,
        methodology=labels.methodology,
        language=recipient.language,
        is_sample=is_sample,
        urgent=urgent,
        cadence=cadence,
        lost_timezone=lost_timezone,
    )


def _line(title: str, domain: str, known: Known) -> DomainLine:
    now, before = known.assessments[domain], known.previous.get(domain)
    return DomainLine(
        domain=now.domain,
        title=title,
        level=now.level,
        previous_level=before.level if before else None,
        deepening=now.deepening.index,
        deepening_change=now.deepening.index - before.deepening if before else None,
        cause=known.causes.get(domain),
        friction=now.friction.index,
        friction_change=now.friction.index - before.friction if before else None,
        countermeasure=now.countermeasure.index,
        history=(*known.histories.get(domain, ())[:-1], now.deepening.index),
        week=known.weeks[domain],
        coverage=now.coverage,
        note=now.note,
    )


def _weighed(domains: Sequence[str], known: Known, new_ids: frozenset[int]) -> list[Weighed]:
    by_ids = {
        (story.indicator_id, tuple(sorted(s.id for s in story.signals))): story for story in known.stories
    }
    return [
        weighed(by_ids[factors.indicator_id, factors.signal_ids], factors, before, new_ids)
        for domain in domains
        for score, before in zip(
            _scores(known.assessments[domain]), _before(known.before.get(domain)), strict=True
        )
        for factors in score.stories
        if (factors.indicator_id, factors.signal_ids) in by_ids
    ]


def _scores(assessment: Assessment) -> tuple[Score, Score, Score]:
    return (assessment.deepening, assessment.friction, assessment.countermeasure)


def _before(assessment: Assessment | None) -> list[dict[str, list[Factors]] | None]:
    return [by_indicator(score.stories) for score in _scores(assessment)] if assessment else [None] * 3


def _development(group: Sequence[Weighed], labels: Labels, method: Methodology) -> Development:
    first, *others = group
    story, leading = first.story, first.story.leading
    families = {signal.voice: signal.voice_party for signal in story.signals}
    is_known = any(one.told for one in group)
    # That an indicator finds in a known event what it did not say before is news of it too.
    is_wider = any(one.is_new and not one.is_retro for one in group)
    return Development(
        indicator_id=story.indicator_id,
        indicator_title=labels.indicators.get(story.indicator_id, story.indicator_id),
        domain=story.domain,
        direction=story.direction,
        modality=leading.modality,
        grade=grade(story, method),
        publishers=voices(story),
        parties=sum(party is not None for party in families.values()),
        points=first.factors.points,
        is_new=not is_known and any(one.is_new for one in group),
        is_retro=all(one.is_retro for one in group),
        is_stronger=is_known and (is_wider or any(one.is_stronger(method) for one in group)),
        earlier=first.earlier(method),
        explain_id=leading.entry_id,
        rule_version=leading.rule_version,
        quotes=quotes(story),
        readings=tuple(_reading(one, labels, method) for one in others),
    )


def _reading(one: Weighed, labels: Labels, method: Methodology) -> Reading:
    story = one.story
    return Reading(
        indicator_id=story.indicator_id,
        indicator_title=labels.indicators.get(story.indicator_id, story.indicator_id),
        domain=story.domain,
        direction=story.direction,
        grade=grade(story, method),
        points=one.factors.points,
        rule_version=story.leading.rule_version,
        explain_id=story.leading.entry_id,
    )


def _assurance(
    groups: Sequence[Sequence[Weighed]], news: Sequence[Development], coverage: Coverage, method: Methodology
) -> Assurance:
    """Step 11, by the new event that has most points; by coverage alone where nothing is new."""
    share = coverage.share
    if not news:
        sure = Confidence.HIGH if share >= 0.9 else Confidence.MODERATE if share >= 0.7 else Confidence.LOW
        return Assurance(confidence=sure)
    top = max(news, key=lambda d: d.points)
    story = next(
        first.story
        for first, *_ in groups
        if (first.story.indicator_id, first.story.leading.entry_id) == (top.indicator_id, top.explain_id)
    )
    q, languages = credibility(story.signals, method), {signal.language for signal in story.signals}
    if q >= 0.7 and share >= 0.9 and len(languages) >= 2:
        sure = Confidence.HIGH
    else:
        sure = Confidence.MODERATE if q >= 0.4 and share >= 0.7 else Confidence.LOW
    return Assurance(confidence=sure, independent=top.publishers - top.parties)


def _each_domain_first(news: Sequence[Development]) -> list[Development]:
    """By points, but the best of each domain before the second of any: no domain crowds another out."""
    first = {d.domain: d for d in reversed(news)}
    best = [d for d in news if first[d.domain] is d]
    return best + [d for d in news if first[d.domain] is not d]


def _continuing(developments: Sequence[Development], domains: Sequence[str]) -> list[Development]:
    """What else holds each index up."""
    standing = [d for d in developments if not d.is_new and not d.is_stronger and d.points >= 1]
    return [d for domain in domains for d in [d for d in standing if d.domain == domain][:MOST_CONTINUING]]
