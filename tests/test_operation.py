"""A daemon as it is operated: it backs up, gives heartbeats, and a tired person can read how it is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.cli.status_text import status_text
from monitor.cli.words import size
from monitor.services.backup import backups_in
from tests.services.test_heartbeat import listening
from tests.test_daemon import folder as folder  # the fixture
from tests.test_daemon import start, wait_for_entries

ROOT = Path(__file__).parents[1]


def until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def status_of(folder: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "monitor", "--config", str(folder / "config.toml"), "status", "--json"]
    return dict(json.loads(subprocess.check_output(command, cwd=ROOT)))


def test_the_daemon_backs_up_gives_heartbeats_and_says_so(folder: Path) -> None:
    asked: list[str] = []
    with listening(asked) as port:
        (folder / "switch").write_text(f"http://127.0.0.1:{port}/abc")
        (folder / "switch").chmod(0o600)
        config = folder / "config.toml"
        text = config.read_text(encoding="utf-8").replace("allow = [", f'allow = ["127.0.0.1:{port}", ')
        text += '\n[backup]\nfolder = "kept"\n[heartbeat]\nurl_file = "switch"\nevery = "1s"\n'
        config.write_text(text, encoding="utf-8")
        with start(folder) as daemon:
            try:
                wait_for_entries(folder, 14)
                until(lambda: backups_in(folder / "kept"))
                until(lambda: len(asked) >= 2)
                found = status_of(folder)
                daemon.send_signal(signal.SIGTERM)
                _, said = daemon.communicate(timeout=30)
            finally:
                daemon.kill()
    assert daemon.returncode == 0, said
    assert set(asked) == {"/abc"}
    assert len(backups_in(folder / "kept")) == 1
    assert found["backup"] is not None
    assert found["heartbeat"] != ""
    assert f"pid {daemon.pid}" in str(found["daemon"])


STATUS = {
    "at": "2026-11-25T05:00:31.2+00:00",
    "findings": [],
    "daemon": "pid 7 on watch1",
    "clock": "",
    "feeds": {"healthy": 5},
    "troubles": [],
    "entries": 14,
    "signals": 3,
    "mail": {"sent": 1, "failed": 1},
    "mail_refused": [
        {"recipient": "w@example.org", "written": "2026-11-25T04:00:00+00:00", "error": "550 no such user"}
    ],
    "last_digests": {"watch": "2026-11-25T04:00:00+00:00"},
    "unsubscribed": [],
    "backup": {"at": "2026-11-25T03:10:00+00:00", "size": 3 * 2**20},
    "heartbeat": "2026-11-25T04:59:00+00:00",
    "rules": "abc1234",
    "indicators": 205,
    "domains": {"defense": {"level": "Notable", "deepening": 41.2, "note": ""}},
}


def test_a_status_without_trouble_says_so_first() -> None:
    lines = list(status_text(STATUS))
    assert lines[0] == "all is well, 2026-11-25 05:00Z"
    assert "daemon     pid 7 on watch1" in lines
    assert "backup     2026-11-25 03:10Z, 3 MiB" in lines
    assert "  digest   2026-11-25 04:00Z to watch" in lines
    assert "  refused  2026-11-25 04:00Z to w@example.org: 550 no such user" in lines


def test_a_status_with_trouble_says_what_to_do_before_anything_else() -> None:
    mail = {"grade": "FAIL", "name": "mail", "words": "waits since 03:00Z", "fix": "mend the server"}
    feeds = {"grade": "WARN", "name": "feeds", "words": "1 of 5 down or frozen", "fix": "look at it"}
    troubles = [{"health": "down", "id": "wire", "reason": "timeout"}]
    lines = list(status_text(STATUS | {"findings": [mail, feeds], "troubles": troubles}))
    assert lines[:7] == [
        "2 things need somebody, 2026-11-25 05:00Z",
        "FAIL  mail: waits since 03:00Z",
        "      -> mend the server",
        "WARN  feeds: 1 of 5 down or frozen",
        "      down     wire                         timeout",
        "      -> look at it",
        "",
    ]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 bytes"), (1023, "1,023 bytes"), (4096, "4 KiB"), (12 * 2**20, "12 MiB"), (2**34, "16 GiB")],
)
def test_sizes_are_told_in_the_largest_unit_that_says_something(number: int, words: str) -> None:
    assert size(number) == words
