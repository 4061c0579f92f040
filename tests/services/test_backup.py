"""Backups: whole and checked, made under load, and the way back, on both databases."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, insert, inspect, select, text

from monitor.config.settings import BackupSettings
from monitor.errors import AlreadyRunning, InputError, StorageError
from monitor.services.backup import back_up, back_up_due, backups_in, last_backup, restore
from monitor.services.context import Context
from monitor.storage import meta
from monitor.storage.backup import server_of
from monitor.storage.engine import open_engine, reading, writing
from monitor.storage.lock import hold_daemon_lock
from monitor.storage.migrate import (
    RESTORING,
    current_revision,
    head_revision,
    is_new,
    require_current,
    upgrade,
)
from monitor.storage.schema import tombstones
from tests.core.builders import NOON
from tests.storage.rows import fill

DAY = timedelta(days=1)
Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def filled(empty_engine: Engine) -> Engine:
    """A database with a row or more in every table."""
    upgrade(empty_engine)
    with writing(empty_engine) as connection:
        fill(connection)
    return empty_engine


@pytest.fixture(autouse=True)
def _nothing_kept_aside(kind: str, request: pytest.FixtureRequest) -> None:
    """The tests of PostgreSQL share a database: none finds what another one's restore kept."""
    if kind == "postgresql":
        engine = open_engine(request.getfixturevalue("postgresql_url"))
        with writing(engine) as connection:
            for name in inspect(connection).get_schema_names():
                if name.startswith("before_restore"):
                    connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


def everything(engine: Engine) -> Rows:
    """All rows of all tables."""
    tables = MetaData()
    with reading(engine) as connection:
        tables.reflect(connection)
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in tables.tables.items()
        }


def destroy(engine: Engine) -> None:
    """Lose the database as an accident would."""
    if engine.dialect.name == "sqlite":
        engine.dispose()
        for end in ("", "-wal", "-shm"):
            Path(f"{engine.url.database}{end}").unlink(missing_ok=True)
        return
    with writing(engine) as connection:
        for name in inspect(connection).get_table_names():
            connection.execute(text(f'DROP TABLE "{name}" CASCADE'))


@contextmanager
def load_on(engine: Engine) -> Iterator[None]:
    """Somebody who writes pairs of rows, each pair in one transaction, as long as the block runs."""
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            with writing(engine) as connection:
                pair = [{"feed_id": f"load{number}", "key": half} for half in "ab"]
                connection.execute(insert(tombstones), pair)
            number += 1
            if number == 20:
                started.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert started.wait(30)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_the_drill_fill_back_up_under_load_destroy_restore(filled: Engine, tmp_path: Path) -> None:
    before = everything(filled)
    with load_on(filled):
        made = back_up(filled, tmp_path / "backups", at=NOON)
    destroy(filled)
    done = restore(filled, made.file, replace=False, at=NOON)
    assert (done.aside, done.before, done.after) == ("", head_revision(), head_revision())
    after = everything(filled)
    loaded = {row for row in after["tombstones"] if row[0].startswith("load")}
    assert len(loaded) >= 40
    # Of a transaction all or nothing is there.
    assert {(name, half) for name, _ in loaded for half in "ab"} == loaded
    after["tombstones"] = [row for row in after["tombstones"] if row not in loaded]
    assert after == before
    require_current(filled)
    with writing(filled) as connection:
        # Numbers go on where they were: none is given twice.
        fill(connection, suffix="-new")


def test_a_backup_is_for_its_owner_alone_and_leaves_no_half_one_behind(
    filled: Engine, tmp_path: Path
) -> None:
    made = back_up(filled, tmp_path / "backups", at=NOON)
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.file.parent.stat().st_mode) == 0o700
    assert [path.name for path in made.file.parent.iterdir()] == [made.file.name]
    assert made.file.name.startswith("entente-20261001T120000Z.") or made.at == NOON


