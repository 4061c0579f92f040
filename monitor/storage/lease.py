"""The daemon's hold on its database; on PostgreSQL a lease with a fencing token.

The lock alone does not do there: its server drops it when the connection is
lost, and its holder may not know, or may be stopped and woken much later. So
every take-over raises a number, and every transaction of a daemon begins with a
look whether the number is still its own. A transaction under way holds a
shared lock that a take-over waits for, after it has ended the sessions of the
holder before: what began under an old number never commits under a new one.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, ProgrammingError, ResourceClosedError

from monitor.errors import AlreadyRunning, LeaseLost, StorageError
from monitor.storage import meta
from monitor.storage.engine import reading, telling, writing
from monitor.storage.lock import (
    LOCK_KEY,
    backends_that_hold,
    connect_to_hold,
    hold_daemon_lock,
    let_go,
    me,
    refusal,
    try_lock,
)

log = logging.getLogger(__name__)

BEAT_S = 2.0
FENCE_KEY = int.from_bytes(b"fence", "big")
# {"token": 7, "holder": "pid 12 on host"}, whole and unchanged while that daemon holds the database.
LEASE = "lease"
BEAT = "lease:beat"  # the server's process that holds the lock for it, and a number that moves
PATIENCE_S = 2
_SHARED = text("SELECT pg_advisory_xact_lock_shared(:key)")
_ALONE = text("SELECT pg_advisory_xact_lock(:key)")
_END = text("SELECT pg_terminate_backend(:pid, 2000)")
_MINE = text(
    "UPDATE meta SET value = :beat WHERE key = :name AND (SELECT value FROM meta WHERE key = :lease) = :mine"
)

OnLost = Callable[[LeaseLost], None]


@contextmanager
def hold_lease(engine: Engine, on_lost: OnLost) -> Iterator[None]:
    """Hold the database for one daemon; raises AlreadyRunning, which names the holder.

    Until the end of the block every transaction of `engine` that may write
    raises LeaseLost, after `on_lost` was called with it, once another daemon has
    taken the database over; `on_lost` is called from a thread of the lease when
    nothing is written. On SQLite the kernel's lock does all this: nobody can
    take it from a process that lives.
    """
    if engine.dialect.name != "postgresql":
        with hold_daemon_lock(engine):
            yield
        return
    with telling(engine):
        lease = _Lease(engine, on_lost)
    event.listen(engine, "begin", lease.check)
    try:
        with lease.kept():
            yield
    finally:
        event.remove(engine, "begin", lease.check)


def token(connection: Connection) -> int:
    """The number of the last take-over, 0 before the first."""
    return int(json.loads(meta.get(connection, LEASE) or "{}").get("token", 0))


class Rival:
    """The daemon that holds the database, as one that stands by sees it."""

    def __init__(self, engine: Engine, patience: int) -> None:
        self.engine = engine
        self.patience = patience
        self._seen = ("", "")
        self._still = 0

    def look(self) -> bool:
        """Look once; True when its session was ended, as `patience` looks in a row showed no sign of life.

        Looks are counted and no clock is read: one that jumps, or a stand-by that
        was stopped itself, takes nothing from a daemon that lives.
        """
        with reading(self.engine) as connection:
            seen = (meta.get(connection, LEASE), meta.get(connection, BEAT))
        self._still = self._still + 1 if seen == self._seen else 0
        self._seen = seen
        if self._still < self.patience:
            return False
        self._still = 0
        return self._end(seen[1])

    def _end(self, beat: str) -> bool:
        backend = int(beat.partition(" ")[0] or 0)
        with telling(self.engine):
            connection = connect_to_hold(self.engine)
            try:
                # Whoever else has the lock, such as a restore, keeps no lease and is none of our business.
                if backend not in backends_that_hold(connection, LOCK_KEY):
                    return False
                log.warning("the daemon that holds the database shows no sign of life: its session is ended")
                _end_session(connection, backend)
            finally:
                connection.close()
        return True


class _Lease:
    def __init__(self, engine: Engine, on_lost: OnLost) -> None:
        self._engine = engine
        self._on_lost = on_lost
        self._done = threading.Event()
        self._beats = 0
        self._connection = connect_to_hold(engine)
        with ExitStack() as undo:
            undo.callback(let_go, self._connection)
            self._is_locked = try_lock(self._connection)
            if not self._is_locked:
                raise AlreadyRunning(refusal(engine))
            self._mine = self._taken_over()
            self._beat()
            undo.pop_all()

    def check(self, connection: Connection) -> None:
        """The first thing in every transaction that may write."""
        options = connection.get_execution_options()
        if options.get("postgresql_readonly") or options.get("unfenced"):
            return
        connection.execute(_SHARED, {"key": FENCE_KEY})
        # A statement of its own: it must see what was committed while the first one waited.
        if meta.get(connection, LEASE) != self._mine:
            raise self._lost()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Show signs of life while the block runs."""
        thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join(PATIENCE_S)
            let_go(self._connection)

    def _taken_over(self) -> str:
        """Raise the number, once nothing that began under the old one can commit any more."""
        for backend in backends_that_hold(self._connection, FENCE_KEY):
            _end_session(self._connection, backend)
        with writing(self._engine) as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'"))
            connection.execute(_ALONE, {"key": FENCE_KEY})
            mine = json.dumps({"token": token(connection) + 1, "holder": me()})
            meta.put(connection, LEASE, mine)
            meta.put(connection, BEAT, "")
        return mine

    def _keep(self) -> None:
        while not self._done.wait(BEAT_S):
            try:
                is_mine = self._beat()
            except (DBAPIError, ResourceClosedError):  # closed: no server was there at the last try to rejoin
                is_mine = self._rejoined()
            if not is_mine:
                self._lost()
                return

    def _beat(self) -> bool:
        """Show a sign of life; False when the lease is somebody else's."""
        if not self._is_locked:
            self._is_locked = try_lock(self._connection)
        backend = self._connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        self._beats += 1
        values = {"beat": f"{backend} {self._beats}", "name": BEAT, "mine": self._mine, "lease": LEASE}
        return self._connection.execute(_MINE, values).rowcount == 1

    def _rejoined(self) -> bool:
        """After a lost connection, go on where nobody took the database over; False where one did."""
        log.warning("the connection that holds the database was lost")
        try:
            self._connection.close()
            self._is_locked = False
            self._connection = connect_to_hold(self._engine)
            last = int(meta.get(self._connection, BEAT).partition(" ")[0] or 0)
            if meta.get(self._connection, LEASE) != self._mine:
                return False
            if last in backends_that_hold(self._connection, LOCK_KEY):
                _end_session(self._connection, last)  # our own, whose client the server still believes in
            return self._beat()
        except (DBAPIError, StorageError):
            return True  # the server is away, for us and for everybody: asked again at the next beat

    def _lost(self) -> LeaseLost:
        error = LeaseLost(f"another daemon took this database over from {json.loads(self._mine)['holder']}")
        self._on_lost(error)
        return error


def _end_session(connection: Connection, backend: int) -> None:
    try:
        connection.execute(_END, {"pid": backend})
    except ProgrammingError as error:
        raise StorageError(
            "the session of the daemon before cannot be ended: give both daemons the same database role"
        ) from error
