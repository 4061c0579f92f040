from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, select

from monitor.storage import entries, retention, schema, signals
from tests.core.builders import NOON, an_entry
from tests.storage.builders import HOUR, a_signal_row, an_assessment, edit, keep, store


def test_what_raised_no_signal_goes_and_never_comes_back_as_news(listed: Connection) -> None:
    ids = store(listed, an_entry(key="plain"), an_entry(key="evidence"))
    signals.store(listed, [a_signal_row(ids["evidence"])])
    assert retention.prune(listed, before=NOON + HOUR, at=NOON) == 1
    assert retention.prune(listed, before=NOON + HOUR, at=NOON) == 0
    known = entries.known(listed, "wire", {"plain", "evidence"})
    assert known["plain"].id is None
    assert known["evidence"].id == ids["evidence"]


def test_the_revisions_of_an_entry_go_with_it(listed: Connection) -> None:
    store(listed)
    edit(listed, an_entry(title="Two fleets end a joint patrol"))
    assert retention.prune(listed, before=NOON + HOUR, at=NOON) == 1
    assert listed.execute(select(schema.entry_revisions)).all() == []


def test_what_is_young_stays(listed: Connection) -> None:
    store(listed)
    assert retention.prune(listed, before=NOON, at=NOON) == 0


def test_a_long_neglected_database_is_pruned_a_batch_at_a_time(listed: Connection) -> None:
    store(listed, *(an_entry(key=f"k{n}") for n in range(retention.BATCH + 200)))
    assert [retention.prune(listed, before=NOON + HOUR, at=NOON) for _ in range(3)] == [
        retention.BATCH,
        200,
        0,
    ]


def test_old_assessments_are_thinned_to_the_last_of_each_day(connection: Connection) -> None:
    # Stored newest first, as a replay may: the last of a day is told by its time, not by its id.
    for hours in range(-6, -54, -6):
        keep(
            connection,
            an_assessment(at=NOON + hours * HOUR),
            an_assessment(at=NOON + hours * HOUR, domain="x"),
        )
    assert retention.thin(connection, NOON) == 0
    assert retention.thin(connection, NOON + timedelta(days=31)) == 10
    table = schema.assessments
    left = connection.execute(select(table.c.as_of).where(table.c.domain == "x").order_by(table.c.as_of))
    assert [(NOON - at) / HOUR for at in left.scalars()] == [42, 18, 6]
