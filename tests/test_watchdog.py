"""The watchdog of a real daemon: fed while all loops move, and a loop that hangs ends the process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue

import pytest

from monitor.watchdog import HUNG, notify
from tests.test_daemon import folder as folder  # the fixture
from tests.test_daemon import wait_for_entries

ROOT = Path(__file__).parents[1]
# The daemon as it is, with less patience, so that the test need not have ours.
IMPATIENT = """
import sys
from monitor import jobs, watchdog
from monitor.__main__ import main
jobs.PATIENCE_S = 1.5
watchdog.LOOK_EVERY_S = 0.1
sys.argv[0] = "monitor"
main()
"""


class Manager:
    """What systemd is to a service: it listens on a socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: Queue[str] = Queue()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while text := self._socket.recv(4096).decode():
            for line in text.splitlines():
                self.heard.put(line)

    def wait_for(self, state: str) -> None:
        while self.heard.get(timeout=30) != state:
            pass

    def said(self) -> list[str]:
        """What was said and not yet looked at, a moment later included."""
        found = []
        with suppress(Empty):
            while True:
                found.append(self.heard.get(timeout=0.5))
        return found

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.path))
        self._thread.join()
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


@pytest.fixture
def daemon(folder: Path, manager: Manager) -> Iterator[subprocess.Popen[str]]:
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-c", IMPATIENT, "--config", str(folder / "config.toml"), "run"],
            stderr=log,
            text=True,
            cwd=ROOT,
            env={**os.environ, "NOTIFY_SOCKET": str(manager.path)},
        )
    yield daemon
    daemon.kill()
    daemon.wait()


def test_the_manager_hears_when_it_is_ready_that_it_lives_and_when_it_stops(
    daemon: subprocess.Popen[str], manager: Manager
) -> None:
    manager.wait_for("READY=1")
    manager.wait_for("WATCHDOG=1")
    daemon.send_signal(signal.SIGTERM)
    manager.wait_for("STOPPING=1")
    assert daemon.wait(timeout=20) == 0


def test_a_loop_that_hangs_ends_the_process_and_the_log_says_where(
    daemon: subprocess.Popen[str], manager: Manager, folder: Path
) -> None:
    manager.wait_for("READY=1")
    wait_for_entries(folder, 14)
    # Whoever reads a pipe that nobody writes waits for ever: the reload does, and holds the writer.
    os.mkfifo(folder / "indicators" / "defense" / "stuck.toml")
    daemon.send_signal(signal.SIGHUP)
    assert daemon.wait(timeout=30) == HUNG
    assert manager.said()[-1].startswith("STATUS=ending: ")
    # Beside our lines Python's own may stand: a process that ends at once leaves its helpers to complain.
    lines = (folder / "log").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    (last,) = [event for event in events if event["level"] == "critical"]
    assert "reload shows no sign of life" in last["event"]
    assert any("read_catalog" in line for line in last["threads"]["writer_0"])


def test_a_process_that_is_stopped_feeds_nobody_and_wakes_unharmed(
    daemon: subprocess.Popen[str], manager: Manager
) -> None:
    manager.wait_for("READY=1")
    daemon.send_signal(signal.SIGSTOP)
    manager.said()
    time.sleep(3)  # twice the patience
    assert manager.said() == []
    daemon.send_signal(signal.SIGCONT)
    manager.wait_for("WATCHDOG=1")
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(timeout=20) == 0


def test_without_a_manager_nothing_is_said_and_nothing_fails(tmp_path: Path, manager: Manager) -> None:
    notify("READY=1", environ={})
    notify("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    notify("READY=1", "STATUS=x", environ={"NOTIFY_SOCKET": str(manager.path)})
    assert manager.said() == ["READY=1", "STATUS=x"]


def test_an_abstract_socket_is_written_to(tmp_path: Path) -> None:
    name = f"entente-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(5)
        notify("READY=1", environ={"NOTIFY_SOCKET": f"@{name}"})
        assert listener.recv(100) == b"READY=1"
