"""Assess: signals to stories, scores and warning levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.core.assessment import Assessment
from monitor.core.composites import composites
from monitor.core.health import coverage
from monitor.core.levels import Standing, is_corroborated, next_standing
from monitor.core.model import Direction, FeedState, Signal, Story
from monitor.core.review import Verdict
from monitor.core.scoring import HORIZON_HALF_LIVES, score
from monitor.core.stories import NO_EDITS, Edits, first_reported, group_stories
from monitor.core.surprise import BASELINE_DAYS, WEEK, Surprise, surprise
from monitor.failpoints import failpoint
from monitor.services.context import Context
from monitor.storage import assessments, feeds, signals, story_edits
from monitor.storage.engine import writing

LONGEST_MEMORY = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that is known at one time: what a digest is written from."""

    at: datetime
    assessments: Mapping[str, Assessment]
    stories: Sequence[Story]
    marked_false: Sequence[Story] = ()  # by a person, and so left out of all the rest
    weeks: Mapping[str, Surprise] = field(default_factory=dict)  # each domain's new stories beside the usual


def assess(context: Context, at: datetime) -> Picture:
    """Score every domain as of `at` and store the result, in one transaction."""
    with writing(context.engine) as connection:
        picture = see(connection, context, at)
        keep(connection, context, picture)
        failpoint("score.before_commit")
    return picture


def see(connection: Connection, context: Context, at: datetime) -> Picture:
    """Compute what is known at one time from stored evidence; nothing is stored.

    A story that a person marked false has no part in it.
    """
    known = signals.signals_between(connection, at - LONGEST_MEMORY, at)
    edits = story_edits.in_force(connection, at)
    grouped = group_stories(remembered(known, at), edits)
    stories = _standing(context, grouped, at)
    marked_false = [story for story in grouped if story.verdict is Verdict.FALSE]
    states = feeds.all_states(connection)
    before = assessments.latest(connection, at)
    found = {
        domain.id: _assess_domain(context, domain.id, stories, states, before.get(domain.id), at)
        for domain in context.config.domains
    }
    weeks = unusual_weeks(connection, context, list(found), known, edits, at)
    return Picture(at=at, assessments=found, stories=stories, marked_false=marked_false, weeks=weeks)


def keep(connection: Connection, context: Context, picture: Picture) -> None:
    """Store the assessments of a picture."""
    assessments.store_all(
        connection,
        picture.assessments.values(),
        methodology=context.method.version,
        rules_revision=context.catalog.revision,
    )


def stories_of(
    context: Context, known: Sequence[Signal], at: datetime, edits: Edits = NO_EDITS
) -> list[Story]:
    """The stories that signals come to at one time: without those marked false, with composites."""
    return _standing(context, group_stories(remembered(known, at), edits), at)


def _standing(context: Context, grouped: Sequence[Story], at: datetime) -> list[Story]:
    """The stories that nobody marked false, and the composites that they make."""
    stories = [story for story in grouped if story.verdict is not Verdict.FALSE]
    return stories + composed(context, [signal for story in stories for signal in story.signals], at)


def remembered(known: Sequence[Signal], at: datetime) -> list[Signal]:
    """The signals that still weigh something at one time."""
    return [s for s in known if at - s.effective_at <= HORIZON_HALF_LIVES * s.half_life]


def unusual_weeks(
    connection: Connection,
    context: Context,
    domains: Sequence[str],
    known: Sequence[Signal],
    edits: Edits,
    at: datetime,
) -> dict[str, Surprise]:
    """Each domain's new stories of the last seven days against the eight weeks before.

    A day on which too few feeds could be read, or on which we did not run,
    says nothing of the usual and is left out.
    """
    week, day = timedelta(days=WEEK), timedelta(days=1)
    since = at - week - timedelta(days=BASELINE_DAYS)
    recent = [signal for signal in known if signal.effective_at > since]
    stories = [s for s in group_stories(recent, edits) if s.verdict is not Verdict.FALSE]
    read = assessments.coverages(connection, since, at - week)
    found = {}
    for domain in domains:
        ages = [(at - first_reported(story)) for story in stories if story.domain == domain]
        counts = Counter(age // day for age in ages)
        days = {
            (at - as_of) // day
            for as_of, share in read.get(domain, ())
            if share >= context.method.coverage_floor
        }
        found[domain] = surprise(sum(age < week for age in ages), [counts[number] for number in days])
    return found


def composed(context: Context, known: Sequence[Signal], at: datetime) -> list[Story]:
    """The composites that hold, as stories of their own: their parts, valued as the composite says."""
    catalog = context.catalog
    wanted = [c.composition for c in catalog.composites.values() if c.is_matched]
    stories = []
    for found in composites(wanted, known, at):
        indicator = catalog.composites[found.indicator_id]
        parts = tuple(
            replace(
                part,
                indicator_id=indicator.id,
                domain=indicator.domain,
                direction=indicator.direction,
                weight=indicator.weight,
                half_life=indicator.half_life,
            )
            for part in found.parts
        )
        stories.append(
            Story(
                indicator_id=indicator.id,
                domain=indicator.domain,
                direction=indicator.direction,
                signals=parts,
            )
        )
    return stories


def _assess_domain(
    context: Context,
    domain: str,
    stories: Sequence[Story],
    states: Sequence[FeedState],
    before: Assessment | None,
    at: datetime,
) -> Assessment:
    own = [story for story in stories if story.domain == domain]
    scores = {
        direction: score(
            domain, direction, own, sigma=context.sigma(domain, direction), at=at, method=context.method
        )
        for direction in Direction
    }
    relevant = [s for s in states if s.feed.enabled and domain in (s.feed.domains or (domain,))]
    share = coverage(relevant, dict(context.method.reliability), at)
    deepening = [story for story in own if story.direction is Direction.DEEPENING]
    standing = next_standing(
        Standing(level=before.level, since=before.level_since) if before else None,
        scores[Direction.DEEPENING].index,
        corroborated=is_corroborated(deepening, context.method),
        coverage=share,
        at=at,
        method=context.method,
    )
    return Assessment(
        domain=domain,
        as_of=at,
        level=standing.level,
        level_since=standing.since,
        deepening=scores[Direction.DEEPENING],
        friction=scores[Direction.FRICTION],
        countermeasure=scores[Direction.COUNTERMEASURE],
        coverage=share,
        note=standing.note,
    )
