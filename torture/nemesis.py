"""What goes wrong: processes killed, stopped, doubled; clocks set, disks filled, databases crashed."""

from __future__ import annotations

import asyncio
import resource
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from torture.clock import Clock
from torture.daemon import Launch, Life
from torture.databases import Database
from torture.plan import FAILPOINTS, FIRST_FAILPOINTS, HOUR, ONLY_AT_FIRST, RATE, Plan
from torture.sink import Sink

STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 15.0
TAKES_OVER_WITHIN_S = 10.0
ANOTHER_DAEMON = 3
CRASH = "database server crashed"
TAKE_OVER = "killed with a stand-by"
Act = Callable[["Nemesis", Life], Awaitable[None]]


@dataclass(kw_only=True)
class Nemesis:
    """The faults of one round, and what it saw of the daemon's lives."""

    seed: int
    plan: Plan
    launch: Launch
    database: Database
    clock: Clock
    sink: Sink
    probe: Callable[[Life], bool]  # called with the daemon dead; whether to go on
    whole: asyncio.Lock  # free while the rules on disk can be loaded
    lives: list[Life] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[float, float, str]] = field(default_factory=list)  # real, of the database
    broken: list[str] = field(default_factory=list)  # what must not happen, in words

    def __post_init__(self) -> None:
        self._random = Random(f"{self.seed} nemesis")
        first = list(FIRST_FAILPOINTS)
        later = [f"{name}:1" for name in FAILPOINTS if f"{name}:1" not in first]
        latest = [f"{name}:{n}" for name in FAILPOINTS for n in (2, 7)]
        for points in (first, later, latest):
            self._random.shuffle(points)
        self._points = [ONLY_AT_FIRST, *first, *later, *latest]

    async def run(self, until: float) -> None:
        """One life after another until a real time; the last one is dead at the end."""
        while time.time() < until:
            if self._points and (not self.lives or self._random.random() < self.plan.failpoint_share):
                await self._life(self._points.pop(0))
            else:
                await self._life("")
            if not self.probe(self.lives[-1]):
                return

    async def _life(self, failpoint: str) -> None:
        life = await self.start(failpoint)
        self.lives.append(life)
        if failpoint:
            await self._until_failpoint(life, failpoint)
            return
        delay = self._random.expovariate(1 / self.plan.life)
        # One in five is killed somewhere in its start.
        if self._random.random() < 0.2 and await life.wait(self._random.random() * 1.5):
            self.broken.append(f"the daemon ended by itself with code {life.code}")
            return
        if self._random.random() >= 0.2 and await life.wait_running(STARTS_WITHIN_S):
            acts = self._possible()
            act = self._random.choices(list(acts), [share for share, _ in acts.values()])[0]
            await asyncio.sleep(delay / 2)
            await self._do(act, life)
            await asyncio.sleep(delay / 2)
        await self._kill(self.lives[-1])

    def _possible(self) -> dict[str, tuple[int, Act]]:
        absent = [*[TAKE_OVER] * self.database.is_sqlite, *[CRASH] * (self.database.server is None)]
        return {name: act for name, act in ACTS.items() if name not in absent}

    async def start(self, failpoint: str = "", *options: str) -> Life:
        """Start a daemon, with whole rules on disk for as long as it loads them."""
        await self.whole.acquire()
        life = await self.launch.start(failpoint, *options)

        async def loaded() -> None:
            await life.wait_running(STARTS_WITHIN_S)
            self.whole.release()

        self._loading = asyncio.create_task(loaded())
        return life

    def hang_up(self) -> None:
        """Ask the daemon of now to look at the rules, if it runs: at its start and end that would end it."""
        life = self.lives[-1] if self.lives else None
        if life is not None and life.ready.is_set() and life.told_to_end is None:
            life.send(signal.SIGHUP)

    async def _until_failpoint(self, life: Life, failpoint: str) -> None:
        if await life.wait_running(STARTS_WITHIN_S):
            if failpoint.startswith("rules.swapped"):
                life.send(signal.SIGHUP)
            # Digests are an hour of our clock apart.
            patience = 1.1 * HOUR / RATE if failpoint.startswith("digest") else self.plan.failpoint_within
            await life.wait(patience)
        if life.is_over and life.code == -signal.SIGKILL:
            self.hits[failpoint] += 1
            self.acts["kill at a failpoint"] += 1
        else:
            await self._kill(life)

    async def _kill(self, life: Life) -> None:
        if life.is_over:
            if life.code not in (0, -signal.SIGKILL):
                self.broken.append(f"the daemon ended by itself with code {life.code}")
            return
        life.notice_memory()
        await life.kill()
        self.acts["kill at random"] += 1

    async def _do(self, act: str, life: Life) -> None:
        _, work = ACTS[act]
        if life.is_over:
            return
        self.acts[act] += 1
        await work(self, life)

    async def _nothing(self, life: Life) -> None:
        pass

    async def _stop(self, life: Life) -> None:
        began = time.time()
        life.send(signal.SIGSTOP)
        await asyncio.sleep(self._random.uniform(0.3, self.plan.pause_longest))
        life.send(signal.SIGCONT)
        life.stopped.append((began, time.time()))
        await asyncio.sleep(0.3)

    async def _terminate(self, life: Life) -> None:
        life.notice_memory()
        life.send(signal.SIGTERM)
        if not await life.wait(ENDS_WITHIN_S):
            self.broken.append("the daemon did not end on SIGTERM")
        elif life.code != 0:
            self.broken.append(f"the daemon ended on SIGTERM with code {life.code}")

    async def _step(self, life: Life) -> None:
        self.clock.step(self._random.choice((HOUR, -HOUR, 0.4 * HOUR, -0.4 * HOUR)))
        await asyncio.sleep(0.5)

    async def _lock(self, life: Life) -> None:
        began = time.time()
        with suppress(Exception), self.database.locked():
            await asyncio.sleep(self._random.uniform(0.2, self.plan.lock_longest))
        self.faults.append((began, time.time(), "lock"))

    async def _fill(self, life: Life) -> None:
        began = time.time()
        limit = resource.prlimit(life.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(life.pid, resource.RLIMIT_FSIZE, (32 * 1024, limit[1]))
        await asyncio.sleep(self._random.uniform(0.5, 2))
        with suppress(ProcessLookupError):
            resource.prlimit(life.pid, resource.RLIMIT_FSIZE, limit)
        self.faults.append((began, time.time(), "disk full"))

    async def _mail_off(self, life: Life) -> None:
        self.sink.is_off = True
        await asyncio.sleep(self._random.uniform(0.5, 2))
        self.sink.is_off = False

    async def _second(self, life: Life) -> None:
        second = await self.start()
        if not await second.wait(STARTS_WITHIN_S):
            self.broken.append("a second daemon ran beside the first")
            await second.kill()
        elif second.code != ANOTHER_DAEMON and not life.is_over:
            self.broken.append(f"a second daemon ended with code {second.code}, not {ANOTHER_DAEMON}")

    async def _take_over(self, life: Life) -> None:
        heir = await self.start("", "--standby")
        if not await heir.wait_standing_by(STARTS_WITHIN_S):
            self.broken.append(f"a stand-by did not stand by: {heir.code}")
            return await heir.kill()
        await self._kill(life)
        self.probe(life)
        self.lives.append(heir)
        if not await heir.wait_running(TAKES_OVER_WITHIN_S):
            self.broken.append(f"a stand-by did not take over in {TAKES_OVER_WITHIN_S:g} s: {heir.code}")
        return None

    async def _end_backends(self, life: Life) -> None:
        if self.database.is_sqlite:
            return await self._fill(life)
        began = time.time()
        for _ in range(3):
            self.database.end_backends()
            await asyncio.sleep(0.3)
        self.faults.append((began, time.time(), "backends ended"))
        return None

    async def _crash_server(self, life: Life) -> None:
        server = self.database.server
        assert server is not None
        began = time.time()
        await asyncio.to_thread(server.stop, "immediate")
        await asyncio.sleep(self._random.uniform(0.1, 1))
        await asyncio.to_thread(server.start)
        self.faults.append((began, time.time(), "server crashed"))


# Each with its share of the lives that are killed at random.
ACTS: dict[str, tuple[int, Act]] = {
    "nothing more": (40, Nemesis._nothing),
    "SIGSTOP": (10, Nemesis._stop),
    "SIGTERM": (10, Nemesis._terminate),
    "clock set": (10, Nemesis._step),
    "database locked": (7, Nemesis._lock),
    "disk full or backends ended": (8, Nemesis._end_backends),
    "mail server away": (6, Nemesis._mail_off),
    "second daemon": (6, Nemesis._second),
    TAKE_OVER: (6, Nemesis._take_over),
    CRASH: (4, Nemesis._crash_server),
}
