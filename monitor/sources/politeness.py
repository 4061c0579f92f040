"""Politeness: few requests at once to one host, and a pause between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class _Host:
    turns: asyncio.Semaphore
    waiting: int = 0
    free_at: float = 0.0  # monotonic seconds


class Politeness:
    """Turns of requests, in all and by host."""

    def __init__(self, *, at_once: int, per_host: int, pause_s: float) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._per_host = per_host
        self._pause_s = pause_s
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at a host; the turn lasts until the block ends.

        The host's turn comes first: a queue before one slow host must not hold
        turns that others could use.
        """
        state = self._hosts.setdefault(host, _Host(asyncio.Semaphore(self._per_host)))
        state.waiting += 1
        try:
            async with state.turns:
                await asyncio.sleep(max(0.0, state.free_at - time.monotonic()))
                async with self._turns:
                    try:
                        yield
                    finally:
                        state.free_at = time.monotonic() + self._pause_s
        finally:
            state.waiting -= 1
            self._forget(host, state)

    def _forget(self, host: str, state: _Host) -> None:
        # Kept while its pause lasts; a hundred thousand idle hosts are dropped as they end.
        if not state.waiting and self._pause_s == 0:
            self._hosts.pop(host, None)
        elif len(self._hosts) > 10_000:
            now = time.monotonic()
            idle = [name for name, other in self._hosts.items() if not other.waiting and other.free_at < now]
            for name in idle:
                del self._hosts[name]
