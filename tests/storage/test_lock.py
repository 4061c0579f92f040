from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from sqlalchemy import Engine

from monitor.errors import AlreadyRunning
from monitor.storage.engine import open_engine
from monitor.storage.lock import hold_daemon_lock

HOLD = """
import sys, time
from monitor.storage.engine import open_engine
from monitor.storage.lock import hold_daemon_lock
with hold_daemon_lock(open_engine(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_daemon_is_refused_with_the_name_of_the_first(engine: Engine) -> None:
    second = open_engine(engine.url.render_as_string(hide_password=False))
    with (
        hold_daemon_lock(engine),
        pytest.raises(AlreadyRunning, match=f"pid {os.getpid()} on"),
        hold_daemon_lock(second),
    ):
        pass
    with hold_daemon_lock(second):
        pass
    second.dispose()


def test_the_lock_dies_with_its_holder(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=f"pid {holder.pid} on"), hold_daemon_lock(engine):
            pass
        holder.kill()
    # A server needs a moment to see that its client is gone.
    deadline = time.monotonic() + 10
    while True:
        try:
            with hold_daemon_lock(engine):
                return
        except AlreadyRunning:
            assert time.monotonic() < deadline, "the lock outlived its holder"
            time.sleep(0.02)
