from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from monitor.core.model import Validators
from monitor.core.outcome import Outcome
from monitor.errors import FetchError
from monitor.sources.http import Door, FetchLimits, Response, open_door
from tests.core.builders import NOON
from tests.sources.servers import Answer, Request, Server, Writer, answering, serve

NONE = Validators()


@asynccontextmanager
async def a_door(**given: object) -> AsyncIterator[Door]:
    values = {
        "user_agent": "Entente/test",
        "host_pause_s": 0.0,
        "per_host": 9,
        "allow": ("127.0.0.1",),
        "total_s": 5.0,
    }
    async with open_door(FetchLimits(**(values | given))) as door:  # type: ignore[arg-type]
        yield door


async def get(answer: Answer, validators: Validators = NONE, **limits: object) -> tuple[Response, Server]:
    async with serve(answer) as server, a_door(**limits) as door:
        return await door.get(server.url(), validators=validators, now=NOON), server


async def refused(answer: Answer, validators: Validators = NONE, **limits: object) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await get(answer, validators, **limits)
    return caught.value


async def test_a_document_comes_with_what_to_ask_for_next_time() -> None:
    response, server = await get(
        answering(
            body=b"<rss/>",
            ETag='"a1"',
            Last_Modified="Mon, 05 Jan 2026 10:00:00 GMT",
            Content_Type="text/xml",
        )
    )
    assert (response.status, response.body, response.content_type) == (200, b"<rss/>", "text/xml")
    assert response.validators == Validators(etag='"a1"', last_modified="Mon, 05 Jan 2026 10:00:00 GMT")
    headers = server.requests[0].headers
    assert headers["user-agent"] == "entente/test"
    assert headers["accept-encoding"] == "gzip, deflate"
    assert "if-none-match" not in headers


async def test_validators_are_sent_and_304_has_no_body() -> None:
    response, server = await get(answering("304 Not Modified"), Validators(etag='"a1"', last_modified="then"))
    assert (response.status, response.body) == (304, b"")
    assert server.requests[0].headers["if-none-match"] == '"a1"'
    assert server.requests[0].headers["if-modified-since"] == "then"


@pytest.mark.parametrize("status", ["304 Not Modified", "206 Partial Content", "204 No Content"])
async def test_an_answer_to_a_question_that_was_not_asked_is_refused(status: str) -> None:
    assert (await refused(answering(status))).outcome is Outcome.BAD_RESPONSE


async def test_a_validator_that_would_bloat_the_next_request_is_dropped() -> None:
    response, _ = await get(answering(body=b"x", ETag='"' + "a" * 2000 + '"'))
    assert response.validators == NONE


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"<rss/>")),
        ("gzip", gzip.compress(b"<rss/>") + b"trailing rubbish"),
        ("deflate", zlib.compress(b"<rss/>")),
        ("deflate", zlib.compress(b"<rss/>")[2:-4]),
        ("identity", b"<rss/>"),
    ],
)
async def test_one_coding_is_undone(coding: str, body: bytes) -> None:
    response, _ = await get(answering(body=body, Content_Encoding=coding))
    assert response.body == b"<rss/>"


@pytest.mark.parametrize(
    ("coding", "body", "outcome"),
    [
        ("br", b"x", Outcome.CONTENT_ENCODING),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x")), Outcome.CONTENT_ENCODING),
        ("gzip", gzip.compress(b"<rss/>" * 100)[:-12], Outcome.BAD_CONTENT_ENCODING),
        ("gzip", gzip.compress(b"<rss/>")[:-8] + b"\0" * 8, Outcome.BAD_CONTENT_ENCODING),
        ("gzip", b"not gzip at all", Outcome.BAD_CONTENT_ENCODING),
        ("gzip", gzip.compress(b" " * 3_000_000), Outcome.TOO_LARGE),
        ("deflate", zlib.compress(b" " * 3_000_000), Outcome.TOO_LARGE),
        ("identity", b" " * 1_000_001, Outcome.TOO_LARGE),
    ],
)
async def test_bodies_that_are_refused(coding: str, body: bytes, outcome: Outcome) -> None:
    error = await refused(answering(body=body, Content_Encoding=coding), max_bytes=1_000_000)
    assert error.outcome is outcome


