"""The watchdog: fed while every loop moves; a process with a loop that hangs ends, to be started anew."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from monitor.core.progress import Progress

log = logging.getLogger(__name__)

HUNG = 5  # exit code
EVENT_LOOP = "event loop"
LOOK_EVERY_S = 5.0
NOTIFY_WITHIN_S = 1.0


def notify(*states: str, environ: Mapping[str, str] = os.environ) -> None:
    """Tell the service manager how we are, such as READY=1 (sd_notify(3)); nothing where none listens."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        manager.settimeout(NOTIFY_WITHIN_S)
        # "@" stands for the zero byte of an abstract name.
        with suppress(OSError):
            manager.sendto("\n".join(states).encode(), address.replace("@", "\0", 1))


@contextmanager
def watched(progress: Progress, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Look after the loops while the block runs, from a thread of its own.

    While all move, the service manager's watchdog is fed. When one hangs, the
    log gets what every thread is at, and the process ends with code HUNG: what
    it had in hand is claimed in the database and taken up at the next start.
    """
    done = threading.Event()
    thread = threading.Thread(target=_watch, args=(progress, loop, done), name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _watch(progress: Progress, loop: asyncio.AbstractEventLoop, done: threading.Event) -> None:
    looked = time.monotonic()
    while not done.wait(LOOK_EVERY_S):
        before, looked = looked, time.monotonic()
        # When this very thread comes late, the whole process was stopped: no loop is to blame for that.
        progress.pass_time(min(looked - before, 2 * LOOK_EVERY_S))
        hung = [trouble.words for trouble in progress.troubles() if trouble.hangs]
        if hung:
            notify(f"STATUS=ending: {'; '.join(hung)}")
            log.critical("ending, to be started anew: %s", "; ".join(hung), extra={"threads": _stacks()})
            sys.stderr.flush()
            os._exit(HUNG)
        notify("WATCHDOG=1")
        with suppress(RuntimeError):  # closed: the end has come
            loop.call_soon_threadsafe(_sign, progress)


def _sign(progress: Progress) -> None:
    with progress.turn(EVENT_LOOP):
        pass


def _stacks() -> dict[str, list[str]]:
    """Where every thread is; lines of code, and no values."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return {
        names.get(ident, str(ident)): [line.strip() for line in traceback.format_stack(frame)]
        for ident, frame in sys._current_frames().items()
    }
