"""Lives of the daemon under test: started, watched by its log, ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAST_WORDS_S = 0.2


@dataclass(kw_only=True)
class Life:
    """One process of the daemon, from its start to its end; times are real seconds."""

    failpoint: str
    began: float = field(default_factory=time.time)
    pid: int = 0
    running: float | None = None  # when its log said so
    told_to_end: float | None = None  # by SIGTERM
    ended: float | None = None
    code: int | None = None
    peak_mb: float = 0.0
    stopped: list[tuple[float, float]] = field(default_factory=list)  # SIGSTOP to SIGCONT
    log: list[tuple[float, dict[str, object]]] = field(default_factory=list)  # warnings and worse
    stray: list[str] = field(default_factory=list)  # lines that are no event
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    stands_by: asyncio.Event = field(default_factory=asyncio.Event)
    _watch: asyncio.Task[None] | None = None

    async def wait(self, timeout_s: float) -> bool:
        """Wait for its end; whether it came in time."""
        assert self._watch is not None
        done, _ = await asyncio.wait([self._watch], timeout=timeout_s)
        return bool(done)

    async def wait_running(self, timeout_s: float) -> bool:
        """Wait until it runs; False when it ended before, or takes longer."""
        return await self._wait_until(self.ready, timeout_s)

    async def wait_standing_by(self, timeout_s: float) -> bool:
        """Wait until it stands by; False when it ended before, or takes longer."""
        return await self._wait_until(self.stands_by, timeout_s)

    async def _wait_until(self, said: asyncio.Event, timeout_s: float) -> bool:
        assert self._watch is not None
        waiting = asyncio.ensure_future(said.wait())
        await asyncio.wait([waiting, self._watch], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return said.is_set()

    @property
    def is_over(self) -> bool:
        return self.ended is not None

    def send(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if number == signal.SIGTERM:
            self.told_to_end = time.time()
        if not self.is_over:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL, and wait."""
        self.send(signal.SIGKILL)
        assert self._watch is not None
        await self._watch

    def notice_memory(self) -> None:
        """Take down the most memory that it has had."""
        with suppress(OSError, ValueError, IndexError):
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
            # A process that has just ended has no such line.
            lines = [one.split()[1] for one in status.splitlines() if one.startswith("VmHWM")]
            self.peak_mb = max([self.peak_mb, *(int(number) / 1024 for number in lines)])


class Launch:
    """Where daemons come from: one process that has imported the program, and forks."""

    def __init__(self, folder: Path, database_url: str, clock: Path, mutant: str = "") -> None:
        self.folder = folder
        self._database_url = database_url
        self._clock = clock
        self._mutant = mutant
        self._born: asyncio.Queue[int] = asyncio.Queue()
        self._ended: dict[int, asyncio.Future[int]] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Be ready to start daemons while the block runs."""
        # Messages, each whole: orders with a pipe for the log, and what became of them.
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [
            sys.executable,
            "-m",
            "torture.launcher",
            str(theirs.fileno()),
            str(self._clock),
            self._mutant,
        ]
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "ENTENTE_TORTURE_DATABASE": self._database_url,
        }
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environ,
            cwd=self.folder,
            pass_fds=[theirs.fileno()],
            stdout=asyncio.subprocess.DEVNULL,
        )
        theirs.close()
        self._orders.setblocking(False)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._orders, self._hear)
        try:
            yield
        finally:
            loop.remove_reader(self._orders)
            self._orders.close()
            await process.wait()

    async def start(self, failpoint: str = "", *options: str) -> Life:
        """Start a daemon that ends itself at a failpoint "name:n", if one is given."""
        arguments = ["--config", str(self.folder / "config.toml"), "run", *options]
        order = json.dumps({"failpoint": failpoint, "arguments": arguments}).encode()
        # A pipe and no file: a limit on the size of files, which a full disk is played with, spares the log.
        readable, writable = os.pipe()
        life = Life(failpoint=failpoint)
        socket.send_fds(self._orders, [order], [writable])
        os.close(writable)
        life.pid = await self._born.get()
        life._watch = asyncio.create_task(self._follow(life, readable))
        return life

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            said = json.loads(self._orders.recv(1000) or b"{}")
            if "born" in said:
                self._born.put_nowait(said["born"])
            elif "ended" in said:
                self._end_of(said["ended"]).set_result(said["code"])

    def _end_of(self, pid: int) -> asyncio.Future[int]:
        return self._ended.setdefault(pid, asyncio.get_running_loop().create_future())

    async def _follow(self, life: Life, readable: int) -> None:
        reader = asyncio.StreamReader(limit=2**24)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(readable, "rb")
        )
        reading = asyncio.create_task(_read(life, reader, self.folder / "daemon.log"))
        life.code = await self._end_of(life.pid)
        del self._ended[life.pid]
        life.ended = time.time()
        # Its parser's processes hold the pipe until they notice; what the daemon itself said is there by now.
        await asyncio.wait([reading], timeout=LAST_WORDS_S)
        reading.cancel()
        transport.close()


async def _read(life: Life, reader: asyncio.StreamReader, log: Path) -> None:
    with log.open("ab") as file:
        while line := await reader.readline():
            file.write(line)
            _take(life, line.decode(errors="replace").rstrip())


def _take(life: Life, line: str) -> None:
    try:
        event = json.loads(line)
    except ValueError:
        # Python's own remark on a process that was killed.
        if "resource_tracker" not in line and "warnings.warn" not in line:
            life.stray.append(line)
        return
    if event.get("event") == "running":
        life.running = time.time()
        life.ready.set()
    if event.get("event") == "standing by":
        life.stands_by.set()
    if event.get("level") not in ("info", "debug"):
        life.log.append((time.time(), event))
