"""Standing by: the turn of a second daemon comes when the first one is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager, suppress

from sqlalchemy import Engine

from monitor.errors import AlreadyRunning, StorageError
from monitor.storage.lease import OnLost, Rival, hold_lease

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
# Looks in a row at which the other daemon shows no sign of life: it shows one every two seconds.
PATIENCE = 15

# What is done while we stand by, given why we do.
Meanwhile = Callable[[str], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def holding(
    engine: Engine, *, stop: asyncio.Event, on_lost: OnLost, meanwhile: Meanwhile | None = None
) -> AsyncIterator[bool]:
    """Hold the database for one daemon; gives False when `stop` came before our turn.

    Without `meanwhile` AlreadyRunning is raised where another daemon holds it.
    With it we wait for our turn, and end the sessions of a holder that shows
    no sign of life. `on_lost` is told when another daemon takes over from us.
    """
    rival = Rival(engine, PATIENCE)
    with ExitStack() as held:
        async with AsyncExitStack() as waiting:
            is_waiting = False
            while not stop.is_set():
                try:
                    await asyncio.to_thread(held.enter_context, hold_lease(engine, on_lost))
                    break
                except StorageError as error:
                    is_held = isinstance(error, AlreadyRunning)
                    if meanwhile is None or not (is_held or is_waiting):
                        raise
                    if not is_waiting:
                        await waiting.enter_async_context(meanwhile(str(error)))
                        is_waiting = True
                await _look(rival)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
        yield not stop.is_set()


async def _look(rival: Rival) -> None:
    try:
        await asyncio.to_thread(rival.look)
    except StorageError as error:
        log.warning("the daemon that holds the database cannot be looked at: %s", error)
