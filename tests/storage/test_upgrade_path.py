"""Every schema that was ever released, with a row in every table, comes to the present one and keeps it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, inspect, select

from monitor.storage.engine import reading, writing
from monitor.storage.migrate import (
    current_revision,
    differences,
    head_revision,
    require_current,
    scripts,
    upgrade,
)
from tests.storage.rows import VERSIONS, fill

REVISIONS = sorted(script.revision for script in ScriptDirectory(str(scripts())).walk_revisions())
Rows = dict[str, dict[str, Any]]

# Upgrades, and is killed when the database is asked its n-th statement.
KILLED = """
import os, signal, sys
from sqlalchemy import event
from monitor.storage.engine import open_engine
from monitor.storage.migrate import upgrade
url, last = sys.argv[1], int(sys.argv[2])
engine = open_engine(url)
asked = 0
def count(*given):
    global asked
    asked += 1
    if asked == last:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(engine, "before_cursor_execute", count)
upgrade(engine)
print(asked)
"""


def rows(engine: Engine, names: Rows) -> Rows:
    """What the database holds of the tables and columns that are named, from one row each."""
    schema = MetaData()
    found = {}
    with reading(engine) as connection:
        schema.reflect(connection)
        for name, columns in names.items():
            table = schema.tables[name]
            row = connection.execute(select(*(table.c[column] for column in columns))).one()
            found[name] = dict(row._mapping)
    return found


def upgraded_until(engine: Engine, statement: int) -> subprocess.CompletedProcess[str]:
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, url, str(statement)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("revision", REVISIONS)
def test_data_of_every_released_schema_is_kept(empty_engine: Engine, revision: str) -> None:
    upgrade(empty_engine, revision)
    with writing(empty_engine) as connection:
        filled = fill(connection)
        assert set(filled) == set(inspect(connection).get_table_names()) - {VERSIONS}
    assert current_revision(empty_engine) == revision
    upgrade(empty_engine)
    require_current(empty_engine)
    with reading(empty_engine) as connection:
        assert differences(connection) == []
    assert rows(empty_engine, filled) == filled
    with writing(empty_engine) as connection:
        # It takes new rows too: numbers, keys and references still work.
        fill(connection, suffix="-new")


def test_the_rows_that_are_compared_would_differ(empty_engine: Engine) -> None:
    upgrade(empty_engine)
    with writing(empty_engine) as connection:
        filled = fill(connection)
    filled["entries"]["title"] = "another"
    assert rows(empty_engine, filled) != filled


def test_an_upgrade_that_is_killed_at_any_statement_is_done_by_the_next(empty_engine: Engine) -> None:
    first = REVISIONS[0]
    upgrade(empty_engine, first)
    with writing(empty_engine) as connection:
        filled = fill(connection)
    empty_engine.dispose()
    statement, step = 1, 1
    while (ended := upgraded_until(empty_engine, statement)).returncode:
        assert ended.returncode == -9, ended.stderr
        # All or nothing: what was begun is undone.
        assert current_revision(empty_engine) == first
        assert rows(empty_engine, filled) == filled
        empty_engine.dispose()
        # Nearly every statement at first, then some of the many.
        statement, step = statement + step, min(step + 1, 8)
    assert statement > 20
    assert current_revision(empty_engine) == head_revision()
    assert rows(empty_engine, filled) == filled
