"""When the mail server takes nothing at all: mail is held back, and one message at a time asks again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.storage import meta

KEY = "mail:held"
FIRST_RETRY = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """How the mail server fared: failures of its own in a row, and who was refused since it took a message.

    `refused` holds numbers of deliveries and their recipients.
    """

    failures: int = 0
    since: str = ""
    until: str = ""
    reason: str = ""
    refused: tuple[tuple[int, str], ...] = ()

    def is_in_force(self, at: datetime) -> bool:
        """Whether no message is sent at a time; an end that is too far away is of a clock that was wrong."""
        return bool(self.until) and at < datetime.fromisoformat(self.until) <= at + LONGEST_WAIT

    @property
    def words(self) -> str:
        """One line for the operator; "" while mail leaves."""
        if not self.failures:
            return ""
        return f"held back since {self.since[:16]}Z, next try at {self.until[:16]}Z: {self.reason}"


def retry_wait(attempts: int, jitter: float) -> timedelta:
    """Back-off before the next attempt: 30 s doubled up to 30 min, 50 to 100 % of it by jitter (0 to 1)."""
    wait = min(FIRST_RETRY * (1 << min(max(attempts - 1, 0), 12)), LONGEST_WAIT)
    return wait * (0.5 + 0.5 * jitter)


def failed_for_all(before: HeldBack, reason: str, at: datetime, jitter: float) -> HeldBack:
    """Hold back for longer than the last time."""
    failures = before.failures + 1
    return replace(
        before,
        failures=failures,
        since=before.since or at.isoformat(),
        until=(at + retry_wait(failures, jitter)).isoformat(),
        reason=reason,
    )


def refused(before: HeldBack, delivery_id: int, recipient: str, recipients: int) -> tuple[HeldBack, bool]:
    """Add one that was refused for good; and whether they are so many that nobody is to blame but the server.

    That is five recipients in a row with nothing taken in between, or all of them where there are fewer:
    a lone one would learn of it from nobody.
    """
    again = (delivery_id, recipient)
    after = replace(before, refused=(*(one for one in before.refused if one != again), again))
    return after, len({address for _, address in after.refused}) >= min(5, recipients)


def held_back(connection: Connection) -> HeldBack:
    """How the mail server fared so far."""
    stored = json.loads(meta.get(connection, KEY) or "{}")
    stored["refused"] = tuple((number, address) for number, address in stored.get("refused", ()))
    return HeldBack(**stored)


def remember(connection: Connection, after: HeldBack) -> None:
    """Keep how it fared, over restarts."""
    if after == HeldBack():
        meta.forget(connection, KEY)
    else:
        meta.put(connection, KEY, json.dumps(asdict(after)))
