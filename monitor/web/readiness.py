"""Whether the daemon does its work: polls happen when feeds are due, and assessments in their turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from monitor.core.model import FeedState
from monitor.core.progress import Trouble
from monitor.services.clock import clock_in
from monitor.services.context import Context
from monitor.storage import feeds
from monitor.storage.schema import assessments


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must be so; `detail` says how it is."""

    name: str
    ok: bool
    detail: str


def waiting_since(states: Iterable[FeedState]) -> datetime | None:
    """Since when a feed has been due and none has been polled; in the future while none is due.

    None without feeds. A quiet time between two polls is not held against the
    daemon: feeds are polled in a rhythm of their own, from minutes to a day.
    """
    enabled = [state for state in states if state.feed.enabled]
    if not enabled:
        return None
    due = min((state.next_poll_at for state in enabled if state.next_poll_at), default=None)
    newest = newest_poll(enabled)
    return max((at for at in (due, newest) if at), default=None)


def newest_poll(states: Iterable[FeedState]) -> datetime | None:
    """When a feed was polled last, None before the first poll."""
    return max((state.polled_at for state in states if state.polled_at), default=None)


def newest_assessment(connection: Connection) -> datetime | None:
    """When the domains were assessed last, None before the first time."""
    newest: datetime | None = connection.execute(select(func.max(assessments.c.as_of))).scalar_one()
    return newest


def checks(connection: Connection, context: Context, patience: int, at: datetime) -> list[Check]:
    """What must be so for the daemon to count as ready; the database has answered by then.

    `patience` is how many of its turns a job may miss.
    """
    plan = context.config.schedule
    # A poll is known of when it ends, and one feed may take all its time.
    turn = plan.poll_tick + context.config.fetch.total
    return [
        Check(name="database", ok=True, detail="answers"),
        *_clock(connection),
        _poll(feeds.all_states(connection), patience * turn, at),
        _assessment(newest_assessment(connection), patience * plan.assess_every, at),
    ]


def no_database() -> list[Check]:
    """The checks when the database does not answer; why is in the log and not for every caller."""
    return [Check(name="database", ok=False, detail="no answer")]


def loops(troubles: Iterable[Trouble]) -> list[Check]:
    """A check that failed for every loop of the daemon that does no work."""
    return [Check(name=trouble.loop, ok=False, detail=trouble.words) for trouble in troubles]


def _clock(connection: Connection) -> Iterator[Check]:
    clock = clock_in(connection)
    if clock and not clock.is_believed:
        yield Check(name="clock", ok=False, detail=clock.words)


def standing_by(reason: str) -> list[Check]:
    """A check that failed while another daemon does the work."""
    return [Check(name="stand-by", ok=False, detail=reason)] if reason else []


def _poll(states: Iterable[FeedState], allowed: timedelta, at: datetime) -> Check:
    since = waiting_since(states)
    if since is None or since > at:
        return Check(name="poll", ok=True, detail="no feed is due")
    late = at - since
    return Check(name="poll", ok=late <= allowed, detail=_words("due feeds not polled for", late, allowed))


def _assessment(assessed: datetime | None, allowed: timedelta, at: datetime) -> Check:
    if assessed is None:
        return Check(name="assessment", ok=False, detail="none yet")
    age = at - assessed
    return Check(name="assessment", ok=age <= allowed, detail=_words("made before", age, allowed))


def _words(what: str, age: timedelta, allowed: timedelta) -> str:
    return f"{what} {age.total_seconds():.0f} s of at most {allowed.total_seconds():.0f} s"
