"""Whether every loop of the daemon moves: each tells when a turn of it begins, goes on and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

# A loop whose every turn fails for this long does no work, though it moves.
FAILS_FOR_S = 900.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a loop moves, in seconds: how often its turns begin, and how long one may show no sign of life."""

    every_s: float
    patience_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A loop that does no work: it hangs, or its turns only fail."""

    loop: str
    hangs: bool
    for_s: float

    @property
    def words(self) -> str:
        """One line for the operator."""
        what = "shows no sign of life" if self.hangs else "does nothing but fail"
        return f"{self.loop} {what} for {self.for_s:.0f} s"


class Turn:
    """One turn of a loop, which says that it is alive."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.seen = progress.awake_s
        self.queued = 0

    def step(self) -> None:
        """Say that the turn goes on; a turn of many steps does so at each."""
        self.seen = self._progress.awake_s

    def through(self, executor: Executor) -> Executor:
        """The executor, in whose queue this turn grows no older as long as the queue moves."""
        return _Queue(executor, self, self._progress)


@dataclass(slots=True)
class _Loop:
    pace: Pace
    seen: float = 0.0
    done: float = 0.0
    turns: set[Turn] = field(default_factory=set)


class Progress:
    """The loops of one daemon, and how long it has been awake.

    Time is what `pass_time` was told of: a process that was stopped, or a machine
    that slept, did not hang in between. Several threads may use it.
    """

    def __init__(self, paces: Mapping[str, Pace]) -> None:
        self.awake_s = 0.0
        self._queue_moved = 0.0
        self._loops = {name: _Loop(pace) for name, pace in paces.items()}
        self._lock = Lock()

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass."""
        self.awake_s += seconds

    @contextmanager
    def turn(self, name: str) -> Iterator[Turn]:
        """One turn of a loop, which may overlap others of it; an error that leaves it makes it a failure."""
        loop, turn = self._loops[name], Turn(self)
        with self._lock:
            loop.turns.add(turn)
        try:
            yield turn
            loop.done = self.awake_s
        finally:
            with self._lock:
                loop.turns.discard(turn)
                loop.seen = self.awake_s

    def queued(self, turn: Turn, number: int) -> None:
        """Note that so many more pieces of a turn's work wait in a queue, or that one of them is done."""
        with self._lock:
            turn.queued += number
            if number < 0:
                self._queue_moved = self.awake_s

    def troubles(self) -> list[Trouble]:
        """What does not move or only fails, in the order of the loops."""
        with self._lock:
            found = [self._trouble(name, loop) for name, loop in self._loops.items()]
        return [trouble for trouble in found if trouble]

    def _trouble(self, name: str, loop: _Loop) -> Trouble | None:
        pace = loop.pace
        if loop.turns:
            silent = self.awake_s - min(self._seen(turn) for turn in loop.turns)
            allowed = pace.patience_s
        else:
            silent, allowed = self.awake_s - loop.seen, pace.every_s + pace.patience_s
        if silent > allowed:
            return Trouble(loop=name, hangs=True, for_s=silent)
        idle = self.awake_s - loop.done
        if idle > max(FAILS_FOR_S, 3 * pace.every_s):
            return Trouble(loop=name, hangs=False, for_s=idle)
        return None

    def _seen(self, turn: Turn) -> float:
        return max(turn.seen, self._queue_moved) if turn.queued else turn.seen


class _Queue(Executor):
    """Hands work on, and counts what waits."""

    def __init__(self, executor: Executor, turn: Turn, progress: Progress) -> None:
        self._executor = executor
        self._turn = turn
        self._progress = progress

    def submit(self, fn: Callable[..., T], /, *args: object, **kwargs: object) -> Future[T]:
        self._progress.queued(self._turn, 1)
        future = self._executor.submit(fn, *args, **kwargs)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, _: Future[T]) -> None:
        self._turn.step()
        self._progress.queued(self._turn, -1)
