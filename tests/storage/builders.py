"""Short ways to store things in tests of the storage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from monitor.core.assessment import Assessment, Factors, Score
from monitor.core.changes import fingerprint
from monitor.core.model import Direction, Entry, Fetched, Level, Match, Message, Modality, Place, Span
from monitor.storage import assessments, digests, entries, feeds, signals
from tests.core.builders import NOON, an_entry

HOUR = timedelta(hours=1)


def store(connection: Connection, *new: Entry) -> dict[str, int]:
    return entries.store_new(connection, "wire", [(e, fingerprint(e)) for e in new or (an_entry(),)], at=NOON)


def edit(connection: Connection, edited: Entry, *, at: datetime = NOON) -> int | None:
    before = entries.known(connection, "wire", {edited.key})[edited.key]
    return entries.store_edit(connection, before, edited, fingerprint(edited), at=at)


def succeed(connection: Connection, fetched: Fetched, **given: Any) -> None:
    values: dict[str, Any] = {"at": NOON, "next_poll_at": NOON, "newest_entry_at": None, "stored": 0}
    feeds.record_success(connection, "wire", fetched, **(values | given))


def a_match(**given: Any) -> Match:
    values: dict[str, Any] = {
        "indicator_id": "defense.patrol",
        "place": Place.TITLE,
        "modality": Modality.OCCURRED,
        "strength": 1.0,
        "spans": (Span("title", 0, 3),),
    }
    return Match(**(values | given))


def a_signal_row(entry_id: int, match: Match | None = None, **given: Any) -> dict[str, object]:
    values: dict[str, Any] = {
        "revision": 1,
        "rule_version": 3,
        "domain": "defense",
        "direction": Direction.DEEPENING,
        "weight": 6.0,
        "half_life": timedelta(days=21),
        "effective_at": NOON,
        "at": NOON,
    }
    return signals.as_row(match or a_match(), entry_id=entry_id, **(values | given))


def an_assessment(index: float = 30.0, *, at: datetime = NOON, domain: str = "defense") -> Assessment:
    part = Factors(
        signal_ids=(1, 2),
        indicator_id="defense.patrol",
        weight=6.0,
        strength=0.85,
        credibility=0.48,
        recency=0.1 + 0.2,
        value=1.1,
        points=index,
    )
    scores = {
        d.value: Score(domain=domain, direction=d, as_of=at, index=index, stories=(part,)) for d in Direction
    }
    return Assessment(
        domain=domain, as_of=at, level=Level.ROUTINE, level_since=NOON, coverage=0.9, note="held", **scores
    )


def keep(connection: Connection, *made: Assessment) -> None:
    assessments.store_all(connection, made, methodology="v1", rules_revision="abc")


def record_digest(connection: Connection, **given: Any) -> int:
    values: dict[str, Any] = {
        "recipient_id": "watch",
        "due_key": "2026-11-23 06:00 UTC",
        "due_at": NOON,
        "composed_at": NOON,
        "since_at": None,
        "subject": "Quiet",
        "levels": {"defense": [1, 20.0, 3.0]},
    }
    return digests.record(connection, **(values | given))


def a_message(name: str = "1") -> Message:
    return Message(
        recipient="watch@example.org",
        message_id=f"<{name}@example.org>",
        subject="Nothing new",
        payload=b"Subject: x\r\n\r\n\x00\xff",
    )
