"""Poll 2,811 real feed files over loopback and record how each poll ended.

    python -m bench.real_feeds ../shared/corpora/feeds.tar.gz

The archive is unpacked in memory. What is recorded are counts, nothing of what the files say.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tarfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.core.model import Entry, Feed, FeedState
from monitor.errors import SourceError
from monitor.sources.http import Door, FetchLimits, open_door
from monitor.sources.parsing import Parser, open_parser
from monitor.sources.poller import poll
from tests.sources.servers import Request, Writer, answering, serve

RESULT = Path(__file__).parent / "results" / "real_feeds.json"
LIMITS = FetchLimits(
    user_agent="Entente/bench", host_pause_s=0, per_host=8, concurrency=8, allow=("127.0.0.1",)
)
AT = datetime(2026, 11, 24, tzinfo=UTC)


def unpacked(archive: Path) -> dict[str, bytes]:
    """The files of the archive by name, without its index."""
    with tarfile.open(archive) as tar:
        members = [m for m in tar.getmembers() if m.isfile() and not m.name.endswith("INDEX.csv")]
        return {m.name: tar.extractfile(m).read() for m in members}  # type: ignore[union-attr]


async def poll_all(files: dict[str, bytes]) -> tuple[Counter[str], list[Entry]]:
    """Outcome counts and all entries, each file polled as a feed of its own."""
    names = list(files)

    async def answer(request: Request, writer: Writer) -> None:
        name = names[int(request.path.removeprefix("/"))]
        kind = "application/feed+json" if name.endswith("json") else "application/xml"
        await answering(body=files[name], Content_Type=kind)(request, writer)

    async def one(url: str, door: Door, parser: Parser) -> tuple[str, tuple[Entry, ...]]:
        state = FeedState(feed=Feed(id=url, title=url, url=url))
        try:
            fetched = await poll(state, door=door, parser=parser, now=AT)
        except SourceError as error:
            return error.outcome.value, ()
        return fetched.outcome.value, fetched.entries

    async with serve(answer) as server, open_door(LIMITS) as door, open_parser(workers=2) as parser:
        polls = (one(server.url(f"/{number}"), door, parser) for number in range(len(names)))
        ended = await asyncio.gather(*polls)
    return Counter(outcome for outcome, _ in ended), [entry for _, entries in ended for entry in entries]


def measured(archive: Path) -> dict[str, Any]:
    """Run it and count."""
    files = unpacked(archive)
    started = time.monotonic()
    outcomes, entries = asyncio.run(poll_all(files))
    return {
        "files": len(files),
        "seconds": round(time.monotonic() - started, 1),
        "outcomes": dict(outcomes.most_common()),
        "crashes": outcomes["parser_crash"] + outcomes["parser_timeout"],
        "entries": len(entries),
        "entries_with_title": sum(bool(entry.title) for entry in entries),
        "entries_with_link": sum(bool(entry.link) for entry in entries),
        "entries_with_date": sum(entry.published_at is not None for entry in entries),
        "entries_with_language": sum(entry.language != "und" for entry in entries),
        "replacement_characters": sum((e.title + e.summary).count("\ufffd") for e in entries),
    }


if __name__ == "__main__":
    figures = measured(Path(sys.argv[1]))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))
