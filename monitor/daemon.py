"""The daemon: a few jobs, one line each, and an orderly end. The only file that knows APScheduler."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from monitor import app
from monitor.notifiers import Notifier
from monitor.services.alert import alert_due
from monitor.services.assess import assess
from monitor.services.compose import compose_due
from monitor.services.context import Context
from monitor.services.deliver import deliver_all
from monitor.services.poll import Source, poll_due
from monitor.services.reload import reload, stamp_of
from monitor.services.retain import retain
from monitor.storage.lock import hold_daemon_lock
from monitor.web.server import make_app, serve

log = logging.getLogger(__name__)

# SIGTERM must end the process within 10 s; work still in hand after this is redone at the next start.
GRACE_S = 8.0

Work = Callable[[], Awaitable[object]]


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


async def run(context: Context, notifier: Notifier) -> bool:
    """Run until SIGTERM or SIGINT; tell whether the work in hand could be finished.

    Raises AlreadyRunning when another daemon holds this database.
    """
    with hold_daemon_lock(context.engine):
        async with app.open_source(context.config) as source:
            return await _serve(Desk(context), notifier, source)


async def _serve(desk: Desk, notifier: Notifier, source: Source) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # One writer: SQLite has one anyway, and so no poll waits for another one's lock.
    writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
    mailer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mailer")
    jobs = Jobs()
    scheduler = _schedule(desk.context, _works(desk, notifier, source, stop, writer, mailer), jobs)
    scheduler.start()
    take = jobs.guarded("reload", lambda: loop.run_in_executor(writer, lambda: desk.reload(always=True)))
    loop.add_signal_handler(signal.SIGHUP, lambda: asyncio.ensure_future(take()))
    context = desk.context
    log.info("running", extra={"feeds": len(context.config.feeds), "rules": context.catalog.revision})
    async with _door(desk, writer):
        await stop.wait()
        log.info("stopping: finishing the work in hand")
        scheduler.shutdown(wait=False)
        return await jobs.finish(GRACE_S)


@asynccontextmanager
async def _door(desk: Desk, writer: ThreadPoolExecutor) -> AsyncIterator[None]:
    """Serve health and the links of mails while the block runs, where the configuration gives a port."""
    web = desk.context.config.web
    if web.port is None:
        yield
        return
    # Of its own, so that health answers while a long job holds the writer.
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="reader") as reader:
        made = make_app(
            lambda: desk.context, secret=web.secret.get().encode(), now=app.now, writer=writer, reader=reader
        )
        async with serve(made, host=web.host, port=web.port):
            log.info("door open", extra={"host": web.host, "port": web.port})
            yield


def _works(
    desk: Desk,
    notifier: Notifier,
    source: Source,
    stop: asyncio.Event,
    writer: ThreadPoolExecutor,
    mailer: ThreadPoolExecutor,
) -> dict[str, Work]:
    loop = asyncio.get_running_loop()
    in_flight: set[str] = set()

    def deliver() -> object:
        return deliver_all(
            desk.context,
            notifier,
            now=app.now,
            jitter=app.jitter,
            claimant=app.claimant(),
            stopping=stop.is_set,
        )

    async def alert() -> None:
        # What is urgent does not wait for the outbox's next turn.
        if await loop.run_in_executor(writer, lambda: alert_due(desk.context, app.now())):
            await loop.run_in_executor(mailer, deliver)

    return {
        "poll": lambda: poll_due(
            desk.context, source, now=app.now, jitter=app.jitter, writer=writer, in_flight=in_flight
        ),
        "assess": lambda: loop.run_in_executor(writer, lambda: assess(desk.context, app.now())),
        "compose": lambda: loop.run_in_executor(writer, lambda: compose_due(desk.context, app.now())),
        "deliver": lambda: loop.run_in_executor(mailer, deliver),
        "alert": alert,
        "retain": lambda: loop.run_in_executor(writer, lambda: retain(desk.context, app.now())),
        "reload": lambda: loop.run_in_executor(writer, desk.reload),
    }


def _schedule(context: Context, works: dict[str, Work], jobs: Jobs) -> AsyncIOScheduler:
    plan = context.config.schedule
    scheduler = AsyncIOScheduler(
        timezone=UTC,
        # What is due is computed from the database, so a late or lost tick loses nothing;
        # APScheduler's own default would drop a tick that is one second late.
        job_defaults={"coalesce": True, "misfire_grace_time": 3600, "max_instances": 1},
    )

    def add(name: str, trigger: IntervalTrigger | CronTrigger, **options: object) -> None:
        scheduler.add_job(jobs.guarded(name, works[name]), trigger, id=name, **options)

    at_once = {"next_run_time": app.now()}
    # Polls overlap: a slow feed must not keep the others from their turn.
    add("poll", IntervalTrigger(seconds=plan.poll_tick.total_seconds()), max_instances=20, **at_once)
    add("assess", IntervalTrigger(seconds=plan.assess_every.total_seconds()))
    add("compose", IntervalTrigger(seconds=plan.poll_tick.total_seconds()), **at_once)
    add("alert", IntervalTrigger(seconds=plan.alert_every.total_seconds()))
    add("deliver", IntervalTrigger(seconds=plan.deliver_every.total_seconds()), **at_once)
    add("reload", IntervalTrigger(seconds=plan.poll_tick.total_seconds()))
    add("retain", CronTrigger(hour=plan.retention_at.hour, minute=plan.retention_at.minute))
    return scheduler


class Jobs:
    """The jobs under way, so that the end can wait for them."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Future[object], str] = {}

    def guarded(self, name: str, work: Work) -> Work:
        """The same work as a job that survives its own errors."""

        async def job() -> None:
            task = asyncio.ensure_future(work())
            self._running[task] = name
            try:
                await task
            except asyncio.CancelledError:
                log.info("%s cut short", name)
            except Exception:  # the last door: a job that fails once must run again
                log.exception("%s failed", name)
            finally:
                del self._running[task]

        return job

    async def finish(self, grace_s: float) -> bool:
        """End polls, which lose nothing, wait for the rest; tell whether all ended in time."""
        for task, name in self._running.items():
            if name == "poll":
                task.cancel()
        if not self._running:
            return True
        _, late = await asyncio.wait(list(self._running), timeout=grace_s)
        if late:
            log.warning("left to the next start: %s", ", ".join(sorted(self._running.values())))
        return not late
