"""What storage does when the machine fails it: a held lock, a full disk, a cut log, a lost connection."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, insert, select, text

from monitor.errors import StorageError
from monitor.storage import meta
from monitor.storage.engine import open_engine, reading, writing
from monitor.storage.migrate import upgrade
from monitor.storage.schema import tombstones
from tests.storage.rows import fill

HOLDS = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def put(engine: Engine, number: int) -> None:
    with writing(engine) as connection:
        connection.execute(insert(tombstones).values(feed_id="f", key=f"{number:06}"))


def numbers(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return [
            int(key)
            for key in connection.execute(select(tombstones.c.key).order_by(tombstones.c.key)).scalars()
        ]


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{tmp_path}/entente.db")
    upgrade(engine)
    return engine


def test_a_lock_that_another_program_holds_for_a_while_is_waited_for(sqlite_engine: Engine) -> None:
    database = str(sqlite_engine.url.database)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        timer = threading.Timer(1.0, holder.stdin.close)
        timer.start()
        put(sqlite_engine, 1)  # begins while it is held
        timer.join()
    assert numbers(sqlite_engine) == [1]
    sqlite_engine.dispose()


def test_a_table_that_another_program_holds_is_reported_and_not_waited_for_for_ever(
    migrated_postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.storage.engine.BUSY_TIMEOUT_S", 1)
    engine = open_engine(migrated_postgresql_url)
    other = open_engine(migrated_postgresql_url)
    with writing(other) as held:
        held.execute(text("LOCK TABLE tombstones IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StorageError, match="another program holds a table"):
            put(engine, 1)
    assert numbers(engine) == []
    for one in (engine, other):
        one.dispose()


def test_a_full_disk_stores_nothing_by_halves_and_recovers_by_itself(sqlite_engine: Engine) -> None:
    with reading(sqlite_engine) as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    full = open_engine(str(sqlite_engine.url))
    event.listen(full, "connect", limit)
    stored = 0

    def store() -> None:
        nonlocal stored
        for number in range(1000):
            with writing(full) as connection:
                fill(connection, suffix=f"-{number}" * 50)
            stored += 1

    with pytest.raises(StorageError, match=r"is full \(free some space"):
        store()
    assert stored > 0
    with reading(full) as connection:
        # All tables of one transaction, or none of them.
        counts = {
            connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("meta", "alerts")
        }
        assert counts == {stored}
    full.dispose()
    with writing(sqlite_engine) as connection:
        fill(connection, suffix="-again")
    sqlite_engine.dispose()


def test_a_log_that_a_power_cut_shortened_is_a_clean_beginning_of_history(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    with reading(sqlite_engine) as connection:
        # Nothing leaves the log for the file itself meanwhile.
        connection.execute(text("PRAGMA wal_autocheckpoint = 0"))
    for number in range(60):
        put(sqlite_engine, number)
    file = Path(str(sqlite_engine.url.database))
    log = file.with_name(f"{file.name}-wal").read_bytes()
    whole = file.read_bytes()
    sqlite_engine.dispose()
    chance = random.Random(7)
    lengths = set()
    for round_ in range(60):
        folder = tmp_path / f"cut{round_}"
        folder.mkdir()
        (folder / "entente.db").write_bytes(whole)
        (folder / "entente.db-wal").write_bytes(log[: chance.randrange(len(log))])
        with closing(sqlite3.connect(folder / "entente.db")) as cut:
            assert cut.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            has_tables = cut.execute("SELECT 1 FROM sqlite_master WHERE name = 'tombstones'").fetchone()
            found = (
                [int(key) for (key,) in cut.execute("SELECT key FROM tombstones ORDER BY key")]
                if has_tables
                else []
            )
        assert found == list(range(len(found)))
        lengths.add(len(found))
        shutil.rmtree(folder)
    assert len(lengths) > 5


def test_a_connection_that_is_lost_midway_undoes_the_work_and_the_next_one_works(
    migrated_postgresql_url: str,
) -> None:
    engine, other = open_engine(migrated_postgresql_url), open_engine(migrated_postgresql_url)

    def lost() -> None:
        with writing(engine) as connection:
            meta.put(connection, "half", "done")
            number = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with writing(other) as killer:
                killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": number})
            meta.put(connection, "whole", "done")

    with pytest.raises(StorageError):
        lost()
    with writing(engine) as connection:
        assert meta.get(connection, "half") == ""
        meta.put(connection, "again", "done")
    with writing(engine) as connection:
        assert meta.forget(connection, "again")
    for one in (engine, other):
        one.dispose()


def test_a_folder_in_the_place_of_the_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "entente.db").mkdir()
    with pytest.raises(StorageError, match="check that the file and its folder are there"):
        put(open_engine(f"sqlite:///{tmp_path}/entente.db"), 1)
