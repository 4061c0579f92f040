"""The jobs of the daemon: each survives its own errors, and tells whether it moves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from monitor.config import Config
from monitor.core.progress import Pace, Progress, Turn
from monitor.watchdog import EVENT_LOOP, LOOK_EVERY_S

log = logging.getLogger(__name__)

Work = Callable[[Turn], Awaitable[object]]
Job = Callable[[], Awaitable[None]]

PATIENCE_S = 45.0  # with a turn that shows no sign of life: noticed and started anew within 90 s
BACKUP_PATIENCE_S = 3600.0  # a copy of the whole database is one step
BACKUP_TICK_S = 600.0  # one that fails is a copy of the whole database each time
SMTP_FINAL_REPLY_S = 600.0


def paces(config: Config) -> dict[str, Pace]:
    """How every loop of the daemon must move to count as alive."""
    plan, fetch, smtp = config.schedule, config.fetch, config.mail.smtp
    tick = plan.poll_tick.total_seconds()
    # The deadline of a fetch, its wait for a turn at the host, and half as much for the parser.
    poll = max(PATIENCE_S, (fetch.total + fetch.host_pause).total_seconds() + PATIENCE_S / 2)
    # A mail server may think about its last reply for ten minutes; other replies come before that.
    mail = SMTP_FINAL_REPLY_S + 4 * smtp.timeout.total_seconds() if smtp else PATIENCE_S
    found = {
        EVENT_LOOP: Pace(every_s=LOOK_EVERY_S, patience_s=PATIENCE_S),
        "poll": Pace(every_s=tick, patience_s=poll),
        "assess": Pace(every_s=plan.assess_every.total_seconds(), patience_s=PATIENCE_S),
        "compose": Pace(every_s=tick, patience_s=PATIENCE_S),
        "alert": Pace(every_s=plan.alert_every.total_seconds(), patience_s=PATIENCE_S),
        "deliver": Pace(every_s=plan.deliver_every.total_seconds(), patience_s=mail),
        "reload": Pace(every_s=tick, patience_s=PATIENCE_S),
        "retain": Pace(every_s=86_400, patience_s=PATIENCE_S),
        "backup": Pace(every_s=BACKUP_TICK_S, patience_s=BACKUP_PATIENCE_S),
    }
    if config.heartbeat.url.get():
        found["heartbeat"] = Pace(every_s=config.heartbeat.every.total_seconds(), patience_s=poll)
    return found


class Jobs:
    """The jobs under way, so that the end can wait for them."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._running: dict[asyncio.Future[object], str] = {}
        self._started: set[asyncio.Future[None]] = set()  # the event loop alone would let them be collected

    def guarded(self, name: str, work: Work) -> Job:
        """The same work as a job that survives its own errors."""

        async def job() -> None:
            try:
                with self.progress.turn(name) as turn:
                    task = asyncio.ensure_future(work(turn))
                    self._running[task] = name
                    try:
                        await task
                    finally:
                        del self._running[task]
            except asyncio.CancelledError:
                log.info("%s cut short", name)
            except Exception:  # the last door: a job that fails once must run again
                log.exception("%s failed", name)

        return job

    def start(self, name: str, work: Work) -> None:
        """Begin a turn of a job now, beside its schedule."""
        task = asyncio.ensure_future(self.guarded(name, work)())
        self._started.add(task)
        task.add_done_callback(self._started.discard)

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
