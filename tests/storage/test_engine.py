from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import IntegrityError, InternalError, StatementError

from monitor.errors import StorageError
from monitor.storage.engine import open_engine, reading, writing
from monitor.storage.migrate import upgrade
from monitor.storage.schema import digests as table
from monitor.storage.schema import meta, tombstones
from tests.storage.builders import record_digest

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
HALF_DONE = """
import sys, time
from sqlalchemy import insert
from monitor.storage.engine import open_engine, writing
from monitor.storage.schema import meta
with writing(open_engine(sys.argv[1])) as connection:
    connection.execute(insert(meta).values(key="half", value="done"))
    print("written", flush=True)
    time.sleep(60)
"""
hostile_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


def test_sqlite_is_durable_and_for_its_owner_alone(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/deep/er/entente.db")
    with reading(engine) as connection:
        settings = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    assert stat.S_IMODE((tmp_path / "deep/er/entente.db").stat().st_mode) == 0o600
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://host/x", "expected sqlite or postgresql"),
        ("nonsense", "expected sqlite:///file"),
        ("sqlite:////proc/none/x.db", "cannot be opened"),
    ],
)
def test_an_unusable_url_is_answered_with_what_is_expected(url: str, expected: str) -> None:
    with pytest.raises(StorageError, match=expected):
        open_engine(url)


def test_a_password_never_stands_in_an_error() -> None:
    engine = open_engine("postgresql://watch:hunter2@127.0.0.1:1/none")
    with pytest.raises(StorageError) as caught, reading(engine) as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_a_password_in_the_query_of_a_url_stays_out_of_it_too() -> None:
    engine = open_engine("postgresql://127.0.0.1:1/none?user=watch&password=hunter2")
    with pytest.raises(StorageError) as caught, reading(engine):
        pass
    engine.dispose()
    assert "hunter2" not in str(caught.value)


def test_a_damaged_file_is_reported_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "entente.db").write_bytes(b"no database at all " * 100)
    engine = open_engine(f"sqlite:///{tmp_path}/entente.db")
    with pytest.raises(StorageError, match=r"entente\.db: file is not a database \(restore the last backup"):
        _write(engine)
    engine.dispose()


def test_a_lock_that_does_not_go_away_is_reported_with_what_to_do(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/entente.db")
    upgrade(engine)
    with reading(engine) as connection:
        connection.execute(text("PRAGMA busy_timeout = 1"))
    with closing(sqlite3.connect(tmp_path / "entente.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match=r"database is locked \(another program holds it"):
            _write(engine)
    engine.dispose()


def _write(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(meta).values(key="a", value="b"))


def test_a_reader_is_refused_every_write_and_the_next_writer_is_not(engine: Engine) -> None:
    with pytest.raises((StorageError, InternalError), match=r"(?i)read-?only"), reading(engine) as connection:
        connection.execute(insert(meta).values(key="a", value="b"))
    _write(engine)


def test_work_of_a_process_that_was_killed_leaves_no_trace(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", HALF_DONE, url], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.kill()
    _write(engine)
    with reading(engine) as connection:
        assert [row.key for row in connection.execute(select(meta))] == ["a"]


def test_an_error_rolls_everything_back(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(insert(meta).values(key="a", value="b"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with reading(engine) as connection:
        assert connection.execute(select(meta)).all() == []


def test_a_reader_neither_waits_for_a_writer_nor_sees_its_work(engine: Engine) -> None:
    with writing(engine) as writer:
        writer.execute(insert(meta).values(key="a", value="b"))
        with reading(engine) as reader:
            assert reader.execute(select(meta)).all() == []


def test_a_second_writer_waits_for_the_first(engine: Engine) -> None:
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with writing(engine) as connection:
            connection.execute(insert(meta).values(key="second", value=""))

    thread = threading.Thread(target=second)
    thread.start()
    with writing(engine) as connection:
        inside.set()
        connection.execute(insert(meta).values(key="first", value=""))
    thread.join()
    with reading(engine) as connection:
        assert {row.key for row in connection.execute(select(meta))} == {"first", "second"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    moment=st.datetimes(
        timezones=st.sampled_from(
            [UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11))]
        ),
        # A day from the ends: what is later than them in UTC is no time that Python knows.
        min_value=datetime(1, 1, 2),  # noqa: DTZ001
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    ),
    words=hostile_text,
)
def test_times_and_texts_come_back_as_they_went_in(
    connection: Connection, moment: datetime, words: str
) -> None:
    connection.execute(table.delete())
    connection.execute(
        insert(table).values(
            recipient_id=words,
            due_key=words,
            due_at=moment,
            composed_at=moment,
            subject=words,
            levels={"x": words},
        )
    )
    row = connection.execute(select(table)).one()
    assert (row.subject, row.levels) == (words, {"x": words})
    assert row.due_at == moment
    assert row.due_at.tzinfo is UTC


@pytest.mark.parametrize(
    "moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)], ids=["first", "last"]
)
def test_the_first_and_the_last_moment_come_back(connection: Connection, moment: datetime) -> None:
    record_digest(connection, due_at=moment)
    assert connection.execute(select(table.c.due_at)).scalar_one() == moment


def test_a_naive_time_is_refused(connection: Connection) -> None:
    with pytest.raises(StatementError, match="must be aware"):
        connection.execute(
            insert(table).values(
                recipient_id="r",
                due_key="k",
                due_at=NAIVE,
                composed_at=NAIVE,
                subject="",
                levels={},
            )
        )


def test_one_key_is_one_row(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(tombstones).values(feed_id="f", key="k"))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(tombstones).values(feed_id="f", key="k"))
