"""A daemon that hangs: how long until that is noticed, and until a new one serves.

    python bench/hang.py [ROUNDS]

A supervisor that does what systemd does for the unit in packaging/: it takes the
messages of NOTIFY_SOCKET, kills a process that said no WATCHDOG=1 for 60 s, and
starts a new one 2 s after the old one ended. Two causes: a loop that waits for
ever (a file of the catalogue becomes a pipe that nobody writes, and the reload
holds the writer), and a whole process that stands still (SIGSTOP). Measured from
the cause to the end of the process, and to the READY=1 of the next.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from monitor.app import bundled_catalog
from monitor.demo import demo_config, sample_feeds, serve

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "hang.json"
WATCHDOG_S = 60.0
RESTART_S = 2.0
SETTLE_S = 20.0  # until the first polls and the first digest are done
GOAL_S = 90.0


class Supervisor:
    """Keeps one daemon alive, and notes when it became ready and when it ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ready: list[float] = []
        self.ended: list[tuple[float, int]] = []
        self._fed = 0.0
        self._done = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(0.2)
        self.process = self._start()
        self._threads = [threading.Thread(target=work) for work in (self._listen, self._keep)]
        for thread in self._threads:
            thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._fed = float("inf")  # the watchdog runs from READY=1 on
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "monitor", "--config", str(self.folder / "config.toml"), "run"],
                stderr=log,
                cwd=ROOT,
                env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")},
            )

    def _listen(self) -> None:
        while not self._done.is_set():
            try:
                states = self._socket.recv(4096).decode().splitlines()
            except TimeoutError:
                continue
            if "READY=1" in states:
                self.ready.append(time.monotonic())
            if "READY=1" in states or "WATCHDOG=1" in states:
                self._fed = time.monotonic()

    def _keep(self) -> None:
        while not self._done.wait(0.1):
            if time.monotonic() - self._fed > WATCHDOG_S:
                self.process.kill()
            code = self.process.poll()
            if code is not None:
                self.ended.append((time.monotonic(), code))
                time.sleep(RESTART_S)
                self.process = self._start()

    def close(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()
        self.process.kill()
        self.process.wait()
        self._socket.close()


def stuck_loop(keeper: Supervisor) -> None:
    os.mkfifo(keeper.folder / "indicators" / "defense" / "stuck.toml")


def cured_loop(keeper: Supervisor) -> None:
    (keeper.folder / "indicators" / "defense" / "stuck.toml").unlink()


def stopped_process(keeper: Supervisor) -> None:
    keeper.process.send_signal(signal.SIGSTOP)


CAUSES: dict[str, tuple[Callable[[Supervisor], None], Callable[[Supervisor], None]]] = {
    "a loop waits for ever": (stuck_loop, cured_loop),
    "the process stands still": (stopped_process, lambda keeper: None),
}


def rounds(cause: str, number: int) -> dict[str, object]:
    begin, cure = CAUSES[cause]
    with tempfile.TemporaryDirectory() as scratch, serve(sample_feeds(datetime.now(UTC))) as port:
        folder = Path(scratch)
        subprocess.run(["cp", "-r", str(bundled_catalog()), str(folder / "indicators")], check=True)
        (folder / "config.toml").write_text(demo_config(port, folder / "indicators"), encoding="utf-8")
        keeper = Supervisor(folder)
        noticed, served, codes = [], [], []
        try:
            for done in range(number):
                wait_until(lambda done=done: len(keeper.ready) > done)
                time.sleep(SETTLE_S)
                began = time.monotonic()
                begin(keeper)
                wait_until(lambda done=done: len(keeper.ended) > done)
                cure(keeper)
                wait_until(lambda done=done: len(keeper.ready) > done + 1)
                noticed.append(keeper.ended[done][0] - began)
                served.append(keeper.ready[done + 1] - began)
                codes.append(keeper.ended[done][1])
                print(f"{cause}: noticed {noticed[-1]:.1f} s, served {served[-1]:.1f} s", flush=True)
        finally:
            keeper.close()
    return {
        "rounds": number,
        "exit_codes": sorted(set(codes)),
        "noticed_s": spread(noticed),
        "serves_again_s": spread(served),
    }


def spread(values: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 1), "max": round(max(values), 1)}


def wait_until(is_so: Callable[[], bool], limit_s: float = 300.0) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit("it was not noticed within five minutes")
        time.sleep(0.05)


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with ThreadPoolExecutor(max_workers=len(CAUSES)) as pool:
        found = list(pool.map(lambda cause: rounds(cause, number), CAUSES))
    worst = max(result["serves_again_s"]["max"] for result in found)  # type: ignore[index]
    report = {"goal_s": GOAL_S, "worst_s": worst, **dict(zip(CAUSES, found, strict=True))}
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
