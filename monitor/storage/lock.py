"""One daemon a database: a lock that the kernel, or the server, drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from monitor.errors import AlreadyRunning, StorageError
from monitor.storage.engine import reading, telling

# Any number will do that no other program on this database uses: "entente" as ASCII.
LOCK_KEY = int.from_bytes(b"entente", "big")
# Whoever asks for the holder's name takes a file's lock for a moment.
FILE_PATIENCE_S = 0.2
_HOLDERS = (
    "SELECT a.application_name, a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND (l.classid::bigint << 32) + l.objid::bigint = :key "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@contextmanager
def hold_daemon_lock(engine: Engine) -> Iterator[None]:
    """Hold the database alone; raises AlreadyRunning, which names the holder.

    Raises StorageError where the lock cannot even be asked for. A daemon holds a
    lease with it (`storage/lease.py`).
    """
    if engine.dialect.name == "postgresql":
        with telling(engine):
            connection = connect_to_hold(engine)
            try:
                if not try_lock(connection):
                    raise AlreadyRunning(refusal(engine))
                yield
            finally:
                let_go(connection)
    elif path := _lock_file(engine):
        with _hold_file(path):
            yield
    else:
        yield  # in memory: nobody else can see it


def holder(engine: Engine) -> str:
    """Who holds the database, "pid 12 on host"; "" for nobody."""
    if engine.dialect.name == "postgresql":
        with reading(engine) as connection:
            found = connection.execute(text(_HOLDERS), {"key": LOCK_KEY}).scalar()
        return "" if found is None else str(found).removeprefix("entente ") or "another process"
    path = _lock_file(engine)
    if path is None or not path.exists():
        return ""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named_in(handle)
    else:
        return ""
    finally:
        os.close(handle)


def refuse_held(engine: Engine) -> None:
    """Raise AlreadyRunning where somebody holds the database; nothing is taken."""
    if name := holder(engine):
        raise AlreadyRunning(_words(name))


def me() -> str:
    """This process, as others are told of it."""
    return f"pid {os.getpid()} on {socket.gethostname()}"


def refusal(engine: Engine) -> str:
    """Why there is no second daemon, for the operator."""
    return _words(holder(engine) or "another process")


def connect_to_hold(engine: Engine) -> Connection:
    """A connection to PostgreSQL that carries our name, outside the pool: closed, it drops its locks."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT", unfenced=True)
    connection.detach()
    connection.execute(
        text("SELECT set_config('application_name', :name, false)"), {"name": f"entente {me()}"[:63]}
    )
    return connection


def try_lock(connection: Connection) -> bool:
    """Take the daemon's lock of PostgreSQL, unless somebody has it."""
    return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY}).scalar_one())


def let_go(connection: Connection) -> None:
    """Drop the lock and the connection; said, for a server notices a closed connection a little later."""
    with suppress(DBAPIError):
        connection.execute(text("SELECT pg_advisory_unlock_all()"))
    with suppress(DBAPIError):
        connection.close()


def backends_that_hold(connection: Connection, key: int) -> list[int]:
    """The server's processes whose clients hold an advisory lock."""
    return [row.pid for row in connection.execute(text(_HOLDERS), {"key": key})]


def _lock_file(engine: Engine) -> Path | None:
    database = engine.url.database
    return None if database in (None, "", ":memory:") else Path(f"{database}.lock")


@contextmanager
def _hold_file(path: Path) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StorageError(f"{path}: the daemon's lock cannot be opened: {error.strerror}") from error
    try:
        if not _take(handle):
            raise AlreadyRunning(_words(_named_in(handle)))
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{me()}\n".encode(), 0)
        # The file stays: removed, a third daemon could lock a new file beside the second one's.
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    deadline = time.monotonic() + FILE_PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(FILE_PATIENCE_S / 10)
        else:
            return True


def _named_in(handle: int) -> str:
    return os.pread(handle, 200, 0).decode(errors="replace").strip() or "another process"


def _words(name: str) -> str:
    return f"another daemon runs on this database ({name}): stop it first, or give this one its own database"
