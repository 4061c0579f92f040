from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.model import FeedState, Fetched, Validators
from monitor.core.outcome import Outcome
from monitor.errors import ParseError
from monitor.sources.http import FetchLimits, open_door
from monitor.sources.parsing import open_parser
from monitor.sources.poller import poll
from tests.core.builders import NOON, a_feed
from tests.sources.servers import Answer, Request, Writer, answering, serve

WHOLE = b"<rss><channel><item><title>A</title><guid>1</guid></item></channel></rss>"
TAG = Validators(etag='"1"')


async def polled(answer: Answer, *states: FeedState) -> list[Fetched]:
    limits = FetchLimits(user_agent="Entente/test", host_pause_s=0, allow=("127.0.0.1",))
    async with serve(answer) as server, open_door(limits) as door, open_parser(workers=1) as parser:
        at = [replace(state, feed=replace(state.feed, url=server.url())) for state in states]
        return [await poll(state, door=door, parser=parser, now=NOON) for state in at]


async def test_a_whole_document_leaves_what_to_ask_with_next_time() -> None:
    (fetched,) = await polled(answering(body=WHOLE, ETag='"1"'), FeedState(feed=a_feed()))
    assert (fetched.outcome, fetched.validators) == (Outcome.OK, TAG)
    assert [entry.title for entry in fetched.entries] == ["A"]


async def test_the_same_bytes_again_are_unchanged() -> None:
    (first,) = await polled(answering(body=WHOLE), FeedState(feed=a_feed()))
    (again,) = await polled(answering(body=WHOLE), FeedState(feed=a_feed(), body_hash=first.body_hash))
    assert (again.outcome, again.entries) == (Outcome.UNCHANGED, ())


async def test_the_server_may_say_so_itself() -> None:
    async def answer(request: Request, writer: Writer) -> None:
        assert request.headers["if-none-match"] == '"1"'
        await answering("304 Not Modified")(request, writer)

    (fetched,) = await polled(answer, FeedState(feed=a_feed(), validators=TAG))
    assert (fetched.outcome, fetched.status, fetched.entries) == (Outcome.NOT_MODIFIED, 304, ())


async def test_a_cut_document_is_asked_for_again() -> None:
    (fetched,) = await polled(
        answering(body=WHOLE.removesuffix(b"</channel></rss>"), ETag='"1"'), FeedState(feed=a_feed())
    )
    assert (fetched.outcome, len(fetched.entries)) == (Outcome.TRUNCATED, 1)
    assert (fetched.validators, fetched.body_hash) == (Validators(), "")


async def test_an_etag_that_changes_every_time_makes_no_news() -> None:
    answers = iter(range(9))

    async def answer(request: Request, writer: Writer) -> None:
        await answering(body=WHOLE, ETag=f'W/"{next(answers)}"')(request, writer)

    (first,) = await polled(answer, FeedState(feed=a_feed()))
    state = FeedState(feed=a_feed(), body_hash=first.body_hash, validators=first.validators)
    assert [fetched.outcome for fetched in await polled(answer, state, state)] == [Outcome.UNCHANGED] * 2


async def test_a_feed_that_became_a_page_is_said_to_be_none() -> None:
    page = b"<!doctype html><html><body>Russia and China begin a patrol. Please log in.</body></html>"
    with pytest.raises(ParseError) as caught:
        await polled(answering(body=page, ETag='"2"'), FeedState(feed=a_feed(), validators=TAG))
    assert caught.value.outcome is Outcome.NOT_A_FEED


async def test_a_feed_that_moved_for_good_says_where_to() -> None:
    async def answer(request: Request, writer: Writer) -> None:
        moved = answering("301 Moved", Location="/new")
        await (moved if request.path == "/feed" else answering(body=WHOLE))(request, writer)

    (fetched,) = await polled(answer, FeedState(feed=a_feed()))
    assert (fetched.outcome, len(fetched.entries)) == (Outcome.OK, 1)
    assert fetched.detail.startswith("moved for good to http://127.0.0.1:")
    assert fetched.detail.endswith("/new: change its address")


@pytest.mark.parametrize(
    ("ttl", "headers", "expected"),
    [
        ("", {}, None),
        ("0", {}, timedelta(0)),
        ("90", {}, timedelta(minutes=90)),
        ("99999999999999999999", {}, timedelta(hours=6)),
        ("-5", {}, None),
        ("soon", {}, None),
        ("", {"Cache_Control": "max-age=7200"}, timedelta(hours=2)),
        ("60", {"Cache_Control": "max-age=7200"}, timedelta(hours=2)),
        ("", {"Cache_Control": "max-age=999999"}, timedelta(hours=6)),
        ("60", {"Retry_After": "43200"}, timedelta(hours=12)),
    ],
)
async def test_a_feed_is_asked_when_it_wants_to_be_and_advice_never_outlasts_its_rhythm(
    ttl: str, headers: dict[str, str], expected: timedelta | None
) -> None:
    body = WHOLE.replace(b"<channel>", f"<channel><ttl>{ttl}</ttl>".encode())
    state = FeedState(feed=a_feed(expected_every=timedelta(hours=6)))
    (fetched,) = await polled(answering(body=body, **headers), state)
    assert fetched.min_wait == expected
