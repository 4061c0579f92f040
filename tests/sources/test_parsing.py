from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE

import pytest

from monitor.core.model import Feed
from monitor.core.outcome import Outcome
from monitor.errors import ParseError
from monitor.sources.feed import Parsed
from monitor.sources.parsing import MEMORY, Result, _allow_cpu, open_parser, parse_in_worker
from tests.core.builders import a_feed

GOOD = b"<rss><channel><title>F</title><item><title>A</title><guid>1</guid></item></channel></rss>"


async def test_a_document_is_parsed_in_another_process() -> None:
    async with open_parser(workers=1) as parser:
        parsed = await parser.parse(GOOD, feed=a_feed())
    assert [entry.title for entry in parsed.entries] == ["A"]


async def test_a_refusal_crosses_the_process_with_its_reason() -> None:
    async with open_parser(workers=1) as parser:
        with pytest.raises(ParseError) as caught:
            await parser.parse(b"<html>", feed=a_feed())
    assert (caught.value.outcome, caught.value.detail) == (Outcome.NOT_A_FEED, "an HTML page")


async def test_a_worker_that_dies_costs_one_feed() -> None:
    async with open_parser(workers=1) as parser:
        await parser.parse(GOOD, feed=a_feed())
        killed = asyncio.create_task(parser.parse(_slow(), feed=a_feed()))
        await asyncio.sleep(0.3)
        (worker,) = parser._all
        for process in list(worker._processes.values()):
            process.kill()
        with pytest.raises(ParseError) as caught:
            await killed
        assert caught.value.outcome is Outcome.PARSER_CRASH
        assert (await parser.parse(GOOD, feed=a_feed())).entries


async def test_a_hang_costs_one_feed() -> None:
    async with open_parser(workers=1, deadline_s=0.5) as parser:
        with pytest.raises(ParseError) as caught:
            await parser.parse(_slow(), feed=a_feed())
        assert caught.value.outcome is Outcome.PARSER_TIMEOUT
    async with open_parser(workers=1) as parser:
        assert (await parser.parse(GOOD, feed=a_feed())).entries


@pytest.mark.parametrize(
    ("evil", "outcome"), [("abort", Outcome.PARSER_CRASH), ("sleep", Outcome.PARSER_TIMEOUT)]
)
async def test_a_parser_that_crashes_or_hangs_loses_no_entry_of_another_feed(
    evil: str, outcome: Outcome
) -> None:
    bodies = [evil.encode() if n % 3 == 0 else GOOD for n in range(9)]
    async with open_parser(workers=2, deadline_s=2.0, work=_evil) as parser:
        parses = (parser.parse(body, feed=a_feed()) for body in bodies)
        ended = await asyncio.gather(*parses, return_exceptions=True)
    for body, end in zip(bodies, ended, strict=True):
        if body == GOOD:
            assert isinstance(end, Parsed)
            assert len(end.entries) == 1
        else:
            assert isinstance(end, ParseError)
            assert end.outcome is outcome


async def test_a_document_that_eats_memory_costs_one_feed() -> None:
    async with open_parser(workers=1, work=_evil) as parser:
        with pytest.raises(ParseError) as caught:
            await parser.parse(b"memory", feed=a_feed())
        assert caught.value.outcome is Outcome.PARSER_CRASH
        assert (await parser.parse(GOOD, feed=a_feed())).entries


def _evil(body: bytes, feed: Feed, content_type: str) -> Result:
    """Parses, unless the document says what else to do."""
    if body == b"abort":
        os.abort()
    if body == b"sleep":
        time.sleep(60)
    if body == b"memory":
        bytearray(2 * MEMORY)
    return parse_in_worker(body, feed, content_type)


async def test_workers_end_with_a_daemon_that_is_killed() -> None:
    script = f"""
import asyncio
from monitor.core.model import Feed
from monitor.sources.parsing import open_parser

async def main():
    async with open_parser(workers=2) as parser:
        feed = Feed(id="a", title="A", url="https://wire.example.org/")
        await asyncio.gather(*(parser.parse({GOOD!r}, feed=feed) for _ in range(2)))
        print("ready", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""
    daemon = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=PIPE, stderr=DEVNULL)
    assert daemon.stdout is not None
    assert await daemon.stdout.readline() == b"ready\n"
    daemon.kill()
    # The workers hold the same pipe, so its end comes when the last of them is gone.
    async with asyncio.timeout(10):
        assert await daemon.stdout.read() == b""
        await daemon.wait()


def test_a_worker_that_hangs_ends_even_when_nobody_ends_it() -> None:
    process = multiprocessing.get_context("spawn").Process(target=_spin)
    process.start()
    process.join(20)
    assert process.exitcode == -signal.SIGPROF


def _spin() -> None:
    _allow_cpu(1)
    while True:
        pass


def _slow() -> bytes:
    """A sound document that takes the parser seconds."""
    entry = b"<item><title>A</title><guid>%d</guid>" + b"<category>c</category>" * 400 + b"</item>"
    return b"<rss><channel>" + b"".join(entry % n for n in range(900)) + b"</channel></rss>"
