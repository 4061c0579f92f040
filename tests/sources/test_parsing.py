from __future__ import annotations

import asyncio
import multiprocessing
import signal

import pytest

from monitor.core.model import Outcome
from monitor.errors import ParseError
from monitor.sources.parsing import _allow_cpu, open_parser
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


def test_a_worker_whose_daemon_is_gone_ends_by_itself() -> None:
    process = multiprocessing.get_context("spawn").Process(target=_spin)
    process.start()
    process.join(20)
    assert process.exitcode == -signal.SIGXCPU


def _spin() -> None:
    _allow_cpu(0)
    while True:
        pass


def _slow() -> bytes:
    """A sound document that takes the parser seconds."""
    entry = b"<item><title>A</title><guid>%d</guid>" + b"<category>c</category>" * 400 + b"</item>"
    return b"<rss><channel>" + b"".join(entry % n for n in range(900)) + b"</channel></rss>"
