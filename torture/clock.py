"""A clock of our own: it runs faster than the real one and can be set, while daemons read it from a file."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

_FORMAT = struct.Struct("<ddd")  # rate, a real time, our time at that moment


@dataclass
class Clock:
    """The writing end. `segments` says when which reading began, `back` which times were lived twice."""

    path: Path
    rate: float
    segments: list[tuple[float, float]] = field(default_factory=list)  # real, ours
    back: list[tuple[float, float]] = field(default_factory=list)  # from, back to

    def begin(self, at: datetime) -> None:
        """Start at a time."""
        self._set(time.time(), at.timestamp())

    def step(self, seconds: float) -> None:
        """Set the clock forward or, with a negative number, back."""
        real = time.time()
        before = self.at(real)
        if seconds < 0:
            self.back.append((before, before + seconds))
        self._set(real, before + seconds)

    def now(self) -> datetime:
        """Our time."""
        return datetime.fromtimestamp(self.at(time.time()), UTC)

    def at(self, real: float) -> float:
        """Our time at a real one, both in seconds since 1970."""
        began, ours = next(
            one for one in reversed(self.segments) if one[0] <= real or one is self.segments[0]
        )
        return ours + self.rate * (real - began)

    def real_spans(self, since: float, until: float) -> list[tuple[float, float]]:
        """The stretches of real time in which our clock stood within [since, until)."""
        ends = [began for began, _ in self.segments[1:]] + [time.time()]
        found = []
        for (began, ours), end in zip(self.segments, ends, strict=True):
            first = max(began, began + (since - ours) / self.rate)
            last = min(end, began + (until - ours) / self.rate)
            if first < last:
                found.append((first, last))
        return found

    def lived_twice(self, at: float) -> bool:
        """Whether the clock stood at this time more than once."""
        return any(low <= at <= high for high, low in self.back)

    def _set(self, real: float, ours: float) -> None:
        self.segments.append((real, ours))
        handle = os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600)
        os.pwrite(handle, _FORMAT.pack(self.rate, real, ours), 0)
        os.close(handle)


def reader(path: Path) -> Callable[[], datetime]:
    """What a daemon takes for the time."""
    handle = os.open(path, os.O_RDONLY)

    def now() -> datetime:
        rate, real, ours = _FORMAT.unpack(os.pread(handle, _FORMAT.size, 0))
        return datetime.fromtimestamp(ours + rate * (time.time() - real), UTC)

    return now
