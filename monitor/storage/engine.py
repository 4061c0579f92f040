"""Opening the database: SQLite with full durability, or PostgreSQL; the same code on both."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)

from monitor.errors import StorageError

BUSY_TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 10
BUSY_PAUSE_S = 0.02

# What an operator does about it, by a piece of the database's own words.
ADVICE = {
    "is locked": "another program holds it; end that one, or try again when it is done",
    "lock timeout": "another program holds a table; end that one, or try again when it is done",
    "is full": "free some space; what could not be stored is fetched again",
    "malformed": "the file is damaged: restore the last backup",
    "not a database": "restore the last backup, or name another file as storage.url",
    "readonly": "give this user the right to write to the file and to its folder",
    "unable to open": "check that the file and its folder are there and that this user may write to them",
}


def open_engine(url: str) -> Engine:
    """Prepare a database for use; `sqlite:///file` or `postgresql://user@host/name`.

    An SQLite file is created for its owner alone. Raises StorageError for a
    URL that cannot be used; passwords never stand in the text.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StorageError("storage.url: expected sqlite:///file or postgresql://user@host/name") from None
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgresql(parsed)
    raise StorageError(f"storage.url: expected sqlite or postgresql, found {parsed.get_backend_name()!r}")


def is_there(url: str) -> bool:
    """Whether opening a database would find one; False for an SQLite file that it would make."""
    file = url.removeprefix("sqlite:///").partition("?")[0]
    return not url.startswith("sqlite:///") or Path(file).exists()


def _open_sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Only a file that nobody has yet: closing any handle of a file drops every lock that
            # this process holds on it, SQLite's own among them.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise StorageError(f"{path}: cannot be opened for writing: {error.strerror}") from error
    # Values stay out of errors, and so out of the log: some are addresses of people.
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver would begin transactions on its own, and only at the first write;
    # `_begin_sqlite` says when and how instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA trusted_schema = OFF")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    # The one statement that needs the file for itself and does not wait for it: of two programs
    # that make a database at once, one would be told that it is locked.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(BUSY_PAUSE_S)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    reads, migrates = options.get("read_only", False), options.get("migrates", False)
    # Said anew each time: the pool hands one connection to readers, writers and migrations in turn.
    connection.exec_driver_sql(f"PRAGMA query_only = {reads:d}")
    connection.exec_driver_sql(f"PRAGMA foreign_keys = {not migrates:d}")
    # A writer takes its lock at once: upgraded later, it could fail on a lock instead of waiting.
    connection.exec_driver_sql("BEGIN DEFERRED" if reads else "BEGIN IMMEDIATE")


def _open_postgresql(url: URL) -> Engine:
    # In another zone than UTC the driver could not read the first and last days that Python knows;
    # and as on SQLite, who waits for a lock is told so after a while, and does not wait for ever.
    given: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "options": "", **url.query}
    given["options"] = f"{given['options']} -c TimeZone=UTC -c lock_timeout={BUSY_TIMEOUT_S}s".strip()
    try:
        # pre_ping: a connection that the server closed overnight is replaced, not reported.
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=given,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except (NoSuchModuleError, ModuleNotFoundError):
        raise StorageError("PostgreSQL needs its driver: install entente[postgres]") from None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write: committed at the end, rolled back on an error."""
    with telling(engine), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent look that holds no writer up; the database refuses it every write."""
    with telling(engine), engine.connect() as raw:
        options: dict[str, Any] = {"read_only": True}
        if engine.dialect.name == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        yield raw.execution_options(**options)


@contextmanager
def telling(engine: Engine) -> Iterator[None]:
    """Turn what only the operator can mend into a StorageError; statements and values stay out of it."""
    try:
        yield
    except DatabaseError as error:
        # The class itself is what SQLite raises for a damaged file; most subclasses are faults of ours.
        if type(error) is not DatabaseError and not isinstance(error, OperationalError):
            raise
        raise StorageError(_told(engine, error)) from error
    except InterfaceError as error:
        raise StorageError(_told(engine, error)) from error


def _told(engine: Engine, error: DBAPIError) -> str:
    # Drivers take a password in the query of a URL too.
    url = engine.url.set(query={}).render_as_string(hide_password=True)
    lines = str(error.orig).strip().splitlines()
    cause = lines[0] if lines else type(error.orig).__name__
    advice = next((text for words, text in ADVICE.items() if words in cause), "")
    return f"{url}: {cause}" + (f" ({advice})" if advice else "")