async def test_an_endless_body_is_cut_off_at_the_limit() -> None:
    async def endless(_: Request, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b" " * 65_536)
            await writer.drain()

    assert (await refused(endless, max_bytes=1_000_000)).outcome is Outcome.TOO_LARGE


async def test_the_deadline_covers_a_body_that_drips() -> None:
    async def dripping(_: Request, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    started = time.monotonic()
    error = await refused(dripping, total_s=0.3)
    assert error.outcome is Outcome.TIMEOUT
    assert time.monotonic() - started < 3


async def test_a_body_shorter_than_announced_is_a_failed_fetch() -> None:
    assert (await refused(answering(body=b"half", Content_Length="8"))).outcome is Outcome.BAD_RESPONSE


async def test_what_is_no_http_is_a_bad_response() -> None:
    async def rubbish(_: Request, writer: Writer) -> None:
        writer.write(b"SSH-2.0-none\r\n\r\n")

    assert (await refused(rubbish)).outcome is Outcome.BAD_RESPONSE


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "wait"),
    [
        ("404 Not Found", {}, Outcome.HTTP_ERROR, None),
        ("410 Gone", {}, Outcome.GONE, None),
        ("429 Too Many", {"Retry_After": "3600"}, Outcome.HTTP_ERROR, timedelta(hours=1)),
        ("503 Busy", {"Retry_After": "999999999999"}, Outcome.HTTP_ERROR, timedelta(hours=24)),
        (
            "503 Busy",
            {"Retry_After": "Mon, 23 Nov 2026 13:00:00 GMT"},
            Outcome.HTTP_ERROR,
            timedelta(hours=1),
        ),
        (
            "503 Busy",
            {"Retry_After": "Mon, 23 Nov 2026 13:00:00 GMT", "Date": "Mon, 23 Nov 2026 12:30:00 GMT"},
            Outcome.HTTP_ERROR,
            timedelta(minutes=30),
        ),
        ("503 Busy", {"Retry_After": "Mon, 23 Nov 2020 13:00:00 GMT"}, Outcome.HTTP_ERROR, timedelta(0)),
        ("503 Busy", {"Retry_After": "soon"}, Outcome.HTTP_ERROR, None),
        ("500 Broken", {"Retry_After": "60"}, Outcome.HTTP_ERROR, None),
    ],
)
async def test_errors_of_the_server(
    status: str, headers: dict[str, str], outcome: Outcome, wait: timedelta | None
) -> None:
    error = await refused(answering(status, b"<rss/>", **headers))
    assert (error.outcome, error.retry_after, error.status) == (outcome, wait, int(status[:3]))


async def test_redirects_are_followed_and_their_bodies_never_read() -> None:
    async def answer(request: Request, writer: Writer) -> None:
        if request.path == "/feed":
            writer.write(
                b"HTTP/1.1 301 Moved\r\nLocation: /new\r\nContent-Encoding: x-evil\r\n"
                b"Content-Length: 9\r\n\r\nrubbish!!"
            )
        else:
            await answering(body=b"<rss/>")(request, writer)

    response, server = await get(answer)
    assert response.body == b"<rss/>"
    assert response.url == server.url("/new")


async def test_at_most_five_redirects() -> None:
    async def onward(request: Request, writer: Writer) -> None:
        await answering("302 Found", Location=f"{request.path}x")(request, writer)

    error = await refused(onward)
    assert (error.outcome, error.detail) == (Outcome.TOO_MANY_REDIRECTS, "more than 5")


