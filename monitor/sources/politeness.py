"""Politeness: few requests at once to one host, a pause between them, and none before it is wanted again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

# A fetch that takes longer than this leaves its turn to others: slow servers must not be able to
# hold all turns. So many at most wait on the side, for each of them holds a socket.
PATIENCE_S = 2.0
ASIDE_PER_TURN = 4


@dataclass(slots=True)
class _Host:
    turns: asyncio.Semaphore
    waiting: int = 0
    free_at: float = 0.0  # monotonic seconds
    closed_until: float = 0.0


@dataclass(slots=True)
class _Turn:
    is_aside: bool = False


class Politeness:
    """Turns of requests, in all and by host."""

    def __init__(
        self, *, at_once: int, per_host: int, pause_s: float, patience_s: float = PATIENCE_S
    ) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._per_host = per_host
        self._pause_s = pause_s
        self._patience_s = patience_s
        self._most_aside = ASIDE_PER_TURN * at_once
        self._aside = 0
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at a host; the turn lasts until the block ends.

        The host's turn comes first: a queue before one slow host must not hold
        turns that others could use.
        """
        state = self._host(host)
        state.waiting += 1
        try:
            async with state.turns:
                await asyncio.sleep(max(0.0, state.free_at - time.monotonic()))
                async with self._one_of_all():
                    try:
                        yield
                    finally:
                        state.free_at = time.monotonic() + self._pause_s
        finally:
            state.waiting -= 1
            self._forget(host, state)

    def close(self, host: str, wait: timedelta) -> None:
        """Note that a host wants no request for a while."""
        self._host(host).closed_until = time.monotonic() + wait.total_seconds()

    def closed_for(self, host: str) -> timedelta:
        """How long a host still wants no request; nothing where it never said so."""
        state = self._hosts.get(host)
        return timedelta(seconds=max(0.0, state.closed_until - time.monotonic() if state else 0.0))

    @asynccontextmanager
    async def _one_of_all(self) -> AsyncIterator[None]:
        turn = _Turn()
        await self._turns.acquire()
        timer = asyncio.get_running_loop().call_later(self._patience_s, self._step_aside, turn)
        try:
            yield
        finally:
            timer.cancel()
            if turn.is_aside:
                self._aside -= 1
            else:
                self._turns.release()

    def _step_aside(self, turn: _Turn) -> None:
        if self._aside < self._most_aside:
            self._aside += 1
            turn.is_aside = True
            self._turns.release()

    def _host(self, host: str) -> _Host:
        return self._hosts.setdefault(host, _Host(asyncio.Semaphore(self._per_host)))

    def _forget(self, host: str, state: _Host) -> None:
        # Kept while its pause lasts; a hundred thousand idle hosts are dropped as they end.
        now = time.monotonic()
        if not state.waiting and self._pause_s == 0 and state.closed_until < now:
            self._hosts.pop(host, None)
        elif len(self._hosts) > 10_000:
            idle = [
                name
                for name, other in self._hosts.items()
                if not other.waiting and max(other.free_at, other.closed_until) < now
            ]
            for name in idle:
                del self._hosts[name]
