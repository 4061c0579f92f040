"""What a hostile tenth of all feeds costs the healthy rest: 900 of 900 feeds against 900 of 1,000.

    python -m bench.hostile_share [FEEDS [ROUNDS]]

All feeds are new, due at once and on loopback hosts of their own; limits are those that an
operator gets. Measured is the time until the last healthy feed is stored. Rounds alternate,
and the medians are compared. The healthy are served by one process, the hostile by another.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.farm import address, context_in
from bench.poll_feeds import document
from monitor import app
from monitor.services.poll import PollReport, poll_due
from tests.sources.servers import Answer, Request, Writer, answering, serve

RESULT = Path(__file__).parent / "results" / "hostile_share.json"
ENTRIES = 30
SHARE = 10  # one of so many is hostile
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n"


def dripping(first: bytes, drop: bytes) -> Answer:
    async def answer(_: Request, writer: Writer) -> None:
        writer.write(first)
        while True:
            await asyncio.sleep(1.0)
            writer.write(drop)
            await writer.drain()

    return answer


def flooding(first: bytes, wave: bytes) -> Answer:
    async def answer(_: Request, writer: Writer) -> None:
        writer.write(first)
        while True:
            writer.write(wave)
            await writer.drain()

    return answer


async def silent(_: Request, writer: Writer) -> None:
    await asyncio.sleep(3600)


async def reset(_: Request, writer: Writer) -> None:
    writer.transport.abort()


def bomb() -> bytes:
    """150 MB of nothing in 150 KB."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(squeezer.compress(bytes(2**20)) for _ in range(150)), squeezer.flush()])


ENTITIES = b"<!DOCTYPE rss [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
    b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
)
# Each goes by its name in the result.
HOSTILE: dict[str, Callable[[], Answer]] = {
    "silent": lambda: silent,
    "headers that drip": lambda: dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "a body that drips": lambda: dripping(OK + b"\r\n<rss>", b" "),
    "an endless body": lambda: flooding(OK + b"\r\n", b" " * 65_536),
    "endless chunks": lambda: flooding(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    ),
    "a reset": lambda: reset,
    "a redirect to itself": lambda: answering("302 Found", Location=""),
    "a gzip bomb": lambda: answering(body=bomb(), Content_Encoding="gzip"),
    "an entity bomb": lambda: answering(body=ENTITIES + b"]><rss><channel>&a9;</channel></rss>"),
    "a flood of headers": lambda: answering(body=b"x", **{f"X_{n}": "y" * 80 for n in range(5_000)}),
    "half a body": lambda: answering(body=document(1, ENTRIES)[:20_000], Content_Length="50000"),
    "a page of 4 MB": lambda: answering(body=b"<html><body>" + b"<p>Log in" * 450_000),
    "8,000 levels": lambda: answering(body=b"<rss><channel>" + b"<a>" * 8_000),
}


def host(which: Answer, pipe: Connection) -> None:
    """Serve on every address of this machine, in a process of its own."""

    async def run() -> None:
        async with serve(which, host="0.0.0.0") as server:
            pipe.send(server.port)
            await asyncio.sleep(3600)

    asyncio.run(run())


def healthy(feeds: int, pipe: Connection) -> None:
    bodies = [document(number, ENTRIES) for number in range(feeds)]

    async def answer(request: Request, writer: Writer) -> None:
        await answering(body=bodies[int(request.path.rpartition("/")[2])])(request, writer)

    host(answer, pipe)


def hostile(pipe: Connection) -> None:
    answers = [made() for made in HOSTILE.values()]

    async def answer(request: Request, writer: Writer) -> None:
        await answers[int(request.path.rpartition("/")[2]) % len(answers)](request, writer)

    host(answer, pipe)


def started(target: Callable[..., None], *arguments: object) -> tuple[Any, int]:
    """A server in a process of its own, and its port."""
    near, far = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=target, args=(*arguments, far), daemon=True)
    process.start()
    return process, near.recv()


async def one_round(urls: list[str], is_healthy: Callable[[str], bool]) -> dict[str, Any]:
    """Poll all of them once, and when the last healthy one was stored."""
    last = 0.0
    with TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=1) as writer:
        context = context_in(Path(folder), urls, allow=["127.0.0.0/8"], per_host=1, host_pause="1s")
        async with app.open_source(context.config) as source:
            began = time.perf_counter()

            def on_report(report: PollReport) -> None:
                nonlocal last
                if is_healthy(report.feed_id):
                    last = time.perf_counter() - began

            reports = await poll_due(
                context, source, now=app.now, jitter=app.jitter, writer=writer, in_flight=set(),
                on_report=on_report,
            )  # fmt: skip
        whole = time.perf_counter() - began
        context.engine.dispose()
    good = [report for report in reports if is_healthy(report.feed_id)]
    return {
        "healthy_s": round(last, 2),
        "whole_s": round(whole, 2),
        "healthy": len(good),
        "healthy_that_failed": sum(report.outcome.failed for report in good),
        "entries": sum(report.new for report in good),
        "outcomes_of_the_hostile": {
            report.feed_id: report.outcome.value for report in reports if not is_healthy(report.feed_id)
        },
    }


def measured(feeds: int, rounds: int) -> dict[str, Any]:
    good, good_port = started(healthy, feeds)
    evil, evil_port = started(hostile)
    evil_ids = {f"f{number}" for number in range(0, feeds, SHARE)}
    kinds = list(HOSTILE)
    mixed = [
        address(number, evil_port, f"/{number // SHARE}")
        if number % SHARE == 0
        else address(number, good_port, f"/{number}")
        for number in range(feeds)
    ]
    alone = [url for number, url in enumerate(mixed) if number % SHARE]
    runs: dict[str, list[dict[str, Any]]] = {"alone": [], "beside": []}
    for _ in range(rounds):
        runs["alone"].append(asyncio.run(one_round(alone, lambda _: True)))
        runs["beside"].append(asyncio.run(one_round(mixed, lambda feed_id: feed_id not in evil_ids)))
    for process in (good, evil):
        process.terminate()
    outcomes = Counter[str]()
    for feed_id, outcome in runs["beside"][-1]["outcomes_of_the_hostile"].items():
        outcomes[f"{kinds[int(feed_id[1:]) // SHARE % len(kinds)]}: {outcome}"] += 1
    for run in (*runs["alone"], *runs["beside"]):
        del run["outcomes_of_the_hostile"]
    without, beside = (statistics.median(run["healthy_s"] for run in runs[name]) for name in runs)
    return {
        "feeds": feeds,
        "hostile": len(evil_ids),
        "healthy_alone_s": without,
        "healthy_beside_hostile_s": beside,
        "slower_by_percent": round(100 * (beside / without - 1), 1),
        "goal_percent": 10,
        "runs": runs,
        "hostile_ended": dict(sorted(outcomes.items())),
    }


if __name__ == "__main__":
    feeds, rounds = (int(a) for a in (*sys.argv[1:3], *("1000", "3")[len(sys.argv) - 1 :]))
    result = measured(feeds, rounds)
    if feeds >= 1_000:
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
