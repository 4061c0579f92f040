from __future__ import annotations

from dataclasses import replace

from monitor.core.model import FeedState, Fetched, Validators
from monitor.core.outcome import Outcome
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
