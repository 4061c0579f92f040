"""The lease: whoever lost the database writes nothing more, whatever it had in hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from monitor.errors import AlreadyRunning, LeaseLost
from monitor.storage import lease, meta
from monitor.storage.engine import open_engine, reading, writing
from monitor.storage.lease import Rival, hold_lease, token
from monitor.storage.lock import LOCK_KEY, backends_that_hold, hold_daemon_lock, holder

# It writes a line of its input under the key "line", and commits only when it reads another line.
HOLD = """
import os, sys
from monitor.storage import lease, meta
from monitor.storage.engine import open_engine, writing
lease.BEAT_S = 0.05
def lost(error):
    print("lost", flush=True)
    os._exit(3)
engine = open_engine(sys.argv[1])
with lease.hold_lease(engine, lost):
    print("held", flush=True)
    for line in sys.stdin:
        with writing(engine) as connection:
            meta.put(connection, "line", line.strip())
            print("in hand", flush=True)
            sys.stdin.readline()
        print("stored", flush=True)
"""
ON_POSTGRESQL = pytest.mark.parametrize("kind", ["postgresql"])


class Holder:
    """Another process that holds the database."""

    def __init__(self, engine: Engine) -> None:
        url = engine.url.render_as_string(hide_password=False)
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.hears("held")

    def is_told(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hears(self, words: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{words}\n"


@contextmanager
def a_holder(engine: Engine) -> Iterator[Holder]:
    one = Holder(engine)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.communicate()


def ended_for_its_silence(engine: Engine) -> bool:
    rival = Rival(engine, 2)
    return [rival.look() for _ in range(3)] == [False, False, True]


def never(error: LeaseLost) -> None:
    raise AssertionError(error)


def stored_line(engine: Engine) -> str:
    with reading(engine) as connection:
        return meta.get(connection, "line")


def test_the_database_has_one_holder_and_a_name_for_it(engine: Engine) -> None:
    second = open_engine(engine.url.render_as_string(hide_password=False))
    assert holder(engine) == ""
    with hold_lease(engine, never):
        assert holder(second).startswith(f"pid {os.getpid()} on ")
        with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()} on"), hold_lease(second, never):
            pass
        with writing(engine) as connection:
            meta.put(connection, "line", "mine")
    assert holder(engine) == ""
    assert stored_line(engine) == "mine"
    second.dispose()


@ON_POSTGRESQL
def test_every_take_over_raises_the_number(engine: Engine) -> None:
    numbers = []
    for _ in range(3):
        with hold_lease(engine, never), reading(engine) as connection:
            numbers.append(token(connection))
    assert numbers == [1, 2, 3]
    with writing(engine) as connection:  # who holds nothing, such as a command, is not asked for a number
        meta.put(connection, "line", "by hand")


@ON_POSTGRESQL
def test_a_holder_that_was_stopped_past_its_lease_writes_nothing_more(engine: Engine) -> None:
    with a_holder(engine) as before:
        before.process.send_signal(signal.SIGSTOP)
        assert ended_for_its_silence(engine)
        with hold_lease(engine, never):
            before.is_told("from the past")
            before.process.send_signal(signal.SIGCONT)
            before.hears("lost")
            assert before.process.wait(timeout=30) == 3
            assert stored_line(engine) == ""


@ON_POSTGRESQL
def test_what_a_stopped_holder_had_in_hand_is_never_committed(engine: Engine) -> None:
    with a_holder(engine) as before:
        before.is_told("half done")
        before.hears("in hand")
        before.process.send_signal(signal.SIGSTOP)
        assert ended_for_its_silence(engine)
        with hold_lease(engine, never):
            before.is_told("commit it")
            before.process.send_signal(signal.SIGCONT)
            assert before.process.wait(timeout=30) != 0
            assert stored_line(engine) == ""
            with writing(engine) as connection:
                meta.put(connection, "line", "of the new holder")
    assert stored_line(engine) == "of the new holder"


@ON_POSTGRESQL
def test_a_holder_that_lives_is_never_ended(engine: Engine) -> None:
    with a_holder(engine) as before:
        rival = Rival(engine, 2)
        for _ in range(6):
            assert not rival.look()
            time.sleep(0.3)  # it beats every 0.05 s
        before.is_told("still here")
        before.hears("in hand")
        before.is_told("commit it")
        before.hears("stored")


@ON_POSTGRESQL
def test_a_lost_connection_costs_a_holder_nothing_while_nobody_takes_its_place(engine: Engine) -> None:
    with a_holder(engine) as one:
        with writing(engine) as connection:
            (backend,) = backends_that_hold(connection, LOCK_KEY)
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
        deadline = time.monotonic() + 20
        while not holder(engine):
            assert time.monotonic() < deadline, "it never took the lock again"
            time.sleep(0.05)
        one.is_told("after it")
        one.hears("in hand")
        one.is_told("commit it")
        one.hears("stored")
        with reading(engine) as connection:
            assert token(connection) == 1


@ON_POSTGRESQL
def test_one_that_only_locks_the_database_keeps_no_lease_and_is_left_alone(engine: Engine) -> None:
    second = open_engine(engine.url.render_as_string(hide_password=False))
    with hold_lease(engine, never):
        pass
    with hold_daemon_lock(engine):
        rival = Rival(second, 0)
        assert [rival.look() for _ in range(3)] == [False, False, False]
        with pytest.raises(AlreadyRunning), hold_lease(second, never):
            pass
    second.dispose()


@ON_POSTGRESQL
def test_a_look_costs_readers_nothing(engine: Engine) -> None:
    with hold_lease(engine, never), reading(engine) as connection:
        held = connection.execute(
            text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :low"),
            {"low": lease.FENCE_KEY & 0xFFFFFFFF},
        )
        assert held.scalar_one() == 0
