"""Planted faults that the test must catch; each replaces a function of the program in the daemon's process.

The program itself holds nothing of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, text, update

from monitor import app, works
from monitor.core import scoring
from monitor.core.model import Delivery, Direction
from monitor.errors import DeliveryError
from monitor.failpoints import failpoint
from monitor.rules.engine import compile_rules
from monitor.rules.loading import read_catalog
from monitor.services import assess, compose, deliver, poll
from monitor.storage import deliveries, feeds, meta, schema, signals
from monitor.storage.engine import writing


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is wrong with it, and how it is planted."""

    wrong: str
    told_by: str  # the invariant that must catch it; another one may have another cause
    plant: Callable[[], None]


def _mark_before_send() -> None:
    def deliver_next(context: Any, notifier: Any, *, now: Any, jitter: Any, claimant: str) -> Any:
        with writing(context.engine) as connection:
            delivery = deliveries.claim_next(connection, now(), by=claimant)
            if delivery is None:
                return None
            deliveries.settle_sent(connection, delivery.id, at=now())
        failpoint("mail.claimed")
        try:
            notifier.send(delivery.message)
        except DeliveryError as error:
            state = "pending" if error.retryable else "failed"
            row = schema.deliveries.c.id == delivery.id
            with writing(context.engine) as connection:
                connection.execute(
                    update(schema.deliveries).where(row).values(state=state, next_attempt_at=now())
                )
        failpoint("mail.after_mark")
        return deliver._report(delivery, deliver.Result.SENT, "")

    deliver.deliver_next = deliver_next


def _with_bytes(changed: Callable[[Delivery], bytes]) -> None:
    """Let every message leave with other bytes than are stored."""
    claim = deliveries.claim_next

    def claim_next(connection: Connection, at: datetime, *, by: str) -> Delivery | None:
        delivery = claim(connection, at, by=by)
        if delivery is None:
            return None
        return replace(delivery, message=replace(delivery.message, payload=changed(delivery)))

    deliveries.claim_next = claim_next


def _new_message_id_per_attempt() -> None:
    def changed(delivery: Delivery) -> bytes:
        if delivery.attempts == 1:
            return delivery.message.payload
        fresh = f"Message-ID: <{uuid4().hex}@example.org>".encode()
        return re.sub(rb"Message-ID: [^\r]+", fresh, delivery.message.payload, count=1)

    _with_bytes(changed)


def _rendered_at_send_time() -> None:
    def changed(delivery: Delivery) -> bytes:
        return re.sub(
            rb"Date: [^\r]+", f"Date: attempt {delivery.attempts}".encode(), delivery.message.payload, count=1
        )

    _with_bytes(changed)


def _validators_before_entries() -> None:
    store = poll.record_poll

    def record_poll(context: Any, state: Any, fetched: Any, at: datetime, jitter: float) -> Any:
        with writing(context.engine) as connection:
            feeds.record_success(
                connection,
                state.feed.id,
                fetched,
                at=at,
                next_poll_at=at + state.feed.expected_every,
                newest_entry_at=None,
                stored=0,
            )
        return store(context, state, fetched, at, jitter)

    poll.record_poll = record_poll


def _watermark() -> None:
    """A digest takes what is newer than the newest signal at its last due; that is noted by itself."""
    compose_due, told = compose.compose_due, {}

    def note(context: Any, at: datetime) -> None:
        with writing(context.engine) as connection:
            newest = signals.newest_id(connection) or 0
            for recipient in context.config.recipients:
                for one in compose._wanted(recipient, at):
                    if compose._is_open(connection, one, at):
                        key = f"mutant:{one.stream.record}"
                        told[one.stream.record] = int(meta.get(connection, key) or 0)
                        meta.put(connection, key, str(newest))

    def mutated(context: Any, at: datetime, *, is_sample: bool = False) -> Any:
        note(context, at)
        return compose_due(context, at, is_sample=is_sample)

    def unsent(connection: Connection, recipient: Any, stream: Any, picture: Any) -> list[int]:
        seen = {signal.id for story in (*picture.stories, *picture.marked_false) for signal in story.signals}
        return sorted(number for number in seen if number > told.get(stream.record, 0))

    compose.unsent = unsent
    works.compose_due = mutated


def _no_unique_key() -> None:
    upgrade = app.upgrade

    def mutated(engine: Any, revision: str = "head") -> None:
        upgrade(engine, revision)
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(
                    text("ALTER TABLE signals DROP CONSTRAINT IF EXISTS uq_signals_entry_id_indicator_id")
                )
                return
            table = connection.execute(
                text("SELECT sql FROM sqlite_master WHERE name = 'signals'")
            ).scalar_one()
            looser = re.sub(r"CONSTRAINT \w+ UNIQUE \([^)]*\)", "CHECK (1)", table)
            connection.execute(text("ALTER TABLE signals RENAME TO signals_once"))
            connection.execute(text(looser.replace("signals_once", "signals")))
            connection.execute(text("DROP TABLE signals_once"))

    def store(connection: Connection, rows: Any) -> None:
        if rows:
            connection.execute(insert(schema.signals), list(rows))

    app.upgrade = mutated
    signals.store = store
    signals.indicators_of = lambda connection, entry_ids: set()


def _incremented() -> None:
    """An index grows by what is new, and fades; nothing of it is ever worked out anew."""
    score, known = scoring.score, {}

    def mutated(domain: str, direction: Direction, stories: Any, **how: Any) -> Any:
        whole = score(domain, direction, stories, **how)
        before, seen = known.get((domain, direction), (0.0, frozenset()))
        new = [one for one in stories if one.leading.id not in seen]
        gained = score(domain, direction, new, **how).index
        index = min(before * 0.999 + gained, 100.0)
        known[domain, direction] = index, seen | {one.leading.id for one in new}
        return replace(whole, index=index)

    assess.score = mutated


def _file_by_file() -> None:
    """A reload takes the files that are whole, beside the old rules of those that are not."""

    def reload(context: Any, at: datetime) -> Any:
        catalog, _ = read_catalog(context.config.catalog_folder)
        both = {**context.catalog.indicators, **catalog.indicators}
        mixed = replace(context.catalog, indicators=both, revision=catalog.revision)
        return replace(context, catalog=mixed, rules=compile_rules(mixed))

    works.reload = reload


MUTANTS = {
    "mark-before-send": Mutant("mail is marked as sent before it is", "I7", _mark_before_send),
    "new-message-id": Mutant("every attempt has a Message-ID of its own", "I7", _new_message_id_per_attempt),
    "validators-first": Mutant(
        "validators are committed before the entries", "I3", _validators_before_entries
    ),
    "watermark": Mutant("digests take what is newer than a stored id", "I8", _watermark),
    "no-unique-key": Mutant("signals are inserted without a unique key", "I4", _no_unique_key),
    "incremented-score": Mutant("scores are added to, never recomputed", "I10", _incremented),
    "file-by-file": Mutant("rules are swapped file by file", "I4", _file_by_file),
    "rendered-late": Mutant("the bytes of a mail are made when it is sent", "I7", _rendered_at_send_time),
}
