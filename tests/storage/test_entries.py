from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from monitor.storage import entries, schema
from tests.core.builders import NOON, an_entry
from tests.storage.builders import HOUR, edit, store


def test_an_entry_is_stored_once(listed: Connection) -> None:
    assert store(listed) == store(listed)
    assert entries.count(listed) == 1


def test_an_entry_comes_back_as_it_went_in(listed: Connection) -> None:
    entry = an_entry(title="Учения 联合军演 🛰️ 𠀀 e\u0301 \u202e", summary="a'b\"c\\d%s:x\n?", language="zh")
    (entry_id,) = store(listed, entry).values()
    stored = entries.get_entry(listed, entry_id)
    assert stored is not None
    assert (stored.entry, stored.revision, stored.first_seen_at) == (entry, 1, NOON)


def test_many_keys_fit_in_one_question(listed: Connection) -> None:
    many = [an_entry(key=f"k{n}") for n in range(1200)]
    assert len(store(listed, *many)) == 1200
    assert len(entries.known(listed, "wire", {e.key for e in many} | {"unknown"})) == 1200


def test_the_same_key_in_another_feed_is_another_entry(listed: Connection) -> None:
    store(listed)
    assert entries.known(listed, "other", {an_entry().key}) == {}


def test_an_edit_keeps_the_text_that_it_replaces(listed: Connection) -> None:
    (entry_id,) = store(listed).values()
    edited = an_entry(title="Two fleets end a joint patrol")
    assert edit(listed, edited, at=NOON + HOUR) == 2
    now = entries.get_entry(listed, entry_id)
    assert now is not None
    assert (now.entry.title, now.revision) == (edited.title, 2)
    (old,) = listed.execute(select(schema.entry_revisions)).all()
    assert (old.title, old.revision, old.seen_at) == (an_entry().title, 1, NOON)


def test_an_entry_that_changes_at_every_poll_stops_growing(listed: Connection) -> None:
    store(listed)
    revisions = [edit(listed, an_entry(title=f"Edit {n}")) for n in range(30)]
    assert revisions[:19] == list(range(2, 21))
    assert set(revisions[19:]) == {None}
    assert len(listed.execute(select(schema.entry_revisions)).all()) == 19


def test_a_date_in_the_future_counts_as_now_and_no_date_as_first_seen(listed: Connection) -> None:
    ids = store(
        listed,
        an_entry(key="future", published_at=NOON + timedelta(days=30_000)),
        an_entry(key="none", published_at=None),
        an_entry(key="past", published_at=NOON - HOUR),
    )
    assert _effective(listed, ids) == {"future": NOON, "none": NOON, "past": NOON - HOUR}


def _effective(connection: Connection, ids: dict[str, int]) -> dict[str, datetime]:
    found = {key: entries.get_entry(connection, number) for key, number in ids.items()}
    return {key: stored.effective_at for key, stored in found.items() if stored}


def test_entries_are_counted_by_language_since_a_time(listed: Connection) -> None:
    store(listed, an_entry(key="a"), an_entry(key="b", language="ru"))
    assert entries.counts_by_language(listed, NOON - HOUR, NOON) == {"en": 1, "ru": 1}
    assert entries.counts_by_language(listed, NOON, NOON + HOUR) == {}


def test_an_unknown_id_is_none(listed: Connection) -> None:
    assert entries.get_entry(listed, 999) is None
