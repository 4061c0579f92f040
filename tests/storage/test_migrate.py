from __future__ import annotations

import pytest
from sqlalchemy import Engine, inspect, text

from monitor.errors import StorageError
from monitor.storage.engine import reading, writing
from monitor.storage.migrate import (
    current_revision,
    differences,
    downgrade,
    head_revision,
    is_new,
    require_current,
    upgrade,
)


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


def test_an_old_schema_says_what_to_run(empty_engine: Engine) -> None:
    with pytest.raises(StorageError, match="run `monitor db upgrade`"):
        require_current(empty_engine)


def test_a_newer_schema_says_to_upgrade_the_program(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="newer than this program"):
        require_current(engine)
