"""feedparser's own test documents as feeds of ours: served from loopback, polled twice, stored.

    pip download --no-deps --no-binary :all: feedparser==6.0.14 --dest FOLDER
    python -m bench.feedparser_corpus FOLDER/feedparser-6.0.14.tar.gz

Documents that name their headers in a comment are served with them; what they expect of
feedparser is never looked at. Recorded are the outcomes, how our number of entries differs
from feedparser's and why, whether digests of all entries hold executable markup, and, where
$ENTENTE_TEST_POSTGRES names a server, whether PostgreSQL holds the same rows.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tarfile
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import feedparser
from sqlalchemy import Row, select

from bench.farm import context_in
from monitor import app
from monitor.core.model import Feed
from monitor.errors import SourceError
from monitor.rendering import render_html
from monitor.services.context import Context
from monitor.services.poll import PollReport, poll_due
from monitor.sources import jsonfeed, xmlfeed
from monitor.sources.charset import decode
from monitor.storage.engine import reading
from monitor.storage.schema import entries
from tests.conftest import _new_database
from tests.rendering.digests import a_development, a_digest, a_quote
from tests.rendering.test_html import OURS, Reader
from tests.sources.servers import Request, Writer, answering, serve

SERVER = os.environ.get("ENTENTE_TEST_POSTGRES", "")
RESULT = Path(__file__).parent / "results" / "feedparser_corpus.json"
_HEADER = re.compile(rb"Header:\s+([\w-]+):\s*([^\r\n]+)")


def documents(archive: Path) -> dict[str, bytes]:
    """The XML documents of feedparser's tests by path."""
    with tarfile.open(archive) as tar:
        members = [m for m in tar if m.isfile() and "/tests/" in m.name and m.name.endswith(".xml")]
        return {m.name.partition("/tests/")[2]: tar.extractfile(m).read() for m in members}  # type: ignore[union-attr]


def headers_of(body: bytes) -> dict[str, str]:
    """What the document's comment says that it is served with."""
    found = {n.decode().lower(): v.decode("latin-1").strip() for n, v in _HEADER.findall(body[:2000])}
    kept = {name: found[name] for name in ("content-type", "content-language") if name in found}
    return {"content-type": "application/xml"} | kept


async def polled_twice(context: Context) -> tuple[list[PollReport], list[PollReport]]:
    """Two rounds of the daemon's own polling, the second two days later."""
    rounds = []
    with ThreadPoolExecutor(max_workers=1) as writer:
        async with app.open_source(context.config) as source:
            for later in (timedelta(0), timedelta(days=2)):
                reports = await poll_due(
                    context,
                    source,
                    now=lambda later=later: app.now() + later,  # type: ignore[misc]
                    jitter=lambda: 0.0,
                    writer=writer,
                    in_flight=set(),
                )
                rounds.append(reports)
    return rounds[0], rounds[1]


Polls = tuple[list[PollReport], list[PollReport], list[Row[Any]]]


async def through(documents: Mapping[str, bytes], databases: list[str]) -> list[Polls]:
    """Serve, poll twice into each database and give both rounds and the rows."""
    names = list(documents)

    async def answer(request: Request, writer: Writer) -> None:
        body = documents[names[int(request.path.removeprefix("/"))]]
        await answering(body=body, **headers_of(body))(request, writer)

    ended = []
    async with serve(answer) as server:
        for database in databases:
            with TemporaryDirectory() as folder:
                urls = [server.url(f"/{number}") for number in range(len(names))]
                context = context_in(Path(folder), urls, database=database)
                rounds = await polled_twice(context)
                ended.append((*rounds, rows_in(context)))
                context.engine.dispose()
    return ended


def rows_in(context: Context) -> list[Row[Any]]:
    """All entries, in an order that no database has a say in."""
    columns = ("feed_id", "key", "title", "summary", "link", "language", "published_at")
    with reading(context.engine) as connection:
        rows = connection.execute(select(*(entries.c[name] for name in columns))).all()
    return sorted(rows, key=lambda row: (row.feed_id, row.key))


def difference(body: bytes, report: PollReport) -> str:
    """Why we hold another number of entries than feedparser finds; "" where we do not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = len(feedparser.parse(body, response_headers=headers_of(body)).entries)
    if report.new == theirs:
        return ""
    if report.outcome.failed:
        return f"refused: {report.outcome.value}"
    if report.new + report.skipped == theirs:
        return "entries without any text"
    try:
        feed = Feed(id="f", title="f", url="https://wire.example.org/")
        text = decode(body, headers_of(body)["content-type"], feed.language)
        reader = jsonfeed if text.lstrip().startswith("{") else xmlfeed
        ours = reader.read(text, 1_000)
    except SourceError as error:
        return f"unexplained: {error}"
    if len(ours.entries) == theirs:
        return "one identity twice"
    return "cut off: the document ends early" if ours.is_cut else f"unexplained: {report.new} for {theirs}"


def executable(rows: list[Row[Any]]) -> tuple[list[str], int]:
    """What in digests of these entries a mail client could run or load, and how many they show."""
    found, shown = [], 0
    for row in rows:
        quote = a_quote(title=row.title, summary=row.summary[:400], link=row.link, spans=())
        page = Reader(render_html(a_digest(developments=(a_development(quotes=(quote,)),))))
        shown += " ".join(row.title.split()) in " ".join(" ".join(page.words).split())
        for tag, attributes in page.tags:
            bad = tag not in OURS or any(name.startswith("on") or name == "src" for name in attributes)
            link = attributes.get("href") or "https:"
            if bad or not link.startswith(("https:", "http:", "#", "mailto:")):
                found.append(f"{tag} {attributes}")
    return found, shown


def measured(archive: Path) -> dict[str, Any]:
    found = documents(archive)
    started = time.monotonic()
    with _new_database(SERVER) if SERVER else nullcontext("") as other:
        ended = asyncio.run(through(found, ["", other] if other else [""]))
    seconds = time.monotonic() - started
    first, second, rows = ended[0]
    by_feed = {report.feed_id: report for report in first}
    reasons = {name: difference(body, by_feed[f"f{n}"]) for n, (name, body) in enumerate(found.items())}
    nodes, shown = executable(rows)
    return {
        "documents": len(found),
        "databases": len(ended),
        "seconds": round(seconds, 1),
        "polled": [len(first), len(second)],
        "outcomes": dict(Counter(r.outcome.value for r in first).most_common()),
        "outcomes_of_the_second_poll": dict(Counter(r.outcome.value for r in second).most_common()),
        "entries": len(rows),
        "new_in_the_second_poll": sum(r.new for r in second),
        "edited_in_the_second_poll": sum(r.edited for r in second),
        "crashed": [list(found)[int(r.feed_id[1:])] for r in first if r.outcome.value.startswith("parser_")],
        "differences_from_feedparser": dict(Counter(why for why in reasons.values() if why).most_common()),
        "unexplained": [name for name, why in reasons.items() if why.startswith("unexplained")],
        "entries_shown_in_digests": shown,
        "executable_nodes": nodes,
        "rows_that_differ_in_postgresql": [
            [str(a), str(b)] for *_, others in ended[1:] for a, b in zip(rows, others, strict=True) if a != b
        ],
    }


if __name__ == "__main__":
    result = measured(Path(sys.argv[1]))
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
