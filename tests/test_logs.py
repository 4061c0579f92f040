"""The log of a real process: a line of JSON an event, no flood, and no error untold."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from monitor.logs import MINUTE_S, MOST_A_MINUTE, Floodgate, log_to

log = logging.getLogger("monitor.test")


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What was logged, each line read as JSON."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    log_to(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    logging.getLogger("monitor").setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    "hostile",
    ["one\ntwo", '"},{"level":"critical"', "\x1b[31mred", "\u2028\u2029\x85", "мир 和平", "\ud800"],
)
def test_one_event_is_one_line_whatever_stands_in_it(
    lines: Callable[[], list[dict[str, Any]]], hostile: str
) -> None:
    log.info("polled %s", hostile, extra={"title": hostile})
    (event,) = lines()
    assert (event["event"], event["title"], event["level"]) == (f"polled {hostile}", hostile, "info")


def test_a_flood_of_one_kind_is_held_back_and_counted(lines: Callable[[], list[dict[str, Any]]]) -> None:
    for number in range(10_000):
        log.warning("bad entry %s", number)
    log.warning("another kind")
    events = lines()
    assert len(events) == MOST_A_MINUTE + 1
    assert events[-1]["event"] == "another kind"


def record(at: float, line: int = 1) -> logging.LogRecord:
    made = logging.LogRecord("monitor", logging.INFO, "file.py", line, "text", None, None)
    made.created = at
    return made


def test_the_next_minute_tells_how_many_were_held_back() -> None:
    gate = Floodgate(most=3)
    assert [gate.filter(record(100.0)) for _ in range(5)] == [True] * 3 + [False] * 2
    assert gate.filter(record(100.0, line=2))
    later = record(100.0 + MINUTE_S)
    assert gate.filter(later)
    assert later.held_back == 2  # type: ignore[attr-defined]


def test_a_clock_that_is_set_back_holds_nothing_back_for_long() -> None:
    gate = Floodgate(most=1)
    assert gate.filter(record(1e9))
    assert not gate.filter(record(1e9))
    assert gate.filter(record(1000.0))


def test_what_a_thread_dies_of_is_an_event(lines: Callable[[], list[dict[str, Any]]]) -> None:
    thread = threading.Thread(target=lambda: 1 / 0, name="worker")
    thread.start()
    thread.join()
    (event,) = lines()
    assert (event["level"], event["in_thread"]) == ("critical", "worker")
    assert "ZeroDivisionError" in event["traceback"]


def test_warnings_of_python_are_events(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    (event,) = lines()
    assert "DeprecationWarning: old" in event["event"]


def test_what_ends_the_process_is_an_event() -> None:
    text = "from monitor.logs import log_to\nlog_to()\nraise RuntimeError('lost\\nhere')"
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    (event,) = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (event["level"], "RuntimeError" in event["traceback"]) == ("critical", True)
