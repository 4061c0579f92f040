from __future__ import annotations

import json

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from monitor.errors import StorageError
from monitor.storage import digests, meta
from monitor.storage.engine import writing
from monitor.storage.frozen import freeze, thaw
from tests.core.builders import NOON
from tests.rendering.digests import a_digest, a_drawn_digest, a_quiet_digest
from tests.storage.builders import HOUR, record_digest


def test_the_last_digest_of_a_recipient_tells_what_it_said(connection: Connection) -> None:
    assert digests.last_digest(connection, "watch", NOON) is None
    record_digest(connection, due_key="late", composed_at=NOON + HOUR, levels={"defense": [2, 40.5, 3.25]})
    record_digest(connection, due_key="early")
    record_digest(connection, recipient_id="other", composed_at=NOON + 2 * HOUR)
    last = digests.last_digest(connection, "watch", NOON + 2 * HOUR)
    assert last is not None
    assert (last.composed_at, last.levels) == (NOON + HOUR, {"defense": [2, 40.5, 3.25]})
    # What a clock that was ahead wrote is not before what the right one writes.
    last = digests.last_digest(connection, "watch", NOON)
    assert last is not None
    assert last.composed_at == NOON


def test_a_due_has_one_digest(engine: Engine) -> None:
    with writing(engine) as connection:
        record_digest(connection, due_key="k")
        assert digests.exists(connection, "watch", "k")
        assert not digests.exists(connection, "other", "k")
    with pytest.raises(IntegrityError), writing(engine) as connection:
        record_digest(connection, due_key="k")


def test_first_seen_is_remembered(connection: Connection) -> None:
    assert meta.first_seen(connection, "recipient:watch", NOON) == NOON
    assert meta.first_seen(connection, "recipient:watch", NOON + HOUR) == NOON


def test_a_digest_thaws_to_what_was_frozen() -> None:
    for digest in (a_digest(), a_quiet_digest(), a_drawn_digest()):
        assert thaw(freeze(digest)) == digest


def test_a_digest_from_before_events_and_trends_thaws() -> None:
    old = json.loads(freeze(a_digest()))
    for name in ("assurance", "new_stories", "fading", "edits", "trends", "cadence", "lost_timezone"):
        del old[name]
    for development in old["developments"]:
        for name in ("is_stronger", "earlier", "readings"):
            del development[name]
    old |= {"headline": "Nothing new", "bottom_line": ["Nothing new."], "confidence": "high"}
    digest = thaw(json.dumps(old))
    assert digest.lines == a_digest().lines
    assert digest.developments == a_digest().developments


def test_a_digest_of_another_version_is_refused_in_words() -> None:
    with pytest.raises(StorageError, match="composed by another version"):
        thaw('{"recipient_id": "watch"}')
