from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, Text, inspect, select, text
from sqlalchemy.exc import IntegrityError

from monitor.errors import StorageError
from monitor.storage import feeds, schema
from monitor.storage.engine import reading, writing
from monitor.storage.migrate import (
    current_revision,
    differences,
    downgrade,
    head_revision,
    is_new,
    migrating,
    require_current,
    upgrade,
)
from tests.core.builders import NOON, a_feed, an_entry
from tests.storage.builders import edit, store

UPGRADE = """
import sys
from monitor.storage.engine import open_engine
from monitor.storage.migrate import upgrade
upgrade(open_engine(sys.argv[1]))
"""


def test_up_makes_the_tables_that_the_code_declares_and_down_removes_them(empty_engine: Engine) -> None:
    assert is_new(empty_engine)
    upgrade(empty_engine)
    assert current_revision(empty_engine) == head_revision()
    with reading(empty_engine) as connection:
        assert differences(connection) == []
    downgrade(empty_engine, "base")
    with reading(empty_engine) as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    require_current(engine)


def test_two_programs_that_start_at_once_make_the_tables_once(empty_engine: Engine) -> None:
    url = empty_engine.url.render_as_string(hide_password=False)
    programs = [subprocess.Popen([sys.executable, "-c", UPGRADE, url]) for _ in range(2)]
    assert [program.wait(timeout=20) for program in programs] == [0, 0]
    require_current(empty_engine)


def test_a_migration_that_rebuilds_a_table_keeps_what_points_to_it(empty_engine: Engine) -> None:
    upgrade(empty_engine)
    with writing(empty_engine) as connection:
        feeds.sync_feeds(connection, [a_feed()], at=NOON)
        store(connection)
        edit(connection, an_entry(title="Two fleets end a joint patrol"))
    with migrating(empty_engine) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("entries") as batch:
            batch.alter_column("summary", existing_type=Text(), nullable=True)
    with reading(empty_engine) as connection:
        assert len(connection.execute(select(schema.entry_revisions)).all()) == 1


def test_a_migration_that_would_cut_rows_off_is_undone(engine: Engine) -> None:
    with writing(engine) as connection:
        feeds.sync_feeds(connection, [a_feed()], at=NOON)
        store(connection)
    with pytest.raises((StorageError, IntegrityError)), migrating(engine) as connection:
        connection.execute(schema.feeds.delete())
    with reading(engine) as connection:
        assert len(feeds.all_states(connection)) == 1
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(schema.feeds.delete())


def test_an_old_schema_says_what_to_run(empty_engine: Engine) -> None:
    with pytest.raises(StorageError, match="run `monitor db upgrade`"):
        require_current(empty_engine)


def test_a_newer_schema_says_to_upgrade_the_program(empty_engine: Engine) -> None:
    upgrade(empty_engine)
    with writing(empty_engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (require_current, upgrade):
        with pytest.raises(StorageError, match="newer than this program"):
            act(empty_engine)
