"""What the jobs of the daemon do, a method each, in which thread, and when a turn of them shows life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from monitor import app
from monitor.core.progress import Turn
from monitor.failpoints import failpoint
from monitor.jobs import Jobs, Work
from monitor.notifiers import Notifier
from monitor.services.alert import alert_due
from monitor.services.assess import assess
from monitor.services.backup import back_up_due
from monitor.services.compose import compose_due
from monitor.services.context import Context
from monitor.services.deliver import deliver_all
from monitor.services.heartbeat import Ping, beat
from monitor.services.poll import Source, poll_due
from monitor.services.reload import reload, stamp_of
from monitor.services.retain import retain_some

T = TypeVar("T")


class Desk:
    """The context in force; a reload puts another one in its place, and jobs under way keep theirs."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.stamp = stamp_of(context.config.catalog_folder)

    def reload(self, *, always: bool = False) -> None:
        """Take the catalogue on disk when a file of it changed, or when asked to."""
        stamp = stamp_of(self.context.config.catalog_folder)
        if always or stamp != self.stamp:
            self.stamp = stamp
            self.context = reload(self.context, app.now())
            failpoint("rules.swapped")


@dataclass(frozen=True, kw_only=True)
class Works:
    """The jobs and what they work with.

    The database is written in `writer`, mail leaves from `mailer`, a backup is
    copied in `keeper`: one thread each.
    """

    desk: Desk
    notifier: Notifier
    source: Source
    ping: Ping
    jobs: Jobs
    stop: asyncio.Event
    writer: Executor
    mailer: Executor
    keeper: Executor
    _in_flight: set[str] = field(default_factory=set)
    _mail_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _at_mail: asyncio.Lock = field(default_factory=asyncio.Lock)

    def by_name(self) -> Mapping[str, Work]:
        """Every job under the name that its schedule and its pace have."""
        return {
            "poll": self.poll,
            "assess": lambda turn: self._write(turn, assess),
            "compose": lambda turn: self._write(turn, compose_due),
            "alert": self.alert,
            "deliver": self.deliver,
            "retain": self.retain,
            "reload": self.reload,
            "backup": self.backup,
            "heartbeat": self.heartbeat,
        }

    async def poll(self, turn: Turn) -> None:
        await poll_due(
            self.desk.context,
            self.source,
            now=app.now,
            jitter=app.jitter,
            writer=turn.through(self.writer),
            in_flight=self._in_flight,
            on_report=lambda _: turn.step(),
        )

    async def alert(self, turn: Turn) -> None:
        if await self._write(turn, alert_due):
            # What is urgent waits neither for the outbox's next turn, nor the next look for the mail server.
            self.jobs.start("deliver", self.deliver)

    async def deliver(self, turn: Turn) -> None:
        self._mail_wanted.set()
        if self._at_mail.locked():
            return  # the turn under way looks again
        async with self._at_mail:
            while self._mail_wanted.is_set() and not self.stop.is_set():
                self._mail_wanted.clear()
                await _in(self.mailer, partial(self._deliver, turn))

    def _deliver(self, turn: Turn) -> None:
        def stopping() -> bool:
            turn.step()  # asked before every message
            return self.stop.is_set()

        deliver_all(
            self.desk.context,
            self.notifier,
            now=app.now,
            jitter=app.jitter,
            claimant=app.claimant(),
            stopping=stopping,
        )

    async def retain(self, turn: Turn) -> None:
        while await self._write(turn, retain_some) and not self.stop.is_set():
            turn.step()

    async def reload(self, turn: Turn, *, always: bool = False) -> None:
        await _in(turn.through(self.writer), partial(self.desk.reload, always=always))

    async def backup(self, turn: Turn) -> None:
        await _in(self.keeper, partial(back_up_due, self.desk.context, app.now()))

    async def heartbeat(self, turn: Turn) -> None:
        troubles = [trouble.words for trouble in self.jobs.progress.troubles()]
        in_thread = partial(_in, turn.through(self.writer))
        await beat(self.desk.context, self.ping, troubles=troubles, now=app.now, in_thread=in_thread)

    def _write(self, turn: Turn, work: Callable[[Context, datetime], T]) -> Awaitable[T]:
        return _in(turn.through(self.writer), lambda: work(self.desk.context, app.now()))


def _in(executor: Executor, work: Callable[[], T]) -> Awaitable[T]:
    return asyncio.get_running_loop().run_in_executor(executor, work)
