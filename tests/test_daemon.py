"""The daemon as a process: it polls, keeps others out, and ends in good order."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.demo import demo_config, sample_feeds, serve
from monitor.errors import StorageError
from monitor.services.reload import REFUSED, refusal_in
from monitor.storage import entries, meta
from monitor.storage.engine import open_engine, reading
from tests.core.builders import NOON
from tests.services.conftest import write_catalog


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    write_catalog(tmp_path / "indicators")
    with serve(sample_feeds(NOON)) as port:
        text = demo_config(port, tmp_path / "indicators")
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        yield tmp_path


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "monitor", "--config", str(folder / "config.toml"), "run"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])


def wait_for_entries(folder: Path, number: int) -> None:
    engine = open_engine(f"sqlite:///{folder}/demo.db")
    deadline = time.monotonic() + 30
    stored = 0
    while stored < number:
        assert time.monotonic() < deadline, f"only {stored} entries"
        time.sleep(0.1)
        try:
            with reading(engine) as connection:
                stored = entries.count(connection)
        except StorageError:
            continue  # the tables are not there yet
    engine.dispose()


def edit_and_hang_up(folder: Path, daemon: subprocess.Popen[str], old: str, new: str) -> None:
    rule = folder / "indicators" / "defense" / "patrol.toml"
    rule.write_text(rule.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    daemon.send_signal(signal.SIGHUP)


def wait_for_status(folder: Path, words: str, *, gone: bool = False) -> None:
    """Wait until the database tells, or no longer tells, of a refused edit."""
    engine = open_engine(f"sqlite:///{folder}/demo.db")
    deadline = time.monotonic() + 20
    while True:
        with reading(engine) as connection:
            refusal = refusal_in(meta.get(connection, REFUSED))
        if (refusal is None) if gone else (refusal is not None and words in refusal.words):
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    engine.dispose()


def test_it_polls_keeps_others_out_takes_edits_and_ends_on_sigterm(folder: Path) -> None:
    with start(folder) as daemon:
        try:
            wait_for_entries(folder, 14)
            with start(folder) as second:
                _, said = second.communicate(timeout=30)
            assert second.returncode == 3
            assert f"pid {daemon.pid}" in said
            edit_and_hang_up(folder, daemon, "@topic", "@topc")
            wait_for_status(folder, "an edit of the rules is not in force")
            edit_and_hang_up(folder, daemon, "@topc", "@topic")
            wait_for_status(folder, "an edit of the rules is not in force", gone=True)
            started = time.monotonic()
            daemon.send_signal(signal.SIGTERM)
            _, log = daemon.communicate(timeout=30)
            assert time.monotonic() - started < 10
            assert daemon.returncode == 0, log
            assert '"event": "running"' in log
            assert "Traceback" not in log
        finally:
            daemon.kill()


def ignores_hangups(daemon: subprocess.Popen[str]) -> bool:
    status = Path(f"/proc/{daemon.pid}/status").read_text(encoding="ascii")
    ignored = next(line for line in status.splitlines() if line.startswith("SigIgn"))
    return bool(int(ignored.split()[1], 16) & 1 << (signal.SIGHUP - 1))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_reload_asked_for_too_early_ends_nothing(folder: Path) -> None:
    with start(folder) as daemon:
        try:
            deadline = time.monotonic() + 30
            while not ignores_hangups(daemon):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            daemon.send_signal(signal.SIGHUP)
            wait_for_entries(folder, 14)
            assert daemon.poll() is None
        finally:
            daemon.kill()


def test_its_door_tells_of_its_health(folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "config.toml"
    door = f'\n[web]\nport = {port}\nsecret_file = "secret"\n'
    (folder / "secret").write_text("a secret of the tests, long enough", encoding="utf-8")
    (folder / "secret").chmod(0o600)
    config.write_text(config.read_text(encoding="utf-8") + door, encoding="utf-8")
    with start(folder) as daemon:
        try:
            wait_for_entries(folder, 14)
            for path, words in (("healthz", "ok"), ("metrics", "entente_entries_stored")):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
                    assert words in answer.read().decode()
            daemon.send_signal(signal.SIGTERM)
            _, said = daemon.communicate(timeout=20)
        finally:
            daemon.kill()
    assert daemon.returncode == 0
    assert "door open" in said
