"""The daemon: a few jobs, one line each, and an orderly end. The only file that knows APScheduler."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from monitor import app
from monitor.core.progress import Pace, Progress, Turn
from monitor.errors import DoorError, LeaseLost
from monitor.jobs import BACKUP_TICK_S, PATIENCE_S, Jobs, paces
from monitor.notifiers import Notifier
from monitor.services.clock import Clock, look
from monitor.services.context import Context
from monitor.services.poll import Source
from monitor.services.standby import holding
from monitor.watchdog import EVENT_LOOP, LOOK_EVERY_S, notify, watched
from monitor.web.server import make_app, serve
from monitor.works import Desk, Works

log = logging.getLogger(__name__)

# SIGTERM must end the process within 10 s; work still in hand after this is redone at the next start.
GRACE_S = 8.0
REPLACED = 3  # exit code: another daemon runs on this database
CLOCK_TICK_S = 5.0
CLOCK_IS_SET = timedelta(seconds=2)  # a clock that is only kept right moves by less in a tick
CLOCK_LOOK = timedelta(minutes=1)


async def run(context: Context, notifier: Notifier, *, stand_by: bool = False) -> bool:
    """Run until SIGTERM or SIGINT; tell whether the work in hand could be finished.

    Raises AlreadyRunning when another daemon holds this database; one that
    stands by waits for its turn instead.
    """
    stop, desk = asyncio.Event(), Desk(context)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # a stand-by takes up the rules when its turn comes
    meanwhile = partial(_standing_by, desk) if stand_by else None
    async with holding(context.engine, stop=stop, on_lost=_end_at_once, meanwhile=meanwhile) as is_ours:
        if not is_ours:
            return True
        app.take_up(context)
        desk.reload()
        async with app.open_source(context.config) as source:
            return await _serve(desk, notifier, source, stop, needs_door=not stand_by)


@asynccontextmanager
async def _standing_by(desk: Desk, reason: str) -> AsyncIterator[None]:
    """Serve health while another daemon does the work."""
    log.info("standing by", extra={"reason": reason})
    progress = Progress({EVENT_LOOP: Pace(every_s=LOOK_EVERY_S, patience_s=PATIENCE_S)})
    with _thread("writer") as writer, watched(progress, asyncio.get_running_loop()):
        async with _door(desk, writer, progress, stands_by=reason, is_needed=False):
            notify("READY=1", "STATUS=standing by")
            yield


def _end_at_once(error: LeaseLost) -> None:
    # Whatever was in hand began under a lease that ended, and the database takes none of it.
    log.critical("ending: %s", error)
    notify("STOPPING=1", f"STATUS={error}")
    sys.stderr.flush()
    os._exit(REPLACED)


async def _serve(
    desk: Desk, notifier: Notifier, source: Source, stop: asyncio.Event, *, needs_door: bool
) -> bool:
    loop = asyncio.get_running_loop()
    # One writer: SQLite has one anyway, and so no poll waits for another one's lock.
    writer, mailer, keeper = (_thread(name) for name in ("writer", "mailer", "keeper"))
    context = desk.context
    progress = Progress(paces(context.config))
    jobs = Jobs(progress)
    timekeeper = _Timekeeper(desk, writer)
    async with app.open_heart(context.config) as ping:
        works = Works(
            desk=desk,
            notifier=notifier,
            source=source,
            ping=ping,
            jobs=jobs,
            stop=stop,
            writer=writer,
            mailer=mailer,
            keeper=keeper,
        )
        scheduler = _schedule(context, works, jobs, timekeeper)
        scheduler.start()
        clock = asyncio.ensure_future(timekeeper.watch(scheduler))
        loop.add_signal_handler(signal.SIGHUP, jobs.start, "reload", partial(works.reload, always=True))
        log.info("running", extra={"feeds": len(context.config.feeds), "rules": context.catalog.revision})
        with watched(progress, loop):
            async with _door(desk, writer, progress, is_needed=needs_door):
                notify("READY=1", "STATUS=running")
                await stop.wait()
                log.info("stopping: finishing the work in hand")
                notify("STOPPING=1")
                scheduler.shutdown(wait=False)
                clock.cancel()
                return await jobs.finish(GRACE_S)


def _thread(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


@asynccontextmanager
async def _door(
    desk: Desk, writer: ThreadPoolExecutor, progress: Progress, *, stands_by: str = "", is_needed: bool
) -> AsyncIterator[None]:
    """Serve health and the links of mails while the block runs, where the configuration gives a port.

    Without need a port that is taken, as by another daemon on this machine, is told and done without.
    """
    web = desk.context.config.web
    if web.port is None:
        yield
        return
    # Of its own, so that health answers while a long job holds the writer.
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="reader") as reader:
        made = make_app(
            lambda: desk.context,
            secret=web.secret.get().encode(),
            now=app.now,
            writer=writer,
            reader=reader,
            troubles=progress.troubles,
            stands_by=stands_by,
        )
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(serve(made, host=web.host, port=web.port))
                log.info("door open", extra={"host": web.host, "port": web.port})
            except DoorError as error:
                if is_needed:
                    raise
                log.error("%s", error)
            yield


class _Every(BaseTrigger):  # type: ignore[misc]
    """A turn so long after the last one: APScheduler's own trigger counts every turn of ten years that a
    clock jumped over."""

    def __init__(self, pause: timedelta) -> None:
        self.pause = pause

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now + self.pause


class _Timekeeper:
    """Holds the clock against the time that passed."""

    def __init__(self, desk: Desk, writer: Executor) -> None:
        self._desk = desk
        self._writer = writer
        self._known = (app.now(), app.time_passed())
        self._clock: Clock | None = None
        self._looking = asyncio.Lock()
        self._was_set = False  # since the jobs had their turns anew

    async def is_right(self, turn: Turn) -> bool:
        """Whether the clock may be worked by; a jump is seen here before any job goes by it."""
        async with self._looking:
            now, passed = app.now(), app.time_passed() - self._known[1]
            is_set = abs(now - self._known[0] - passed) > CLOCK_IS_SET
            self._was_set |= is_set
            if self._clock is None or is_set or passed > CLOCK_LOOK:
                since = None if self._clock is None else passed
                self._known = (now, self._known[1] + passed)
                in_writer = partial(asyncio.get_running_loop().run_in_executor, turn.through(self._writer))
                self._clock = await in_writer(look, self._desk.context, now, since)
        return not self._clock.is_wrong

    async def watch(self, scheduler: AsyncIOScheduler) -> None:
        """Give every job its next turn anew when the clock was set.

        Set back, it would keep APScheduler waiting for times that it has shown before;
        set forth and back between two looks, it would be missed but for the jobs, which saw it.
        """
        wall, steady = app.now(), app.time_passed()
        while True:
            await asyncio.sleep(CLOCK_TICK_S)
            # Looked at once: a clock set between two looks would be set unseen.
            now, passed = app.now(), app.time_passed()
            moved = (now - wall) - (passed - steady)
            wall, steady = now, passed
            if self._was_set or abs(moved) > CLOCK_IS_SET:
                self._was_set = False
                for job in scheduler.get_jobs():
                    job.reschedule(job.trigger)


def _schedule(context: Context, works: Works, jobs: Jobs, timekeeper: _Timekeeper) -> AsyncIOScheduler:
    plan = context.config.schedule
    named = works.by_name()
    scheduler = AsyncIOScheduler(
        timezone=UTC,
        # What is due is computed from the database, so a late or lost tick loses nothing;
        # APScheduler's own default would drop a tick that is one second late.
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )

    def add(name: str, trigger: BaseTrigger, **options: object) -> None:
        async def in_time(turn: Turn) -> None:
            if await timekeeper.is_right(turn):
                await named[name](turn)

        scheduler.add_job(jobs.guarded(name, in_time), trigger, id=name, **options)

    at_once = {"next_run_time": app.now()}
    # Polls overlap: a slow feed must not keep the others from their turn.
    add("poll", _Every(plan.poll_tick), max_instances=20, **at_once)
    add("assess", _Every(plan.assess_every))
    add("compose", _Every(plan.poll_tick), **at_once)
    add("alert", _Every(plan.alert_every))
    add("deliver", _Every(plan.deliver_every), **at_once)
    add("reload", _Every(plan.poll_tick))
    add("retain", CronTrigger(hour=plan.retention_at.hour, minute=plan.retention_at.minute))
    add("backup", _Every(timedelta(seconds=BACKUP_TICK_S)), **at_once)
    if context.config.heartbeat.url.get():
        add("heartbeat", _Every(context.config.heartbeat.every), **at_once)
    return scheduler
