"""What the digests of one moment have in common, and what we ourselves changed before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.core.assessment import Assessment
from monitor.core.change import Change
from monitor.core.digest import Coverage, Edits, Judged, Trend
from monitor.core.model import Direction, Recipient
from monitor.rendering import with_pictures
from monitor.services.assess import Picture
from monitor.services.changes import changes_since
from monitor.services.context import Context
from monitor.services.survey import survey
from monitor.storage import assessments, feeds, signals

UNREAD_FOR_AT_MOST = timedelta(days=30)  # older signals that no digest took are no news any more
SHORT_WEEKS, TREND_WEEKS = 7, 26  # of the small charts, and of the pictures of a weekly digest


@dataclass(frozen=True, slots=True)
class Shared:
    """What all digests of one moment have in common; each part is worked out when first asked for."""

    picture: Picture
    _trends: dict[int, dict[str, Trend]] = field(default_factory=dict)
    _drawn: list[Trend] = field(default_factory=list)
    _before: dict[datetime, dict[str, Assessment]] = field(default_factory=dict)
    _causes: dict[datetime, dict[str, Change]] = field(default_factory=dict)
    _coverage: dict[datetime, Coverage] = field(default_factory=dict)
    _found_late: dict[datetime, Counter[str]] = field(default_factory=dict)

    def trends(self, connection: Connection, weeks: int) -> Mapping[str, Trend]:
        """The indexes of so many weeks by domain, the last ones those of now."""
        if weeks not in self._trends:
            self._trends[weeks] = {
                domain: _trend(connection, one, weeks) for domain, one in self.picture.assessments.items()
            }
        return self._trends[weeks]

    def drawn(self, connection: Connection, context: Context) -> Mapping[str, Trend]:
        """The trends of a weekly digest with their pictures."""
        if not self._drawn:
            known = self.trends(connection, TREND_WEEKS)
            self._drawn.extend(with_pictures(tuple(known.values()), context.method.thresholds))
        return {trend.domain: trend for trend in self._drawn}

    def before(self, connection: Connection, since: datetime) -> Mapping[str, Assessment]:
        """What was said of each domain at a time."""
        if since not in self._before:
            self._before[since] = assessments.latest(connection, since)
        return self._before[since]

    def causes(self, connection: Connection, context: Context, since: datetime) -> Mapping[str, Change]:
        """What moved each domain's deepening index since a time."""
        if since not in self._causes:
            moved = changes_since(connection, context, since, self.picture.at)
            self._causes[since] = {
                domain: change for (domain, way), change in moved.items() if way is Direction.DEEPENING
            }
        return self._causes[since]

    def coverage(self, connection: Connection, since: datetime) -> Coverage:
        """What was read since a time."""
        if since not in self._coverage:
            states = feeds.all_states(connection)
            self._coverage[since] = survey(connection, states, since, self.picture.at)
        return self._coverage[since]

    def found_late(self, connection: Connection, since: datetime) -> Counter[str]:
        """How many signals of each domain were found since a time in entries too old to be told."""
        if since not in self._found_late:
            self._found_late[since] = signals.found_late(
                connection, since, self.picture.at, older_than=UNREAD_FOR_AT_MOST
            )
        return self._found_late[since]


def _trend(connection: Connection, now: Assessment, weeks: int) -> Trend:
    past = assessments.weekly_history(connection, now.domain, now.as_of, weeks)[:-1]
    return Trend(
        domain=now.domain,
        deepening=(*(pair and pair[0] for pair in past), now.deepening.index),
        friction=(*(pair and pair[1] for pair in past), now.friction.index),
    )


def edits_since(
    connection: Connection, context: Context, recipient: Recipient, picture: Picture, since_at: datetime
) -> Edits:
    """What we changed since a time: versions, and verdicts on stories that the recipient reads of."""
    rules = assessments.revision_at(connection, since_at)
    methodology = assessments.methodology_at(connection, since_at)
    return Edits(
        rules_before=rules if rules != context.catalog.revision else "",
        methodology_before=methodology if methodology != context.method.version else "",
        verdicts=tuple(
            Judged(
                indicator_title=context.labels_in(recipient.language).indicators.get(
                    story.indicator_id, story.indicator_id
                ),
                domain=story.domain,
                verdict=story.verdict,
            )
            for story in (*picture.stories, *picture.marked_false)
            if story.verdict
            and story.indicator_id not in context.catalog.composites
            and story.domain in (recipient.domains or context.labels.domains)
            and any(s.review and s.review.at > since_at for s in story.signals)
        ),
    )
