"""The heartbeat: while all is well, ask an address whose silence wakes somebody up."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.errors import FetchError
from monitor.services.context import Context
from monitor.storage import deliveries, meta
from monitor.storage.engine import reading, writing

log = logging.getLogger(__name__)

KEY = "heartbeat"
MAIL_WAITS_AT_MOST = timedelta(hours=1)  # after this a watch officer misses what we found
REFUSAL_IS_TOLD_FOR = timedelta(hours=1)  # longer than any alarm waits

Ping = Callable[[], Awaitable[None]]  # raises FetchError
InThread = Callable[[Callable[[], str]], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """How the last heartbeats went: when one was last sent, and why the last one was not."""

    sent_at: datetime | None
    problem: str


async def beat(
    context: Context,
    ping: Ping,
    *,
    troubles: Sequence[str],
    now: Callable[[], datetime],
    in_thread: InThread,
) -> None:
    """Send one heartbeat, unless something is wrong; what came of it is stored for the operator.

    A failure stops nothing. The address is never told: who knows it can keep the alarm quiet.
    """
    problem = "; ".join(troubles) or await in_thread(lambda: _missing_mail(context, now()))
    if problem:
        problem = f"kept back on purpose: {problem}"
    else:
        try:
            await ping()
        except FetchError as error:
            # 201 or 204 is no feed, but an answer all the same.
            if error.status is None or not 200 <= error.status < 300:
                problem = f"not taken: {error.outcome.words} {error.status or ''}".rstrip()
    if problem:
        log.warning("no heartbeat", extra={"reason": problem})
    await in_thread(lambda: _remember(context, problem, now()))


def last_heartbeat(connection: Connection) -> Heartbeat:
    """What is known of the last heartbeats."""
    stored = json.loads(meta.get(connection, KEY) or "{}")
    sent = stored.get("sent_at")
    return Heartbeat(
        sent_at=datetime.fromisoformat(sent) if sent else None, problem=stored.get("problem", "")
    )


def _missing_mail(context: Context, at: datetime) -> str:
    with reading(context.engine) as connection:
        oldest = deliveries.oldest_unsent(connection)
        refused = deliveries.refused_between(connection, at - REFUSAL_IS_TOLD_FOR, at)
    if oldest is not None and at - oldest[0] > MAIL_WAITS_AT_MOST:
        return f"mail waits since {oldest[0]:%Y-%m-%d %H:%M}Z"
    return f"mail was given up to {refused}" if refused else ""


def _remember(context: Context, problem: str, at: datetime) -> str:
    with writing(context.engine) as connection:
        before = last_heartbeat(connection).sent_at
        sent = before if problem else at
        stored = {"sent_at": sent.isoformat() if sent else "", "problem": problem}
        meta.put(connection, KEY, json.dumps(stored))
    return problem
