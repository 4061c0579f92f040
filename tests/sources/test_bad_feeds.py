"""Every hostile or malformed feed ends as expected, served over loopback as its own server would."""

from __future__ import annotations

import csv
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.core.model import FeedState
from monitor.core.outcome import Outcome
from monitor.errors import SourceError
from monitor.sources.http import FetchLimits, open_door
from monitor.sources.parsing import open_parser
from monitor.sources.poller import poll
from tests.core.builders import NOON, a_feed
from tests.sources.servers import Request, Writer, answering, serve

FOLDER = Path(__file__).parents[3] / "shared" / "bad-feeds"

# Where our policy is another than the corpus': each with its reason.
DECIDED = {
    # JSON Feed is read, as operators ask for.
    "i25_json_feed.json": "parsed_items=1",
    # The open title is closed again, which the notes accept.
    "b15_unclosed_title.xml": "parsed_items=2",
    # The body of a redirect is not looked at, so what is wrong is that it leads to itself.
    "i13_redirect_body_bomb.gz": "rejected:too_many_redirects",
    # The body of an error answer is not looked at either.
    "i22_cloudflare_challenge.html": "rejected:http_403",
}
KEPT = {"b06": 2, "b07": 2, "b09": 1, "b11": 1, "b12": 0, "b34": 1000}


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """Listens where the hostile feeds would like us to call; nobody must."""
    with socket.create_server(("127.0.0.1", 18_999)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.mark.skipif(
    not FOLDER.is_dir() and not os.environ.get("CI"),
    reason="the corpus of hostile feeds is not beside this checkout",
)
async def test_every_hostile_feed_ends_as_expected(canary: socket.socket) -> None:
    served = {row["file"]: row for row in rows("SERVE.csv")}

    async def answer(request: Request, writer: Writer) -> None:
        row = served[request.path.removeprefix("/")]
        headers = dict(pair.split(": ", 1) for pair in row["headers"].split("|") if ": " in pair)
        if row["content_type"]:
            headers["Content-Type"] = row["content_type"]
        if row["content_encoding"]:
            headers["Content-Encoding"] = row["content_encoding"]
        body = (FOLDER / row["file"]).read_bytes()
        await answering(f"{row['status']} As told", body, **headers)(request, writer)

    wrong = []
    limits = FetchLimits(user_agent="Entente/test", host_pause_s=0, per_host=8, allow=("127.0.0.1",))
    async with serve(answer) as server, open_door(limits) as door, open_parser(workers=2) as parser:
        # A host that says 429 is left alone from then on, and they all have one.
        for row in sorted(rows("EXPECTED.csv"), key=lambda row: served[row["file"]]["status"] == "429"):
            state = FeedState(feed=a_feed(url=server.url(f"/{row['file']}")))
            try:
                fetched = await poll(state, door=door, parser=parser, now=NOON)
            except SourceError as error:
                got = f"rejected:{_reason(error)}"
            else:
                is_cut = fetched.outcome is Outcome.TRUNCATED
                got = "truncated" if is_cut else f"parsed_items={len(fetched.entries)}"
                if is_cut:
                    assert len(fetched.entries) == KEPT[row["file"][:3]]
                    assert not fetched.validators.etag
                text = "".join(e.title + e.summary + e.link for e in fetched.entries)
                assert "SECRETMARK" not in text
                assert "root:" not in text
            if got != DECIDED.get(row["file"], row["expected"]):
                wrong.append(f"{row['file']}: expected {row['expected']}, got {got}")
    assert wrong == []
    with pytest.raises(BlockingIOError):
        canary.accept()


def _reason(error: SourceError) -> str:
    if error.outcome in (Outcome.HTTP_ERROR, Outcome.GONE):
        return f"http_{error.status}"
    return error.outcome.value
