"""Compare two catalogs on the stored archive: what an edit gains and loses, and what it does to the scores.

The daemon's own matcher, stories, scores and levels; never a second implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.levels import Standing, is_corroborated, next_standing
from monitor.core.model import Direction, Level, Signal, Story
from monitor.core.review import Review, Verdict
from monitor.core.scoring import HORIZON_HALF_LIVES, score
from monitor.core.stories import group_stories
from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules
from monitor.services.assess import composed
from monitor.services.context import Context
from monitor.storage.archive import ArchivedEntry

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One catalog's view of the archive."""

    signals: tuple[Signal, ...]
    stories: tuple[Story, ...]
    index: Mapping[str, float]  # deepening of each domain at the end
    level: Mapping[str, Level]
    level_changes: Mapping[str, int]
    told: Mapping[datetime, frozenset[tuple[int, str]]]  # what each day's digest would tell

    def of(self, indicator_id: str) -> list[Signal]:
        """The signals of one indicator."""
        return [signal for signal in self.signals if signal.indicator_id == indicator_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two views of the same entries, and what sets them apart."""

    since: datetime
    until: datetime
    entries: Mapping[str, int]  # by language
    before: Side
    after: Side
    gained: tuple[Signal, ...]
    lost: tuple[Signal, ...]

    @property
    def stories_gained(self) -> int:
        """How many stories there are of which no signal was found before."""
        return _stories_apart(self.after, self.before)

    @property
    def stories_lost(self) -> int:
        """How many stories there were of which no signal is found any more."""
        return _stories_apart(self.before, self.after)

    @property
    def digests_that_differ(self) -> int:
        days = self.before.told.keys() | self.after.told.keys()
        return sum(self.before.told.get(day) != self.after.told.get(day) for day in days)


def _stories_apart(one: Side, other: Side) -> int:
    known = {(s.entry_id, s.indicator_id) for s in other.signals}
    return sum(known.isdisjoint((s.entry_id, s.indicator_id) for s in story.signals) for story in one.stories)


def compare(
    context: Context,
    entries: Sequence[ArchivedEntry],
    before: tuple[Catalog, Rules],
    after: tuple[Catalog, Rules],
    *,
    since: datetime,
    until: datetime,
    only: str = "",
    reviews: Mapping[tuple[int, str], Review] | None = None,
    on_entry: Callable[[], None] = lambda: None,
) -> Comparison:
    """Match stored entries with both catalogs and rescore every day between two times.

    `only` restricts both to indicators whose id begins with it; `reviews` are
    the verdicts in force, by entry and indicator.
    """
    sides: list[list[Signal]] = [[], []]
    languages: dict[str, int] = {}
    for entry in entries:
        languages[entry.language] = languages.get(entry.language, 0) + 1
        for side, (catalog, rules) in zip(sides, (before, after), strict=True):
            side += signals_of(entry, catalog, rules, only, reviews)
        on_entry()
    keys = [{(s.entry_id, s.indicator_id) for s in side} for side in sides]
    return Comparison(
        since=since,
        until=until,
        entries=languages,
        before=_side(context, before[0], sides[0], since, until),
        after=_side(context, after[0], sides[1], since, until),
        gained=tuple(s for s in sides[1] if (s.entry_id, s.indicator_id) not in keys[0]),
        lost=tuple(s for s in sides[0] if (s.entry_id, s.indicator_id) not in keys[1]),
    )


def signals_of(
    entry: ArchivedEntry,
    catalog: Catalog,
    rules: Rules,
    only: str = "",
    reviews: Mapping[tuple[int, str], Review] | None = None,
) -> Iterator[Signal]:
    """The signals that rules would give of a stored entry, with the verdicts that are in force."""
    for match in rules.match(entry.title, entry.summary, entry.effective_at):
        if not match.indicator_id.startswith(only):
            continue
        indicator = catalog.indicators[match.indicator_id]
        yield Signal(
            # Any number will do that tells the signals of one run apart, the same in every run.
            id=entry.id,
            entry_id=entry.id,
            revision=entry.revision,
            indicator_id=match.indicator_id,
            rule_version=indicator.version,
            domain=indicator.domain,
            direction=indicator.direction,
            weight=indicator.weight,
            half_life=indicator.half_life,
            place=match.place,
            modality=match.modality,
            strength=match.strength,
            spans=match.spans,
            facts=match.facts,
            effective_at=entry.effective_at,
            title=entry.title,
            summary=entry.summary,
            link=entry.link,
            language=entry.language,
            feed_id=entry.feed_id,
            feed_title=entry.feed_title,
            family=entry.family,
            party=entry.party,
            reliability=entry.reliability,
            review=(reviews or {}).get((entry.id, match.indicator_id)),
        )


def _side(
    context: Context, catalog: Catalog, signals: list[Signal], since: datetime, until: datetime
) -> Side:
    view = replace(context, catalog=catalog)
    stories = [story for story in group_stories(signals) if story.verdict is not Verdict.FALSE]
    standings: dict[str, Standing] = {}
    changes: dict[str, int] = {}
    index: dict[str, float] = {}
    told: dict[datetime, frozenset[tuple[int, str]]] = {}
    at = since
    while (at := at + DAY) <= until:
        known = [s for s in stories if _weighs(s.leading, at)]
        known += composed(view, [signal for story in known for signal in story.signals], at)
        for domain in context.config.domains:
            own = [s for s in known if s.domain == domain.id and s.direction is Direction.DEEPENING]
            sigma = view.sigma(domain.id, Direction.DEEPENING)
            found = score(domain.id, Direction.DEEPENING, own, sigma=sigma, at=at, method=context.method)
            before = standings.get(domain.id)
            after = next_standing(
                before,
                found.index,
                corroborated=is_corroborated(own, context.method),
                coverage=1.0,
                at=at,
                method=context.method,
            )
            moved = before is not None and before.level != after.level
            changes[domain.id] = changes.get(domain.id, 0) + moved
            standings[domain.id], index[domain.id] = after, found.index
        told[at] = frozenset((s.entry_id, s.indicator_id) for s in signals if at - DAY < s.effective_at <= at)
    return Side(
        signals=tuple(signals),
        stories=tuple(stories),
        index=index,
        level={domain: standing.level for domain, standing in standings.items()},
        level_changes=changes,
        told=told,
    )


def _weighs(signal: Signal, at: datetime) -> bool:
    return timedelta(0) <= at - signal.effective_at <= HORIZON_HALF_LIVES * signal.half_life
