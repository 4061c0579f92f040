"""Why the indexes moved since an earlier assessment, from stored evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from monitor.core.change import Change, Windows, split_change
from monitor.core.model import Direction, Signal, Story
from monitor.services.assess import LONGEST_MEMORY, stories_of
from monitor.services.context import Context
from monitor.storage import assessments, signals, story_edits


def changes_since(
    connection: Connection, context: Context, before: datetime, at: datetime
) -> dict[tuple[str, Direction], Change]:
    """The causes of each domain's change in each direction; {} where nothing was assessed before."""
    stored = assessments.latest(connection, before)
    method = assessments.methodology_at(connection, before)
    found: dict[tuple[str, Direction], Change] = {}
    if not stored:
        return found
    # Each domain was assessed at its own last time before; in practice all at one.
    then = max(one.as_of for one in stored.values())
    windows = Windows(
        before=then,
        at=at,
        old=signals.signals_between(connection, then - LONGEST_MEMORY, then),
        now=signals.signals_between(connection, then - LONGEST_MEMORY, at),
    )
    edits = story_edits.in_force(connection, at)
    known: dict[tuple[object, ...], Sequence[Story]] = {}

    def grouped(chosen: Sequence[Signal], when: datetime) -> Sequence[Story]:
        # The same few sets are asked for once for each domain and direction.
        key = (when, *((s.id, s.verdict) for s in chosen))
        if key not in known:
            known[key] = stories_of(context, chosen, when, edits)
        return known[key]

    for domain, one in stored.items():
        for score in (one.deepening, one.friction, one.countermeasure):
            found[domain, score.direction] = split_change(
                score,
                windows,
                sigma=context.sigma(domain, score.direction),
                method=context.method,
                same_method=method == context.method.version,
                stories_of=grouped,
            )
    return found
