"""Parsing in worker processes: a crash or a hang costs one feed."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import asynccontextmanager

from monitor.core.model import Feed
from monitor.core.outcome import Outcome
from monitor.errors import ParseError, SourceError
from monitor.sources.feed import Parsed, parse

DEADLINE_S = 20.0
CPU_S = 30  # of one document; ends a worker that hangs when nobody is left to end it
MEMORY = 2 * 2**30  # address space of a worker, bytes


Result = Parsed | tuple[Outcome, str]  # or the reason for none: an error of ours would not cross processes
Work = Callable[[bytes, Feed, str], Result]


class Parser:
    """A few workers, each a process of its own, so that replacing one leaves the others alone."""

    def __init__(self, workers: int, deadline_s: float, work: Work) -> None:
        self._deadline_s = deadline_s
        self._work = work
        self._free: asyncio.LifoQueue[ProcessPoolExecutor] = asyncio.LifoQueue()
        self._all = {_worker() for _ in range(workers)}
        for worker in self._all:
            self._free.put_nowait(worker)

    async def parse(self, body: bytes, *, feed: Feed, content_type: str = "") -> Parsed:
        """Parse one document; raises ParseError, PARSER_CRASH and PARSER_TIMEOUT among its reasons."""
        worker = await self._free.get()
        try:
            work = worker.submit(self._work, body, feed, content_type)
            result = await asyncio.wait_for(asyncio.wrap_future(work), self._deadline_s)
        except TimeoutError:
            worker = self._replaced(worker)
            raise ParseError(Outcome.PARSER_TIMEOUT, f"no result in {self._deadline_s:g} s") from None
        except (BrokenExecutor, MemoryError) as error:
            worker = self._replaced(worker)
            how = "ran out of memory" if isinstance(error, MemoryError) else "died"
            raise ParseError(Outcome.PARSER_CRASH, f"the parser's process {how}") from None
        except asyncio.CancelledError:
            worker = self._replaced(worker)
            raise
        finally:
            self._free.put_nowait(worker)
        if isinstance(result, Parsed):
            return result
        raise ParseError(*result)

    def _replaced(self, worker: ProcessPoolExecutor) -> ProcessPoolExecutor:
        self._all.discard(worker)
        _kill(worker)
        fresh = _worker()
        self._all.add(fresh)
        return fresh

    def close(self) -> None:
        """End all workers."""
        for worker in self._all:
            _kill(worker)


@asynccontextmanager
async def open_parser(
    *, workers: int = 2, deadline_s: float = DEADLINE_S, work: Work | None = None
) -> AsyncIterator[Parser]:
    """Start the workers, for as long as the block lasts; `work` is what they do instead of parsing."""
    parser = Parser(workers, deadline_s, work or parse_in_worker)
    try:
        yield parser
    finally:
        parser.close()


def _worker() -> ProcessPoolExecutor:
    # Forked from a process with threads, a worker could inherit a lock that nobody will release.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_limit)


def _limit() -> None:
    """Run in the worker: a document that eats memory gets an error, and no worker outlives its daemon."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_daemon, daemon=True).start()


def _end_with_daemon() -> None:
    # A daemon that is killed says good-bye to nobody, and its workers would wait for work for ever.
    daemon = multiprocessing.parent_process()
    if daemon is not None:
        daemon.join()
        os._exit(1)


def _allow_cpu(seconds: int) -> None:
    """Run in the worker: die of SIGPROF after this much more work."""
    # RLIMIT_CPU counts from the birth by a clock that runs ahead of getrusage(), by seconds in a worker
    # that has worked for minutes: it killed such workers over sound documents.
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _kill(worker: ProcessPoolExecutor) -> None:
    # A worker that hangs in C code answers nothing but this.
    for process in list((worker._processes or {}).values()):
        process.kill()
    worker.shutdown(wait=True, cancel_futures=True)


def parse_in_worker(body: bytes, feed: Feed, content_type: str) -> Result:
    """Run in the worker: the result, or the reason for none, in a form that crosses processes."""
    _allow_cpu(CPU_S)
    try:
        return parse(body, feed=feed, content_type=content_type)
    except SourceError as error:
        return error.outcome, error.detail
    except Exception as error:  # noqa: BLE001  the last door of this process: feedparser may raise anything
        return Outcome.PARSER_CRASH, type(error).__name__
