"""Survey: how many feeds could be read, and how much their silence is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from monitor.core.digest import Coverage, FeedTrouble, LanguageCoverage
from monitor.core.health import Health, health, reason
from monitor.core.model import FeedState
from monitor.storage import entries


def survey(connection: Connection, states: Sequence[FeedState], since: datetime, at: datetime) -> Coverage:
    """Count feeds by health and entries by language between two times; disabled feeds are not expected."""
    expected = [state for state in states if state.feed.enabled]
    healths = {state.feed.id: health(state, at) for state in expected}
    read = entries.counts_by_language(connection, since, at)
    return Coverage(
        feeds_expected=len(expected),
        feeds_healthy=sum(kind is Health.HEALTHY for kind in healths.values()),
        entries_read=sum(read.values()),
        languages=_languages(expected, healths, read),
        down=tuple(
            FeedTrouble(title=s.feed.title, since=s.failing_since or s.succeeded_at, reason=reason(s, at))
            for s in expected
            if healths[s.feed.id] is Health.DOWN
        ),
        frozen=tuple(
            FeedTrouble(title=s.feed.title, since=s.newest_entry_at, reason=reason(s, at))
            for s in expected
            if healths[s.feed.id] is Health.FROZEN
        ),
    )


def _languages(
    expected: Sequence[FeedState], healths: dict[str, Health], read: dict[str, int]
) -> tuple[LanguageCoverage, ...]:
    total = Counter(state.feed.language for state in expected)
    healthy = Counter(s.feed.language for s in expected if healths[s.feed.id] is Health.HEALTHY)
    names = sorted(total.keys() | read.keys(), key=lambda name: (-total[name], name))
    return tuple(
        LanguageCoverage(
            language=name,
            entries=read.get(name, 0),
            feeds_healthy=healthy[name],
            feeds_expected=total[name],
        )
        for name in names
    )
