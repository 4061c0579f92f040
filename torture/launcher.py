"""Starts real daemons on our clock: `python -m torture.launcher SOCKET CLOCK MUTANT`.

The program is imported once, and each daemon is a fork of this process: a start
takes a fifth of the time, so that more kills fit into an hour. Nothing of the
program is changed but its clock and the rhythm of jobs that run daily; a
mutant, if one is named, is planted here.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

import monitor.__main__
from monitor import app, daemon, failpoints
from torture.clock import reader
from torture.mutants import MUTANTS
from torture.plan import RATE

OFTEN = {"retain": 2, "backup": 2}  # seconds
LONGEST_ORDER = 65_536
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
_prctl = ctypes.CDLL(None).prctl


class _Scheduler(AsyncIOScheduler):  # type: ignore[misc]
    """Its ticks keep real time: on ours, what is to run at once would lie in the past or in the future."""

    def add_job(self, func: Any, trigger: Any = None, **options: Any) -> Any:
        if "next_run_time" in options:
            options["next_run_time"] = datetime.now(UTC)
        if every := OFTEN.get(options.get("id", "")):
            trigger = IntervalTrigger(seconds=every)
        return super().add_job(func, trigger, **options)


def main() -> None:
    """Fork a daemon for each order on the socket, and tell there how each ends."""
    number, clock, mutant = sys.argv[1:]
    orders = socket.socket(fileno=int(number))
    app.now = reader(Path(clock))
    app.time_passed = lambda: timedelta(seconds=RATE * time.monotonic())
    daemon.AsyncIOScheduler = _Scheduler  # type: ignore[misc]
    if mutant:
        MUTANTS[mutant].plant()
    _forget_main()
    # The parsers of a daemon that was killed become our children, to be buried by us.
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    # A test that is broken off leaves no process behind.
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    daemons: set[int] = set()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([orders, woken], [], [])
        if woken in ready:
            os.read(woken, 1000)
            _tell_ends(orders, daemons)
        if orders in ready:
            text, handles, _, _ = socket.recv_fds(orders, LONGEST_ORDER, 1)
            if not text:
                return None
            if (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for handle in (woken, wake):
                    os.close(handle)
                orders.close()
                return _be_daemon(json.loads(text), handles[0])
            os.close(handles[0])
            daemons.add(pid)
            orders.send(json.dumps({"born": pid}).encode())


def _be_daemon(order: dict[str, Any], log: int) -> None:
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(log, 2)
    os.close(log)
    os.environ["ENTENTE_FAILPOINT"] = order["failpoint"]
    importlib.reload(failpoints)
    sys.argv = ["monitor", *order["arguments"]]
    monitor.__main__.main()


def _tell_ends(orders: socket.socket, daemons: set[int]) -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid in daemons:
                daemons.remove(pid)
                code = os.waitstatus_to_exitcode(status)
                orders.send(json.dumps({"ended": pid, "code": code}).encode())


def _forget_main() -> None:
    """Keep the parser's processes from importing this module, which is not theirs."""
    module: Any = sys.modules["__main__"]
    module.__spec__ = None
    del module.__file__


if __name__ == "__main__":
    main()
