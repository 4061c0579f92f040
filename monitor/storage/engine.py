"""Opening the database: SQLite with full durability, or PostgreSQL; the same code on both."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError

from monitor.errors import StorageError

BUSY_TIMEOUT_S = 10


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


def _open_sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise StorageError(f"{path}: cannot be opened for writing: {error.strerror}") from error
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver would begin transactions on its own, and only at the first write;
    # `_begin_sqlite` says when and how instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA trusted_schema = OFF")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: upgraded later, it could fail on a lock instead of waiting.
    kind = "DEFERRED" if connection.get_execution_options().get("read_only") else "IMMEDIATE"
    connection.exec_driver_sql(f"BEGIN {kind}")


def _open_postgresql(url: URL) -> Engine:
    try:
        # pre_ping: a connection that the server closed overnight is replaced, not reported.
        return create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError):
        raise StorageError("PostgreSQL needs its driver: install entente[postgres]") from None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write: committed at the end, rolled back on an error."""
    with _told(engine), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent look that writes nothing and holds no writer up."""
    with _told(engine), engine.connect() as raw:
        options: dict[str, Any] = {"read_only": True}
        if engine.dialect.name == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        yield raw.execution_options(**options)


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    """Turn what only the operator can mend into a StorageError; statements and values stay out of it."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise StorageError(f"{engine.url.render_as_string(hide_password=True)}: {_cause(error)}") from error


def _cause(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