async def test_a_circle_is_named() -> None:
    assert "in a circle" in (await refused(answering("302 Found", Location="/feed"))).detail


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        ("http://[::1]:{port}/", Outcome.BLOCKED_ADDRESS),
        ("http://127.0.0.2:{port}/", Outcome.BLOCKED_ADDRESS),
        ("http://localhost/", Outcome.BLOCKED_ADDRESS),
        ("http://169.254.169.254/latest/meta-data", Outcome.BLOCKED_ADDRESS),
        ("http://[::ffff:7f00:1]/", Outcome.BLOCKED_ADDRESS),
        ("http://[64:ff9b::7f00:1]/", Outcome.BLOCKED_ADDRESS),
        ("http://2130706433/", Outcome.BAD_URL),
        ("http://0x7f.1/", Outcome.BLOCKED_ADDRESS),
        ("file:///etc/passwd", Outcome.BAD_URL),
        ("gopher://127.0.0.1/", Outcome.BAD_URL),
    ],
)
async def test_a_redirect_leads_nowhere_that_a_feed_may_not(target: str, outcome: Outcome) -> None:
    async def answer(request: Request, writer: Writer) -> None:
        await answering("302 Found", Location=target.format(port=request.headers["host"].split(":")[1]))(
            request, writer
        )

    async with serve(answer) as server, a_door(allow=(f"127.0.0.1:{server.port}",)) as door:
        with pytest.raises(FetchError) as caught:
            await door.get(server.url(), validators=NONE, now=NOON)
    assert caught.value.outcome is outcome
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8080/",
        "http://user:pw@127.0.0.1/",
        "http://[::1]/",
        "http://127.1/",
        "http://0/",
    ],
)
async def test_this_machine_is_not_asked_unless_the_operator_says_so(url: str) -> None:
    async with a_door(allow=()) as door:
        with pytest.raises(FetchError) as caught:
            await door.get(url, validators=NONE, now=NOON)
    assert caught.value.outcome in (Outcome.BLOCKED_ADDRESS, Outcome.BAD_URL)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("host", ["a" * 70 + ".example.org", "a..example.org"])
async def test_a_name_that_no_host_can_have(host: str) -> None:
    async with a_door() as door:
        with pytest.raises(FetchError) as caught:
            await door.get(f"http://{host}/", validators=NONE, now=NOON)
    assert caught.value.outcome in (Outcome.DNS, Outcome.BAD_URL)


async def test_a_host_on_the_allow_list_is_asked_by_its_name() -> None:
    async with serve(answering(body=b"x")) as server:
        for allow, expected in (((f"localhost:{server.port}",), b"x"), (("localhost:1",), None)):
            async with a_door(allow=allow) as door:
                got = door.get(f"http://localhost:{server.port}/", validators=NONE, now=NOON)
                if expected:
                    assert (await got).body == expected
                    continue
                with pytest.raises(FetchError) as caught:
                    await got
                assert caught.value.outcome is Outcome.BLOCKED_ADDRESS


async def test_nobody_listens() -> None:
    async with serve(answering()) as server:
        pass
    async with a_door() as door:
        with pytest.raises(FetchError) as caught:
            await door.get(server.url(), validators=NONE, now=NOON)
    assert caught.value.outcome is Outcome.CONNECT


async def test_a_server_without_tls_where_it_was_expected() -> None:
    async def speak_first(_: asyncio.StreamReader, writer: Writer) -> None:
        writer.write(b"220 mail.example.org ready\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak_first, "127.0.0.1", 0) as server, a_door() as door:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(FetchError) as caught:
            await door.get(f"https://127.0.0.1:{port}/", validators=NONE, now=NOON)
    assert caught.value.outcome is Outcome.TLS


async def test_one_request_at_a_time_to_one_host_with_a_pause() -> None:
    under_way = most = 0

    async def counted(request: Request, writer: Writer) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        await answering(body=b"x")(request, writer)

    started = time.monotonic()
    async with serve(counted) as server, a_door(per_host=1, host_pause_s=0.05) as door:
        await asyncio.gather(*(door.get(server.url(f"/{n}"), validators=NONE, now=NOON) for n in range(4)))
    assert most == 1
    assert time.monotonic() - started >= 3 * 0.05


async def test_no_cookie_comes_back() -> None:
    async with serve(answering(body=b"x", Set_Cookie="a=b")) as server, a_door() as door:
        for _ in range(2):
            await door.get(server.url(), validators=NONE, now=NOON)
    assert all("cookie" not in request.headers for request in server.requests)
