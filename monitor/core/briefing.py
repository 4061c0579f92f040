"""From assessments and stories to a Digest: what changed, how sure we are, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.assessment import Assessment, Factors, Score
from monitor.core.bottom_line import bottom_line, confidence, headline
from monitor.core.change import Change
from monitor.core.digest import Coverage, Development, Digest, DomainLine, Quote
from monitor.core.model import Level, Recipient, Signal, Span, Story
from monitor.core.scoring import Methodology, grade
from monitor.core.surprise import Surprise

MOST_IN_FULL = 12  # developments with their quotes: more would be clipped by mail clients
MOST_NAMED = 40  # further new ones, in a line each
MOST_CONTINUING = 2  # per domain: what holds the index up although it is not new
MOST_QUOTES = 3
EXCERPT = 320  # characters of a summary


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

    By domain: the assessments, what the last digest said (`previous`), the
    indexes of seven weeks, the new stories of this week, the causes of change.
    """

    assessments: Mapping[str, Assessment]
    stories: Sequence[Story]
    coverage: Coverage
    weeks: Mapping[str, Surprise]
    previous: Mapping[str, Sent] = field(default_factory=dict)
    histories: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    causes: Mapping[str, Change] = field(default_factory=dict)


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
) -> Digest:
    """Write one recipient's digest from stored evidence alone.

    `new_ids` are the signals that no digest of this recipient has. A development
    is new when one of its signals is; continuing ones are shown only where
    they carry their domain's index.
    """
    wanted = [d for d in labels.domains if d in (recipient.domains or labels.domains)]
    lines = [_line(labels.domains[d], d, known) for d in wanted if d in known.assessments]
    lines.sort(key=lambda line: (-line.level, -max(line.deepening, line.friction)))
    open_domains = [line.domain for line in lines if line.level >= recipient.minimum_level]
    developments = _developments(open_domains, known, new_ids, labels, method)
    fresh = _each_domain_first([d for d in developments if d.is_new])
    chosen = _chosen(fresh, developments, open_domains)
    return Digest(
        recipient_id=recipient.id,
        address=recipient.address,
        name=recipient.name,
        timezone=recipient.timezone,
        due_at=due_at,
        composed_at=composed_at,
        since_at=since_at,
        next_due_at=next_due_at,
        headline=headline(lines, fresh),
        bottom_line=tuple(bottom_line(lines, fresh, known.coverage)),
        confidence=confidence(known.stories, fresh, known.coverage, method),
        lines=tuple(lines),
        developments=tuple(chosen),
        also=tuple(fresh[MOST_IN_FULL : MOST_IN_FULL + MOST_NAMED]),
        omitted=max(len(fresh) - MOST_IN_FULL - MOST_NAMED, 0),
        held_back=held_back,
        coverage=known.coverage,
        rules_revision=labels.rules_revision,
        methodology=labels.methodology,
        is_sample=is_sample,
        urgent=urgent,
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


def _developments(
    domains: Sequence[str],
    known: Known,
    new_ids: frozenset[int],
    labels: Labels,
    method: Methodology,
) -> list[Development]:
    by_ids = {
        (story.indicator_id, tuple(sorted(s.id for s in story.signals))): story for story in known.stories
    }
    found = [
        _development(by_ids[factors.indicator_id, factors.signal_ids], factors, new_ids, labels, method)
        for domain in domains
        for score in _scores(known.assessments[domain])
        for factors in score.stories
        if (factors.indicator_id, factors.signal_ids) in by_ids
    ]
    return sorted(found, key=lambda d: (-d.points, d.explain_id, d.indicator_id))


def _scores(assessment: Assessment) -> tuple[Score, ...]:
    return (assessment.deepening, assessment.friction, assessment.countermeasure)


def _development(
    story: Story, factors: Factors, new_ids: frozenset[int], labels: Labels, method: Methodology
) -> Development:
    leading = story.leading
    families = {signal.voice: signal.voice_party for signal in story.signals}
    return Development(
        indicator_id=story.indicator_id,
        indicator_title=labels.indicators.get(story.indicator_id, story.indicator_id),
        domain=story.domain,
        direction=story.direction,
        modality=leading.modality,
        grade=grade(story, method),
        publishers=len(families),
        parties=sum(party is not None for party in families.values()),
        points=factors.points,
        is_new=not new_ids.isdisjoint(factors.signal_ids),
        is_retro=all(signal.is_retro for signal in story.signals),
        explain_id=leading.entry_id,
        rule_version=leading.rule_version,
        quotes=tuple(_quote(signal) for signal in _best_quotes(story)),
    )


def _best_quotes(story: Story) -> list[Signal]:
    """One quote a publisher family, strongest first, so that three quotes are three voices."""
    voices: dict[str, Signal] = {}
    for signal in story.signals:
        voices.setdefault(signal.voice, signal)
    return list(voices.values())[:MOST_QUOTES]


def _quote(signal: Signal) -> Quote:
    summary, spans = _excerpt(signal)
    return Quote(
        title=signal.title,
        summary=summary,
        spans=spans,
        language=signal.language,
        feed_title=signal.feed_title,
        reliability=signal.reliability,
        party=signal.party,
        link=signal.link,
        at=signal.effective_at,
    )


def _excerpt(signal: Signal) -> tuple[str, tuple[Span, ...]]:
    """The part of the summary that carries matched words; none where the title carries them all."""
    inside = sorted(span for span in signal.spans if span.field == "summary")
    titled = tuple(sorted(span for span in signal.spans if span.field == "title"))
    if not inside:
        return "", titled
    start = max(0, inside[0].start - EXCERPT // 4)
    if start:
        # Begin at a word where the script has any, so that no word is cut in two.
        blank = signal.summary.find(" ", start, inside[0].start)
        start = blank + 1 if blank >= 0 else start
    end = min(len(signal.summary), max(start + EXCERPT, inside[0].end))
    lead, tail = ("… " if start else ""), (" …" if end < len(signal.summary) else "")
    shift = len(lead) - start
    moved = [Span("summary", s.start + shift, s.end + shift) for s in inside if s.end <= end]
    return lead + signal.summary[start:end] + tail, titled + tuple(moved)


def _each_domain_first(fresh: Sequence[Development]) -> list[Development]:
    """By points, but the best of each domain before the second of any: no domain crowds another out."""
    first = {d.domain: d for d in reversed(fresh)}
    best = [d for d in fresh if first[d.domain] is d]
    return best + [d for d in fresh if first[d.domain] is not d]


def _chosen(
    fresh: Sequence[Development], developments: Sequence[Development], domains: Sequence[str]
) -> list[Development]:
    """All that is new up to the cap, then what else holds each index up."""
    continuing: list[Development] = []
    for domain in domains:
        standing = [d for d in developments if d.domain == domain and not d.is_new and d.points >= 1]
        continuing += standing[:MOST_CONTINUING]
    return [*fresh, *continuing][:MOST_IN_FULL]
