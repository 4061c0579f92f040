"""The unit and the container file: what they promise is what the program does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.cli import USAGE
from monitor.jobs import PATIENCE_S
from monitor.sources.lookup import MOST_THREADS
from monitor.watchdog import LOOK_EVERY_S

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "packaging" / "entente.service"
CONTAINER = (ROOT / "packaging" / "Containerfile").read_text(encoding="utf-8")
MOST_EXPOSED = 1.5  # of 10, by the measure of systemd-analyze


def directives() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_is_closed_to_what_the_program_does_not_need() -> None:
    unit = directives()
    closed = """NoNewPrivileges ProtectHome PrivateTmp PrivateDevices PrivateUsers ProtectClock
        ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables
        ProtectControlGroups RestrictNamespaces RestrictRealtime RestrictSUIDSGID
        LockPersonality MemoryDenyWriteExecute DynamicUser"""
    assert [name for name in closed.split() if unit.get(name) != ["yes"]] == []
    assert unit["CapabilityBoundingSet"] == unit["AmbientCapabilities"] == [""]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["RestrictAddressFamilies"] == ["AF_INET AF_INET6 AF_UNIX"]
    assert unit["UMask"] == ["0077"]


def test_the_watchdog_waits_longer_than_the_daemon_is_silent() -> None:
    unit = directives()
    assert unit["Type"] == ["notify"]
    assert int(unit["WatchdogSec"][0]) > LOOK_EVERY_S * 2
    # From a hang to a new process: our patience, one look, and the pause before the start.
    assert PATIENCE_S + LOOK_EVERY_S + int(unit["RestartSec"][0]) < 60


def test_only_a_mistake_that_somebody_must_edit_keeps_it_from_starting_again() -> None:
    unit = directives()
    assert unit["Restart"] == ["always"]
    assert unit["RestartPreventExitStatus"] == [str(USAGE)]


def test_the_unit_allows_every_thread_that_a_look_up_may_hold() -> None:
    (tasks,) = map(int, directives()["TasksMax"])
    # Beside them: the daemon's own threads and the parser's workers.
    assert tasks >= MOST_THREADS + 128


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_calls_the_unit_safe() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for entente.service: ([\d.]+)", said)
    assert found, said[-500:]
    assert float(found[1]) <= MOST_EXPOSED


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_knows_every_line_of_the_unit() -> None:
    command = ["systemd-analyze", "verify", "--man=no", str(UNIT)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    # The program is not installed where the unit expects it, unless it is.
    told = [line for line in said.splitlines() if "entente" in line and "is not executable" not in line]
    assert told == []


def test_the_container_installs_locked_files_and_runs_as_nobody_special() -> None:
    assert "--require-hashes --requirement /src/requirements.lock" in CONTAINER
    assert re.search(r"^USER 10001$", CONTAINER, re.MULTILINE)
    assert "/healthz" in CONTAINER
    for line in re.findall(r"^COPY (?!--from)(.*) /\S+$", CONTAINER, re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists(), source
