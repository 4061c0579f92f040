"""Servers that break off, stall, flood or say that they want no more requests."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from monitor.core.model import Validators
from monitor.core.outcome import Outcome
from monitor.errors import FetchError
from monitor.sources.http import Door, FetchLimits, open_door
from monitor.sources.lookup import MOST_THREADS, Located, Lookup
from tests.core.builders import NOON
from tests.sources.servers import Request, Writer, answering, serve
from tests.sources.test_http import NONE, a_door, get, refused


async def test_a_connection_that_is_reset() -> None:
    async def reset(_: Request, writer: Writer) -> None:
        # Lingering for no time sends RST instead of FIN.
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    assert (await refused(reset)).outcome in (Outcome.BAD_RESPONSE, Outcome.CONNECT)


async def test_a_connection_that_is_reset_in_the_middle_of_a_body() -> None:
    async def reset(_: Request, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>")
        await writer.drain()
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    assert (await refused(reset)).outcome in (Outcome.BAD_RESPONSE, Outcome.CONNECT)


async def test_a_server_that_takes_the_call_and_says_nothing() -> None:
    async def silent(_: Request, writer: Writer) -> None:
        await asyncio.sleep(60)

    assert (await refused(silent, total_s=0.3)).outcome is Outcome.TIMEOUT


async def test_a_server_whose_queue_is_full() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        # Nobody takes the calls: the first ones fill the queue, and ours is not even answered.
        waiting = [socket.socket() for _ in range(4)]
        for call in waiting:
            call.setblocking(False)
            call.connect_ex(("127.0.0.1", port))
        async with a_door(total_s=0.3) as door:
            with pytest.raises(FetchError) as caught:
                await door.get(f"http://127.0.0.1:{port}/", validators=NONE, now=NOON)
        for call in waiting:
            call.close()
    assert caught.value.outcome is Outcome.TIMEOUT


async def test_the_deadline_covers_headers_that_drip() -> None:
    async def dripping(_: Request, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(10_000):
            writer.write(b"X-%d: y\r\n" % number)
            await writer.drain()
            await asyncio.sleep(0.02)

    assert (await refused(dripping, total_s=0.3)).outcome is Outcome.TIMEOUT


async def test_chunks_without_end_are_cut_off_at_the_limit() -> None:
    async def endless(_: Request, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
            await writer.drain()

    assert (await refused(endless, max_bytes=1_000_000)).outcome is Outcome.TOO_LARGE


async def test_a_chunk_that_never_ends() -> None:
    async def broken(_: Request, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nff\r\nshort")

    assert (await refused(broken)).outcome is Outcome.BAD_RESPONSE


@pytest.mark.parametrize("length", ["-1", "1e9", "99999999999999999999999", "3, 5"])
async def test_a_length_that_is_none(length: str) -> None:
    error = await refused(answering(body=b"<rss/>", Content_Length=length))
    assert error.outcome in (Outcome.BAD_RESPONSE, Outcome.TOO_LARGE)


@pytest.mark.parametrize(
    "head", [b"X: " + b"y" * 100_000, b"\r\n".join(b"X-%d: y" % n for n in range(10_000))]
)
async def test_a_flood_of_headers_is_refused(head: bytes) -> None:
    async def flood(_: Request, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\nContent-Length: 0\r\n\r\n")

    assert (await refused(flood)).outcome is Outcome.BAD_RESPONSE


@pytest.mark.parametrize(
    "etag", ['"a\r\n X-Evil: 1"', '"a\rX-Evil: 1"', '"a\x00b"', '"a\x7fb"', '"ä"', '"a\tb"']
)
async def test_a_validator_with_controls_never_gets_into_our_next_request(etag: str) -> None:
    """A header that is folded or holds controls is refused or dropped: it would split the next request."""
    async with serve(answering(body=b"x", ETag=etag)) as server, a_door() as door:
        kept = NONE
        with suppress(FetchError):  # refused is as good as dropped
            kept = (await door.get(server.url(), validators=NONE, now=NOON)).validators
        assert kept.etag.isprintable()
        with suppress(FetchError):
            await door.get(server.url(), validators=kept, now=NOON)
    assert len(server.requests) == 2
    assert "x-evil" not in server.requests[1].headers


async def test_a_host_that_said_429_is_not_asked_again_before_it_wants_to_be() -> None:
    async with serve(answering("429 Too Many", Retry_After="3600")) as server, a_door() as door:
        for path in ("/one", "/other"):
            with pytest.raises(FetchError) as caught:
                await door.get(server.url(path), validators=NONE, now=NOON)
            assert (caught.value.outcome, caught.value.status) == (Outcome.HTTP_ERROR, 429)
            assert caught.value.retry_after is not None
            assert timedelta(minutes=59) < caught.value.retry_after <= timedelta(hours=1)
    assert [request.path for request in server.requests] == ["/one"]


async def test_503_is_about_one_document_and_its_host_is_asked_for_others() -> None:
    async with serve(answering("503 Busy", Retry_After="3600")) as server, a_door() as door:
        for path in ("/one", "/other"):
            with pytest.raises(FetchError, match="HTTP 503"):
                await door.get(server.url(path), validators=NONE, now=NOON)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [(["301"], True), (["308"], True), (["301", "308"], True), (["302"], False), (["301", "307"], False)],
)
async def test_a_move_is_reported_when_every_step_is_for_good(statuses: list[str], moved: bool) -> None:
    async def answer(request: Request, writer: Writer) -> None:
        step = int(request.path.removeprefix("/"))
        if step < len(statuses):
            await answering(f"{statuses[step]} Moved", Location=f"/{step + 1}")(request, writer)
        else:
            await answering(body=b"<rss/>")(request, writer)

    async with serve(answer) as server, a_door() as door:
        response = await door.get(server.url("/0"), validators=NONE, now=NOON)
        assert response.moved_to == (server.url(f"/{len(statuses)}") if moved else "")
        # Nothing is remembered of it: the address is the operator's to change.
        await door.get(server.url("/0"), validators=NONE, now=NOON)
    assert [request.path for request in server.requests].count("/0") == 2


@pytest.mark.parametrize(
    ("headers", "retry_after", "max_age"),
    [
        ({}, None, None),
        ({"Cache_Control": "public, max-age=600"}, None, timedelta(minutes=10)),
        ({"Cache_Control": "MAX-AGE = 99999999999999"}, None, timedelta(hours=24)),
        ({"Cache_Control": "s-maxage=600, max-age=soon"}, None, None),
        ({"Retry_After": "120"}, timedelta(minutes=2), None),
        ({"Retry_After": "9" * 5000}, timedelta(hours=24), None),
    ],
)
async def test_an_answer_says_when_it_is_worth_asking_again(
    headers: dict[str, str], retry_after: timedelta | None, max_age: timedelta | None
) -> None:
    for status, validators in (("200 OK", NONE), ("304 Not Modified", Validators(etag='"1"'))):
        response, _ = await get(answering(status, **headers), validators)
        assert (response.retry_after, response.max_age) == (retry_after, max_age)


async def outcome_of(door: Door, host: str, port: int) -> Outcome:
    """How one fetch from a host ends."""
    try:
        await door.get(f"http://{host}:{port}/", validators=NONE, now=NOON)
    except FetchError as error:
        return error.outcome
    return Outcome.OK


async def test_name_servers_that_never_answer_hold_up_only_who_asked_them() -> None:
    """As many dead names as may be asked at once, and the names that can be found are found meanwhile."""
    end = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask(host: str, port: int, family: int) -> Sequence[Located]:
        if host.startswith("dead"):
            asyncio.run_coroutine_threadsafe(end.wait(), loop).result()
        return [Located(socket.AF_INET, socket.IPPROTO_TCP, "127.0.0.1")]

    limits = FetchLimits(user_agent="Entente/test", host_pause_s=0, concurrency=4, allow=("127.0.0.1",))
    lookup = Lookup(at_once=4, deadline_s=0.2, ask=ask)
    async with serve(answering(body=b"x")) as server, open_door(limits, lookup=lookup) as door:
        for number in range(4):  # threads that hang pile up, and the next askers still get one
            hosts = [*(f"dead{number}-{n}.example.org" for n in range(4)), f"well{number}.example.org"]
            ended = await asyncio.gather(*(outcome_of(door, host, server.port) for host in hosts))
            assert ended == [Outcome.DNS] * 4 + [Outcome.OK]
        end.set()
        await asyncio.sleep(0.05)


async def test_a_wait_for_a_turn_is_no_failure_of_a_name_server() -> None:
    """A fifth of the names is dead, askers step aside as in life, and every thread is busy for a while."""

    def ask(host: str, port: int, family: int) -> Sequence[Located]:
        if host.startswith("dead"):
            time.sleep(0.4)  # the system's resolver gives up with its asker
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [Located(socket.AF_INET, socket.IPPROTO_TCP, "127.0.0.1")]

    limits = FetchLimits(user_agent="Entente/test", host_pause_s=0, concurrency=64, allow=("127.0.0.1",))
    lookup = Lookup(at_once=1, deadline_s=0.3, ask=ask)  # six threads for all of them
    async with serve(answering(body=b"x")) as server, open_door(limits, lookup=lookup) as door:
        hosts = [f"{'dead' if number % 5 == 0 else 'well'}{number}.example.org" for number in range(100)]
        ended = await asyncio.gather(*(outcome_of(door, host, server.port) for host in hosts))
    assert ended == [Outcome.DNS if host.startswith("dead") else Outcome.OK for host in hosts]


async def test_a_thread_that_cannot_be_started_costs_one_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    lookup = Lookup(at_once=1, ask=lambda *_: [])
    monkeypatch.setattr(lookup._threads, "submit", none_left)
    with pytest.raises(socket.gaierror, match="can't start new thread"):
        await lookup.find("wire.example.org", 80)


def test_whatever_is_configured_the_threads_are_bounded() -> None:
    lookup = Lookup(at_once=1000)
    assert lookup._threads._max_workers == MOST_THREADS
    lookup.close()


def test_the_systems_resolver_gives_up_with_its_asker() -> None:
    Lookup(at_once=1).close()
    assert os.environ["RES_OPTIONS"]


async def test_a_name_that_is_not_found_is_no_410() -> None:
    def ask(*_: object) -> Sequence[Located]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    limits = FetchLimits(user_agent="Entente/test", host_pause_s=0)
    async with open_door(limits, lookup=Lookup(at_once=1, ask=ask)) as door:
        with pytest.raises(FetchError) as caught:
            await door.get("http://news.example.com/", validators=NONE, now=NOON)
    assert caught.value.outcome is Outcome.DNS
