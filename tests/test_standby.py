"""Daemons that share a database, as processes: one works, one stands by, none works by mistake."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.demo import demo_config, sample_feeds, serve
from monitor.storage.engine import open_engine, reading
from monitor.storage.lease import token
from monitor.storage.lock import holder
from tests.core.builders import NOON
from tests.services.conftest import write_catalog

ROOT = Path(__file__).parents[1]
ON_POSTGRESQL = pytest.mark.parametrize("kind", ["postgresql"])


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class Daemon:
    """`monitor run` on a configuration of its own, and its log."""

    def __init__(
        self, folder: Path, name: str, engine: Engine, feeds: int, *options: str, port: int = 0
    ) -> None:
        self.port = port or free_port()
        text = re.sub(
            r'(?m)^url = "sqlite.*$', f'url = "{engine.url}"', demo_config(feeds, folder / "indicators")
        )
        text += f'\n[web]\nport = {self.port}\nsecret_file = "secret"\n'
        self.config = folder / f"{name}.toml"
        self.config.write_text(text, encoding="utf-8")
        self.log = folder / f"{name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(self.command("run", *options), stderr=log, cwd=ROOT)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "monitor", "--config", str(self.config), *words]

    def waits_to_say(self, words: str) -> None:
        deadline = time.monotonic() + 60
        while words not in (said := self.log.read_text(encoding="utf-8")):
            assert time.monotonic() < deadline, said
            time.sleep(0.05)

    def readiness(self) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def start(engine: Engine, tmp_path: Path) -> Iterator[object]:
    write_catalog(tmp_path / "indicators")
    (tmp_path / "secret").write_text("a secret of the tests, long enough", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    started: list[Daemon] = []
    with serve(sample_feeds(NOON)) as feeds:

        def start(name: str, *options: str, port: int = 0) -> Daemon:
            started.append(Daemon(tmp_path, name, engine, feeds, *options, port=port))
            return started[-1]

        try:
            yield start
        finally:
            for one in started:
                one.process.kill()
                one.process.wait()


@ON_POSTGRESQL
def test_a_stand_by_says_so_waits_and_takes_over_when_the_other_is_killed(start, engine: Engine) -> None:  # type: ignore[no-untyped-def]
    first = start("first")
    first.waits_to_say('"running"')
    second = start("second", "--standby")
    second.waits_to_say('"door open"')
    status, said = second.readiness()
    assert status == 503
    assert f"another daemon runs on this database (pid {first.process.pid} on" in said
    shown = json.loads(subprocess.check_output(second.command("status", "--json"), cwd=ROOT))
    assert shown["daemon"].startswith(f"pid {first.process.pid} on")
    assert '"running"' not in second.log.read_text()
    first.process.kill()
    second.waits_to_say('"running"')
    assert holder(engine).startswith(f"pid {second.process.pid} on")
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(timeout=30) == 0
    assert "Traceback" not in second.log.read_text()


@ON_POSTGRESQL
def test_a_stand_by_on_the_same_port_waits_without_a_door_and_opens_it_when_it_takes_over(start) -> None:  # type: ignore[no-untyped-def]
    first = start("first")
    first.waits_to_say('"running"')
    second = start("second", "--standby", port=first.port)
    second.waits_to_say(f"no door at 127.0.0.1:{first.port}: Address already in use")
    assert second.process.poll() is None
    first.process.kill()
    second.waits_to_say('"door open"')
    assert "Traceback" not in second.log.read_text()


def test_a_daemon_whose_port_is_taken_says_so_and_ends(start) -> None:  # type: ignore[no-untyped-def]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        daemon = start("one", port=port)
        assert daemon.process.wait(timeout=60) == 1
    said = daemon.log.read_text()
    assert f"no door at 127.0.0.1:{port}: Address already in use; choose another [web] port" in said
    assert "Traceback" not in said


@ON_POSTGRESQL
def test_a_holder_that_is_stopped_is_replaced_and_ends_when_it_wakes(start, engine: Engine) -> None:  # type: ignore[no-untyped-def]
    first = start("first")
    first.waits_to_say('"running"')
    second = start("second", "--standby")
    second.waits_to_say('"standing by"')
    first.process.send_signal(signal.SIGSTOP)
    second.waits_to_say('"running"')
    first.process.send_signal(signal.SIGCONT)
    assert first.process.wait(timeout=60) == 3
    assert "another daemon took this database over" in first.log.read_text()
    with reading(engine) as connection:
        assert token(connection) == 2
    assert second.process.poll() is None


def test_without_being_asked_to_a_second_daemon_does_not_wait(start, kind: str) -> None:  # type: ignore[no-untyped-def]
    first = start("first")
    first.waits_to_say('"running"')
    second = start("second")
    assert second.process.wait(timeout=60) == 3
    assert f"pid {first.process.pid} on {socket.gethostname()}" in second.log.read_text()
    first.process.kill()
    first.process.wait()
    third = start("third", *(["--standby"] if kind == "postgresql" else []))
    third.waits_to_say('"running"')


@ON_POSTGRESQL
def test_a_stand_by_ends_on_sigterm_before_its_turn_and_survives_a_sighup(start) -> None:  # type: ignore[no-untyped-def]
    first = start("first")
    first.waits_to_say('"running"')
    second = start("second", "--standby")
    second.waits_to_say('"door open"')
    second.process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert second.process.poll() is None
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(timeout=30) == 0


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_stand_by_needs_postgresql(start) -> None:  # type: ignore[no-untyped-def]
    one = start("one", "--standby")
    assert one.process.wait(timeout=60) == 2
    assert "--standby needs PostgreSQL" in one.log.read_text()


RACE = """
import sys, time
from monitor.errors import AlreadyRunning
from monitor.storage.engine import open_engine
from monitor.storage.lease import hold_lease
engine = open_engine(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    with hold_lease(engine, print):
        print("held", flush=True)
        sys.stdin.readline()
except AlreadyRunning:
    print("refused", flush=True)
"""


@contextmanager
def racing(engine: Engine, number: int) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-c", RACE, engine.url.render_as_string(hide_password=False)]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(number)
    ]
    try:
        yield racers
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate()


def test_of_twenty_at_once_one_holds_the_database(engine: Engine) -> None:
    with racing(engine, 20) as racers:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        said = [racer.stdout.readline().strip() for racer in racers if racer.stdout]
        assert sorted(said) == ["held"] + ["refused"] * 19
        name = holder(engine)
        assert name.startswith(f"pid {racers[said.index('held')].pid} on")


def test_asking_for_the_holder_leaves_no_file(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new.db")
    assert holder(engine) == ""
    assert not (tmp_path / "new.db.lock").exists()
