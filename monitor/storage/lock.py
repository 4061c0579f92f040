"""One daemon a database: a lock that the kernel, or the server, drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from monitor.errors import AlreadyRunning, StorageError
from monitor.storage.engine import telling

# Any number will do that no other program on this database uses: "entente" as ASCII.
LOCK_KEY = int.from_bytes(b"entente", "big")


@contextmanager
def hold_daemon_lock(engine: Engine) -> Iterator[None]:
    """Hold the database for one daemon; raises AlreadyRunning, which names the holder.

    Raises StorageError where the lock cannot even be asked for.
    """
    if engine.dialect.name == "postgresql":
        with _hold_on_server(engine):
            yield
    elif engine.url.database in (None, "", ":memory:"):
        yield  # nobody else can see it
    else:
        with _hold_file(Path(f"{engine.url.database}.lock")):
            yield


@contextmanager
def _hold_file(path: Path) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StorageError(f"{path}: the daemon's lock cannot be opened: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 200).decode(errors="replace").strip() or "another process"
            raise AlreadyRunning(_text(holder)) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"pid {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        # The file stays: removed, a third daemon could lock a new file beside the second one's.
        yield
    finally:
        os.close(handle)


@contextmanager
def _hold_on_server(engine: Engine) -> Iterator[None]:
    name = f"entente pid {os.getpid()} on {socket.gethostname()}"
    with telling(engine), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT set_config('application_name', :name, false)"), {"name": name[:63]})
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY})
        if not taken.scalar_one():
            raise AlreadyRunning(_text(_holder_on_server(engine)))
        try:
            yield
        finally:
            # The pool keeps the connection open, and with it the lock.
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})


def _holder_on_server(engine: Engine) -> str:
    query = text(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) + l.objid::bigint = :key "
        "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with engine.connect() as connection:
        found = connection.execute(query, {"key": LOCK_KEY}).scalar()
    return str(found or "another process").removeprefix("entente ")


def _text(holder: str) -> str:
    return (
        f"another daemon runs on this database ({holder}): stop it first, or give this one its own database"
    )
