"""Logs: one event, one line of JSON, so that no feed text can forge a second one, nor one event flood."""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

# What every record carries; anything else was given as `extra` and belongs to the event.
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# So often a minute the same kind of event is told; the rest is counted.
MOST_A_MINUTE = 20
MINUTE_S = 60.0

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object on one line, ASCII only."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        event |= {name: value for name, value in vars(record).items() if name not in _PLAIN}
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return json.dumps(event, default=str)


class Floodgate(logging.Filter):
    """Lets so many events of one kind through a minute, and tells with the next how many it held back.

    Of one kind are events of one line of the program, whatever they name.
    """

    def __init__(self, most: int = MOST_A_MINUTE) -> None:
        super().__init__()
        self._most = most
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        kind = (record.pathname, record.lineno)
        with self._lock:
            since, number = self._seen.get(kind, (record.created, 0))
            # Any other minute, an earlier one too: clocks are set back.
            if abs(record.created - since) >= MINUTE_S:
                if number > self._most:
                    record.held_back = number - self._most
                since, number = record.created, 0
            self._seen[kind] = (since, number + 1)
            return number < self._most


def log_to(stream: TextIO = sys.stderr, *, verbose: bool = False) -> None:
    """Send the program's log to a stream; other libraries only from warnings on.

    What nobody caught, in any thread, and warnings of Python's own are events too.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(Floodgate())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("monitor").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    log.critical("ended by an error that nobody caught", exc_info=(kind, error, traceback))


def _uncaught_in_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None:
        name = given.thread.name if given.thread else ""
        told = (given.exc_type, given.exc_value, given.exc_traceback)
        log.critical("a thread was ended by an error", extra={"in_thread": name}, exc_info=told)