def test_only_the_newest_are_kept_and_other_files_stay(filled: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "entente-notes.txt").write_text("mine")
    for days in range(4):
        back_up(filled, folder, at=NOON + days * DAY, keep=2)
    assert [made.at for made in backups_in(folder)] == [NOON + 3 * DAY, NOON + 2 * DAY]
    assert (folder / "entente-notes.txt").exists()


def test_what_a_killed_backup_left_is_swept_away_a_day_later(filled: Engine, tmp_path: Path) -> None:
    half = tmp_path / ".entente-20261101T000000Z.db.partial"
    half.write_bytes(b"half")
    os.utime(half, (NOON.timestamp(), NOON.timestamp()))
    back_up(filled, tmp_path, at=NOON + DAY)
    assert half.exists()
    back_up(filled, tmp_path, at=NOON + DAY + timedelta(minutes=1))
    assert not half.exists()


def test_a_database_that_holds_something_is_replaced_only_when_that_is_said(
    filled: Engine, tmp_path: Path
) -> None:
    made = back_up(filled, tmp_path, at=NOON)
    with writing(filled) as connection:
        meta.put(connection, "later", "than the backup")
    with pytest.raises(InputError, match="--replace"):
        restore(filled, made.file, replace=False, at=NOON)
    done = restore(filled, made.file, replace=True, at=NOON)
    with reading(filled) as connection:
        assert meta.get(connection, "later") == ""
        kept = done.aside.removeprefix("schema ")
        if filled.dialect.name == "postgresql":
            query = text(f"SELECT value FROM {kept}.meta WHERE key = 'later'")
            assert connection.execute(query).scalar_one() == "than the backup"
    if filled.dialect.name == "sqlite":
        old = open_engine(f"sqlite:///{kept}")
        with reading(old) as connection:
            assert meta.get(connection, "later") == "than the backup"
        old.dispose()


def test_no_restore_under_a_running_daemon(filled: Engine, tmp_path: Path) -> None:
    made = back_up(filled, tmp_path, at=NOON)
    other = open_engine(filled.url.render_as_string(hide_password=False))
    with hold_daemon_lock(other), pytest.raises(AlreadyRunning):
        restore(filled, made.file, replace=True, at=NOON)
    other.dispose()


def test_a_backup_of_an_older_schema_is_upgraded(empty_engine: Engine, tmp_path: Path) -> None:
    upgrade(empty_engine, "0003")
    made = back_up(empty_engine, tmp_path, at=NOON)
    upgrade(empty_engine)
    done = restore(empty_engine, made.file, replace=True, at=NOON)
    assert (done.before, done.after) == ("0003", head_revision())
    require_current(empty_engine)


def test_a_backup_of_a_newer_program_is_refused_and_nothing_changes(filled: Engine, tmp_path: Path) -> None:
    before = everything(filled)
    with writing(filled) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    made = back_up(filled, tmp_path, at=NOON)
    with writing(filled) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :now"), {"now": head_revision()})
    with pytest.raises(StorageError, match=rf"schema 9999\) is newer .* \(schema {head_revision()}\)"):
        restore(filled, made.file, replace=True, at=NOON)
    assert everything(filled) == before


