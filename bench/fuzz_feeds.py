"""A million mutated feeds through the parser as the daemon runs it: no crash, no hang, memory bounded.

    python -m bench.fuzz_feeds [INPUTS [SEED [PROCESSES]]]
    python -m bench.fuzz_feeds --show SEED:NUMBER > feed.xml

Input NUMBER is a function of seed and number, so that whatever it found can be
made again. The documents mutated are our own, those of ../shared/bad-feeds and
the real ones of ../shared/corpora where these stand beside the checkout, cut to
their first entries. Most run inside fuzzing processes, which have the limits of
a parser's worker; the last of them through the daemon's own pool of workers
into a database. The result is written every half minute.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import re
import resource
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory
from typing import Any

from bench.farm import context_in
from monitor.core.model import Feed, FeedState, Validators
from monitor.errors import SourceError
from monitor.services.poll import record_failure, record_poll
from monitor.sources import parsing
from monitor.sources.http import Response
from monitor.sources.poller import poll
from tests.sources import test_feed as samples

RESULT = Path(__file__).parent / "results" / "fuzz_feeds.json"
SHARED = Path(__file__).parents[2] / "shared"
BATCH = 1_000
POOLED = 10_000  # of the inputs, through the pool and into a database
SEED_BYTES = 6_000
SLOW_S = 1.0
FEED = Feed(id="f", title="F", url="https://wire.example.org/feeds/all.xml")
AT = datetime(2026, 11, 24, tzinfo=UTC)
TYPES = ("", "application/xml", "text/html; charset=gb2312", "application/json", "text/xml; charset=utf-16")
SCRAPS = [
    *samples.SCRAPS,
    b"<entry>", b"</entry>", b"<channel>", b"</channel>", b"<rss>", b"<feed>", b"<link>", b"<guid>", b"/>",
    b"<description>", b"<content:encoded>", b"<dc:date>", b"<updated>", b"<pubDate>", b"<media:content>",
    b"<itunes:duration>", b"<psc:chapter>", b"<gml:pos>", b"<gml:posList>", b"<georss:polygon>",
    b"<cc:license>", b"<xhtml:div>", b'<content type="xhtml">', b'<content type="text/html" mode="base64">',
    b' xml:base="http://[::1"', b' xml:lang="', b' rel="', b' href="', b' srsName="urn:x:y"', b' length="-1"',
    b"<!DOCTYPE rss [", b"<!ENTITY a '\\1'>", b"]>", b"<?xml", b"?>", b'encoding="utf-7"', b'encoding="hz"',
    b'encoding="iso-2022-jp"', b"&amp;", b"&lt;", b"&#10;", b"&#x1F;", b"\xed\xa0\x80", b"\xc0\xbc",
    b"\xef\xbb\xbf", b"\x1b$B", b"http://[", b"https://xn--/", b"9" * 400, b"-1", b"\\", b"%s{0}",
    b'{"', b"]}",
    b"Mon, 99 Foo 0000 99:99:99 +9999", b"2026-W99-9T25:61:61Z", b"0001-01-01T00:00:00+14:00", b"\xff" * 9,
]  # fmt: skip


def documents() -> list[bytes]:
    """What is mutated, each at most some kilobytes."""
    own = [samples.ATOM, samples.RDF, samples.RSS_091, samples.JSON, samples.TestTruncated.WHOLE]
    # Bombs are not expanded by cutting, and the parser never undoes a coding.
    bad = [path.read_bytes() for path in sorted((SHARED / "bad-feeds").glob("*.[xjh]*"))]
    # The own ones weigh as much as the others: they are the ones that parse whole.
    return [_shortened(body) for body in own * 60 + bad * 4 + _real() if body.strip()]


def _real() -> list[bytes]:
    archive = SHARED / "corpora" / "feeds.tar.gz"
    if not archive.exists():
        return []
    with tarfile.open(archive) as tar:
        # In the archive's order: looking back would decompress it anew.
        files = [m for m in tar if m.isfile() and m.size > 200 and not m.name.endswith("csv")]
        return [tar.extractfile(m).read() for m in files]  # type: ignore[union-attr]


def _shortened(body: bytes) -> bytes:
    if len(body) <= SEED_BYTES:
        return body
    end = body.rfind(b"</item>", 0, SEED_BYTES) + 7
    return body[:end] + b"</channel></rss>" if end > 7 else body[:SEED_BYTES]


def mutated(sources: list[bytes], seed: int, number: int) -> tuple[bytes, str]:
    """The input of this number, and the content type that it is served with."""
    rng = random.Random(f"{seed}:{number}")
    body = bytearray(rng.choice(sources))
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8, 13))):
        rng.choice(MUTATIONS)(body, rng, sources)
    return bytes(body[: 4 * SEED_BYTES]), rng.choice(TYPES)


def _flip(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    for _ in range(rng.randint(1, 4)):
        if body:
            body[rng.randrange(len(body))] = rng.randrange(256)


def _cut(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    start, end = _range(body, rng)
    del body[start:end]


def _cut_end(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    del body[rng.randint(0, len(body)) :]


def _duplicate(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    start, end = _range(body, rng)
    body[end:end] = bytes(body[start:end]) * rng.choice((1, 1, 2, 9))


def _splice(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    other = rng.choice(sources)
    start, end = _range(other, rng)
    at = rng.randint(0, len(body))
    body[at:at] = other[start:end]


def _insert(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    at = rng.randint(0, len(body))
    body[at:at] = rng.choice(SCRAPS) * rng.choice((1, 1, 1, 2, 250))


def _swap_tags(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    tags = [found.span() for found in re.finditer(rb"<[^<>]{1,80}>", body)]
    if len(tags) > 1:
        (a, b), (c, d) = sorted(rng.sample(tags, 2))
        body[a:d] = body[c:d] + body[b:c] + body[a:b]


def _drop_or_double_tag(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    tags = [found.span() for found in re.finditer(rb"<[^<>]{1,80}>", body)]
    if tags:
        start, end = rng.choice(tags)
        body[start:end] = body[start:end] * rng.choice((0, 2, 2, 210))


def _fill(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    """Put something strange where a tag or an attribute holds a value."""
    values = [
        found.span(1) for found in re.finditer(rb""">([^<>]{1,200})<|="([^"<>]*)\"""", body) if found[1]
    ]
    if values:
        start, end = rng.choice(values)
        body[start:end] = rng.choice(SCRAPS)


def _recode(body: bytearray, rng: random.Random, sources: list[bytes]) -> None:
    charset = rng.choice(("utf-16", "utf-16-be", "utf-32", "cp1251", "gb18030", "iso2022_jp", "utf-7"))
    body[:] = bytes(body).decode("utf-8", "replace").encode(charset, "replace")


MUTATIONS = (_flip, _flip, _cut, _cut_end, _duplicate, _splice, _insert, _insert, _swap_tags,
             _drop_or_double_tag, _drop_or_double_tag, _fill, _fill, _recode)  # fmt: skip


def _range(body: bytes | bytearray, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(body))
    return start, min(len(body), start + rng.choice((1, 4, 16, 64, 256, 1024)))


@dataclass
class Tally:
    """What a run found; every problem with the number that makes it again."""

    inputs: int = 0
    entries: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    raised: Counter[str] = field(default_factory=Counter)  # in feedparser, and held by its guard
    raised_at: dict[str, int] = field(default_factory=dict)  # kind -> first number
    slow: list[list[float]] = field(default_factory=list)  # number, seconds
    slowest_s: float = 0.0
    uncaught: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    peak_mb: float = 0.0

    def add(self, other: Tally) -> None:
        self.inputs += other.inputs
        self.entries += other.entries
        self.outcomes += other.outcomes
        self.raised += other.raised
        self.raised_at = other.raised_at | self.raised_at
        self.slow += other.slow
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.uncaught += other.uncaught
        self.unsound += other.unsound
        self.peak_mb = max(self.peak_mb, other.peak_mb)


# What no database, terminal or mail could hold, and no entry may.
_NEVER = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def try_one(body: bytes, kind: str, name: str, number: int, tally: Tally) -> None:
    """Parse one input as a worker does, and look at what it gave."""
    started = time.perf_counter()
    try:
        result = parsing.parse_in_worker(body, FEED, kind)
    except BaseException as error:  # noqa: BLE001  what is counted here is exactly what nobody expects
        tally.uncaught.append(f"{name}: {type(error).__name__}: {error}")
        return
    took = time.perf_counter() - started
    tally.inputs += 1
    tally.slowest_s = max(tally.slowest_s, took)
    if took > SLOW_S:
        tally.slow.append([number, round(took, 2)])
    if isinstance(result, tuple):
        outcome, detail = result
        tally.outcomes[outcome.value] += 1
        if outcome.value == "parser_crash":
            tally.raised[detail] += 1
            tally.raised_at.setdefault(detail, number)
        return
    tally.outcomes[result.outcome.value] += 1
    tally.entries += len(result.entries)
    for entry in result.entries:
        text = entry.key + entry.title + entry.summary + entry.link
        is_sound = len(entry.key) <= 200 and len(entry.title) <= 1000 and len(entry.summary) <= 20_000
        is_link = not entry.link or entry.link.startswith(("http:", "https:"))
        if _NEVER.search(text) or not is_sound or not is_link:
            tally.unsound.append(name)


def fuzz(seed: int, start: int, stop: int, step: int, at: Any, queue: Any) -> None:
    """Run in a process of its own: every `step`th input, a report a batch; `at` tells where it is."""
    parsing._limit()
    sources, tally = documents(), Tally()
    for number in range(start, stop, step):
        at.value = number
        body, kind = mutated(sources, seed, number)
        try_one(body, kind, f"{seed}:{number}", number, tally)
        if tally.inputs % BATCH == 0:
            tally.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            queue.put(tally)
            tally = Tally()
    tally.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    queue.put(tally)


class Runner:
    """One fuzzing process at a time over its share; a new one after an input that ended the old."""

    def __init__(self, seed: int, start: int, stop: int, step: int, queue: Any) -> None:
        self._context = multiprocessing.get_context("spawn")
        self.at = self._context.Value("q", start - step)
        self.deaths: list[str] = []
        self._share = (seed, stop, step, queue)
        self._start(start)

    def _start(self, start: int) -> None:
        seed, stop, step, queue = self._share
        self._process = self._context.Process(target=fuzz, args=(seed, start, stop, step, self.at, queue))
        self._process.start()

    def is_done(self) -> bool:
        """Has it ended its share? A process that died is replaced behind the input that it died of."""
        if self._process.is_alive():
            return False
        if self._process.exitcode == 0:
            return True
        seed, stop, step, _ = self._share
        self.deaths.append(f"{seed}:{self.at.value}: exit {self._process.exitcode}")
        if self.at.value + step < stop:
            self._start(self.at.value + step)
            return False
        return True


def run(inputs: int, seed: int, processes: int) -> dict[str, Any]:
    """Fuzz, and write the result as it grows."""
    queue = multiprocessing.get_context("spawn").Queue()
    runners = [Runner(seed, n, inputs, processes, queue) for n in range(processes)]
    total, started, written, used = Tally(), time.monotonic(), 0.0, len(documents())
    running = True
    while running:
        ended = [runner.is_done() for runner in runners]
        running = not all(ended)
        for tally in _waiting(queue):
            total.add(tally)
        if time.monotonic() - written > 30 or not running:
            written = time.monotonic()
            deaths = [death for runner in runners for death in runner.deaths]
            result = figures(total, seed, written - started, used, processes, deaths)
            write(result)
    return result


def _waiting(queue: Any) -> Iterator[Tally]:
    try:
        yield queue.get(timeout=1.0)
        while True:
            yield queue.get(timeout=0.1)
    except Empty:
        return


def figures(
    tally: Tally, seed: int, seconds: float, documents_used: int, processes: int, deaths: list[str]
) -> dict[str, Any]:
    """The run so far as it is recorded."""
    return {
        "seed": seed,
        "inputs": tally.inputs,
        "documents": documents_used,
        "seconds": round(seconds),
        "processes": processes,
        "processes_that_died": deaths,
        "uncaught": tally.uncaught,
        "unsound_entries": tally.unsound,
        "entries": tally.entries,
        "outcomes": dict(tally.outcomes.most_common()),
        "raised_in_feedparser": dict(tally.raised.most_common()),
        "first_that_raised": tally.raised_at,
        "slowest_s": round(tally.slowest_s, 2),
        "slower_than_1_s": tally.slow,
        "peak_mb": round(tally.peak_mb),
    }


class MutatingDoor:
    """Stands where the network would: answers each address with the input of that number."""

    def __init__(self, seed: int) -> None:
        self._sources, self._seed = documents(), seed

    async def get(self, url: str, *, validators: Validators, now: datetime) -> Response:
        body, kind = mutated(self._sources, self._seed, int(url.rpartition("/")[2]))
        return Response(status=200, url=url, body=body, content_type=kind, validators=Validators(etag='"1"'))


async def through_the_pool(inputs: range, seed: int) -> dict[str, Any]:
    """Poll, parse in the daemon's pool and record into a database; one feed has every input in turn."""
    outcomes: Counter[str] = Counter()
    new = 0
    started = time.monotonic()
    with TemporaryDirectory() as folder:
        context = context_in(Path(folder), ["https://wire.example.org/"])
        state = FeedState(feed=context.config.feeds[0])
        async with parsing.open_parser(workers=2) as parser:
            door, numbers = MutatingDoor(seed), iter(inputs)

            async def some() -> None:
                nonlocal new
                for number in numbers:
                    feed = Feed(id=state.feed.id, title="F", url=f"https://wire.example.org/{number}")
                    try:
                        fetched = await poll(FeedState(feed=feed), door=door, parser=parser, now=AT)  # type: ignore[arg-type]
                    except SourceError as error:
                        report = record_failure(context, state, error, AT, 0.0)
                    else:
                        report = record_poll(context, state, fetched, AT, 0.0)
                    outcomes[report.outcome.value] += 1
                    new += report.new

            await asyncio.gather(some(), some())
        context.engine.dispose()
    return {
        "inputs": sum(outcomes.values()),
        "seconds": round(time.monotonic() - started),
        "outcomes": dict(outcomes.most_common()),
        "entries_stored": new,
    }


def write(result: dict[str, Any]) -> None:
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    if sys.argv[1:2] == ["--show"]:
        seed, number = (int(part) for part in sys.argv[2].split(":"))
        sys.stdout.buffer.write(mutated(documents(), seed, number)[0])
        return
    inputs, seed, processes = (int(a) for a in (*sys.argv[1:4], *("1000000", "1", "2")[len(sys.argv) - 1 :]))
    result = run(inputs, seed, processes)
    result["through_the_pool"] = asyncio.run(
        through_the_pool(range(inputs, inputs + min(POOLED, inputs)), seed)
    )
    write(result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
