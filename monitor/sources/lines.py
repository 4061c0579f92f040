"""JSON Lines, plain or gzip: one object a line; a broken line is reported and passed over."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from monitor.errors import InputError

MAX_LINE = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """One object of a file, with its line number from 1."""

    number: int
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is no object, and why."""

    number: int
    reason: str


def read_lines(path: Path) -> Iterator[Line | BrokenLine]:
    """The objects of a file, one after another; raises InputError when it cannot be read at all.

    Blank lines are passed over. A compressed file that ends early gives a
    BrokenLine where it does.
    """
    number = 0
    try:
        with _opened(path) as stream:
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    yield BrokenLine(number, f"longer than {MAX_LINE} bytes")
                    while line and not line.endswith(b"\n"):
                        line = stream.readline(MAX_LINE)
                elif line.strip():
                    yield _read(number, line)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield BrokenLine(number + 1, f"the compressed file is broken: {error}")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        is_compressed = stream.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path) if is_compressed else path.open("rb"))


def _read(number: int, line: bytes) -> Line | BrokenLine:
    try:
        value = json.loads(line)
    except UnicodeDecodeError:
        return BrokenLine(number, "not UTF-8")
    except (ValueError, RecursionError) as error:
        return BrokenLine(number, f"no JSON: {error}")
    return Line(number, value) if isinstance(value, dict) else BrokenLine(number, "no object")


def read_moment(text: object) -> datetime | None:
    """An ISO date or time, without a zone in UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def text_of(value: dict[str, Any], name: str) -> str:
    """A field as text, "" where it is missing or no text."""
    found = value.get(name)
    return found if isinstance(found, str) else ""