def test_a_damaged_backup_is_refused_and_nothing_changes(filled: Engine, tmp_path: Path) -> None:
    before = everything(filled)
    made = back_up(filled, tmp_path, at=NOON)
    whole = made.file.read_bytes()
    for cut in (len(whole) // 2, len(whole) - 100):
        made.file.write_bytes(whole[:cut])
        with pytest.raises((InputError, StorageError)):
            restore(filled, made.file, replace=True, at=NOON)
    made.file.write_bytes(b"no backup")
    with pytest.raises(InputError, match="no backup"):
        restore(filled, made.file, replace=True, at=NOON)
    assert everything(filled) == before


def test_a_backup_of_the_other_kind_is_refused(filled: Engine, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"PGDMP" if filled.dialect.name == "sqlite" else b"SQLite format 3\0")
    with pytest.raises(InputError, match="a backup of"):
        restore(filled, other, replace=True, at=NOON)


def test_a_damaged_database_can_be_replaced(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/entente.db")
    upgrade(engine)
    made = back_up(engine, tmp_path / "backups", at=NOON)
    engine.dispose()
    (tmp_path / "entente.db").write_bytes(b"spoilt " * 1000)
    with pytest.raises(InputError, match="--replace"):
        restore(engine, made.file, replace=False, at=NOON)
    restore(engine, made.file, replace=True, at=NOON)
    require_current(engine)
    engine.dispose()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from monitor.services.backup import restore
from monitor.storage import restoring
from monitor.storage.engine import open_engine
url, file, step = sys.argv[1:]
setattr(restoring, step, lambda *given, **named: os.kill(os.getpid(), signal.SIGKILL))
restore(open_engine(url), Path(file), replace=True, at=datetime(2026, 10, 1, tzinfo=UTC))
"""


@pytest.mark.parametrize("step", ["upgrade", "last"])
def test_a_restore_that_is_killed_loses_nothing_and_can_be_said_again(
    filled: Engine, tmp_path: Path, step: str
) -> None:
    made = back_up(filled, tmp_path, at=NOON)
    before = everything(filled)
    last = "put_in_place" if filled.dialect.name == "sqlite" else "run_program"
    url = filled.url.render_as_string(hide_password=False)
    filled.dispose()
    names = [sys.executable, "-c", KILLED, url, str(made.file), last if step == "last" else step]
    assert subprocess.run(names, check=False).returncode == -9
    if filled.dialect.name == "postgresql" and step == "last":
        # Between the old one and the new one: no program may take it for a new database.
        assert current_revision(filled) == RESTORING
        assert not is_new(filled)
        with pytest.raises(StorageError, match="a restore of the database was cut short"):
            require_current(filled)
    else:
        assert everything(filled) == before
    restore(filled, made.file, replace=True, at=NOON)
    assert everything(filled) == before


def test_the_password_of_the_server_is_no_argument() -> None:
    for given in (
        "postgresql://watch:hunter2@db/entente",
        "postgresql://db/entente?user=watch&password=hunter2",
    ):
        engine = open_engine(given)
        address, environ = server_of(engine)
        engine.dispose()
        assert "hunter2" not in address
        assert "watch" in address
        assert environ == {"PGPASSWORD": "hunter2"}


def test_a_program_of_the_server_that_is_missing_is_named(
    filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if filled.dialect.name == "postgresql":
        with pytest.raises(StorageError, match="pg_dump is not installed"):
            back_up(filled, tmp_path / "backups", at=NOON)
        assert backups_in(tmp_path / "backups") == []
    else:
        back_up(filled, tmp_path / "backups", at=NOON)


def test_the_daemon_makes_one_when_the_newest_is_old_enough(context: Context, tmp_path: Path) -> None:
    assert back_up_due(context, NOON) is None
    settings = BackupSettings(folder=tmp_path / "backups", every=DAY, keep=2)
    wanted = replace(context, config=replace(context.config, backup=settings))
    assert last_backup(wanted) is None
    assert back_up_due(wanted, NOON) is not None
    assert back_up_due(wanted, NOON + DAY - timedelta(minutes=1)) is None
    assert back_up_due(wanted, NOON + DAY) is not None
    # One from the future, of a clock that was wrong, keeps no other from being made.
    assert back_up_due(wanted, NOON - DAY) is not None


def test_a_copy_is_one_file_that_any_program_can_read(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/entente.db")
    upgrade(engine)
    made = back_up(engine, tmp_path / "backups", at=NOON)
    engine.dispose()
    with sqlite3.connect(f"file:{made.file}?mode=ro", uri=True) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    copy.close()


def test_a_database_in_memory_cannot_be_backed_up(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="in memory"):
        back_up(open_engine("sqlite://"), tmp_path, at=NOON)
