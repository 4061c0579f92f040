"""A whole daemon full of secrets: none shows in its log, health, metrics, arguments, or in a command."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from monitor.demo import demo_config, sample_feeds, serve
from tests.cli.test_doctor import in_a_thread
from tests.core.builders import NOON
from tests.notifiers.servers import Script, scripted_server
from tests.services.conftest import write_catalog

ROOT = Path(__file__).parents[1]
PASSWORD = "canary-password-7f3a"
DATABASE = "canary-database-7f3a"
LINKS = "canary-secret-of-links-7f3a"
SWITCH = "canary-switch-7f3a"
TOKEN = "canary-token-7f3a"
CANARIES = (PASSWORD, DATABASE, LINKS, SWITCH, TOKEN)

CONFIG = """
[storage]
url_env = "STORE"
[schedule]
poll_tick = "1s"
deliver_every = "1s"
assess_every = "2s"
[web]
port = {door}
secret_env = "LINKS"
public_url = "https://watch.example.org"
[heartbeat]
url_env = "SWITCH"
every = "1s"
[mail]
from_address = "entente@example.org"
notifier = "smtp"
[mail.smtp]
host = "127.0.0.1"
port = {mail}
security = "starttls"
username = "entente"
password_file = "password"
"""
# Feeds behind a token that fail in different ways.
FEEDS = """
[[feed]]
id = "lost"
url = "http://127.0.0.1:{port}/lost?token={token}"
[[feed]]
id = "refused"
url = "http://127.0.0.1:1/feed?token={token}"
[[feed]]
id = "unknown"
url = "http://unknown.invalid/feed?token={token}"
[[feed]]
id = "private"
url = "http://169.254.169.254/feed?token={token}"
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def database_url(server: str) -> str:
    """The server's address with a password that it does not ask for."""
    url = make_url(server)
    return url.set(username=url.username or "root", password=DATABASE).render_as_string(hide_password=False)


@pytest.fixture
def environ(migrated_postgresql_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "STORE": database_url(migrated_postgresql_url),
        "LINKS": LINKS,
        "SWITCH": f"http://127.0.0.1:1/{SWITCH}",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    write_catalog(tmp_path / "indicators")
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)
    script = Script({"EHLO": ["250-mail.test", "250-STARTTLS", "250 AUTH PLAIN"], "STAR": ["454 not now"]})
    with serve(sample_feeds(NOON)) as port, in_a_thread(scripted_server(script)) as mail:
        demo = demo_config(port, tmp_path / "indicators").replace(
            "127.0.0.1:", '127.0.0.1:1", "127.0.0.1:', 1
        )
        start, end = demo.index("[mail]"), demo.index("[[recipient]]")
        ours = CONFIG.format(door=free_port(), mail=mail)
        rest = demo[:start].replace('[storage]\nurl = "sqlite:///demo.db"\n', "") + ours + demo[end:]
        (tmp_path / "config.toml").write_text(rest + FEEDS.format(port=port, token=TOKEN), encoding="utf-8")
        yield tmp_path


def told_by(folder: Path, environ: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "monitor", "--config", str(folder / "config.toml"), *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr
    return f"$ {' '.join(arguments)}\n{ended.stdout}{ended.stderr}"


def read(port: int, path: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


def arguments_of_all_processes() -> str:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            continue  # it ended
    return "\n".join(found)


def test_no_secret_is_told_by_any_part_of_the_program(folder: Path, environ: dict[str, str]) -> None:
    config = (folder / "config.toml").read_text(encoding="utf-8")
    door = int(config.split("[web]\nport = ")[1].split()[0])
    told = [told_by(folder, environ, "digest", "send")]
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "monitor", "--config", str(folder / "config.toml"), "run", "--verbose"],
            cwd=ROOT,
            env=environ,
            stderr=log,
            stdout=log,
        )
    try:
        wait_for(folder / "log", "door open", "no heartbeat")
        time.sleep(2)  # some turns of every loop
        told += [read(door, path) for path in ("/metrics", "/readyz", "/healthz", f"/a/{LINKS}", "/nothing")]
        told += [arguments_of_all_processes()]
        commands = ("status", "feeds list", "doctor")
        told += [told_by(folder, environ, *command.split()) for command in commands]
        told += [told_by(folder, environ, "backup", "--to", str(folder / "kept"))]
        lost = f"postgresql://u:{DATABASE}@127.0.0.1:1/x"
        told += [told_by(folder, {**environ, "STORE": lost}, "status")]
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=30) == 0
    finally:
        daemon.kill()
        daemon.wait()
    lines = (folder / "log").read_text(encoding="utf-8").splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    told += lines
    everything = "\n".join(told)
    # The parts did speak of what they must not tell.
    for words in ("no heartbeat", "454 not now", "lost", "http error", "entente_mails", "FAIL  mail"):
        assert words in everything, words
    for canary in CANARIES:
        assert canary not in everything


def wait_for(log: Path, *words: str) -> None:
    deadline = time.monotonic() + 60
    while any(word not in log.read_text(encoding="utf-8") for word in words):
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.1)
