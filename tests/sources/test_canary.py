"""Nothing but public addresses is ever asked: a listener that nobody may touch, and every way to name it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network

import pytest

from monitor.core.model import FeedState, Validators
from monitor.core.outcome import Outcome
from monitor.errors import FetchError
from monitor.sources.address import PORTS
from monitor.sources.http import Door, FetchLimits, open_door
from monitor.sources.lookup import Ask, Located, Lookup
from monitor.sources.parsing import open_parser
from monitor.sources.poller import poll
from tests.core.builders import NOON, a_feed
from tests.sources.servers import Request, Writer, answering, serve

REFUSALS = {Outcome.BLOCKED_ADDRESS, Outcome.BAD_URL}
# A target that is no address is a path of the server that named it, or that page itself.
ELSEWHERE = {Outcome.HTTP_ERROR, Outcome.TOO_MANY_REDIRECTS}

# Every way that we know to write this machine or its network as a host of an address.
SPELLINGS = [
    "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.8.9.1", "127.255.255.254", "0", "0.0.0.0", "0.0.0.1",
    "0x0", "0x7f.1", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "0x7f000001", "0X7F000001", "2130706433",
    "017700000001", "0177.0.0.1", "0177.0.0.01", "127.000.000.001", "00000177.1",
    "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "1２7.0.0.1", "ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::127.0.0.1]",
    "[::7f00:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2002:7f00:1::1]", "[2001:0:7f00:1::1]", "[2001:10::1]", "[2001:db8::1]", "[fe80::1]",
    "[fe80::1%lo]", "[fe80::1%25lo]", "[fc00::1]", "[fd00::1]", "[ff02::1]", "[100::1]", "[5f00::1]",
    "localhost", "LOCALHOST", "localhost.", "LocalHost", "localhost.localdomain", "x.localhost", "a.b.local",
    "db.internal", "metadata.google.internal", "router.home.arpa",
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.169.254.",
    "0xa9fea9fe", "2852039166", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "user:secret@127.0.0.1", "news.example.com@127.0.0.1", "news.example.com:80@127.0.0.1", "@127.0.0.1",
    "news.example.com%40@127.0.0.1",
]  # fmt: skip

# As the design lists them, and not as the code does.
DENIED = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/96", "::ffff:0:0/96", "64:ff9b::/96",
    "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "5f00::/16", "fc00::/7",
    "fe80::/10", "fec0::/10", "ff00::/8", "::ffff:0:0:0/96", "3fff::/20", "4000::/3",
]  # fmt: skip
# The first and the last address of each range, and one in the middle.
INSIDE = [str(net[n]) for net in map(ip_network, DENIED) for n in (0, net.num_addresses // 2, -1)]


@dataclass
class Canary:
    port: int
    touched: int = 0


@asynccontextmanager
async def canary(host: str = "0.0.0.0", port: int = 0) -> AsyncIterator[Canary]:
    """Listens on every address of this machine, both families."""
    bird = Canary(port)

    def touch(_: asyncio.StreamReader, writer: Writer) -> None:
        bird.touched += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbird")
        writer.close()

    first = await asyncio.start_server(touch, host, port)
    bird.port = first.sockets[0].getsockname()[1]
    listeners = [first]
    if host == "0.0.0.0" and socket.has_ipv6:
        listeners.append(await asyncio.start_server(touch, "::1", bird.port))
    try:
        yield bird
    finally:
        for listener in listeners:
            listener.close()
            await listener.wait_closed()


def located(*addresses: str) -> list[Located]:
    kinds = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
    return [
        Located(kind, socket.IPPROTO_TCP, address) for kind, address in zip(kinds, addresses, strict=True)
    ]


def hostile_names(host: str, port: int, family: int) -> Sequence[Located]:
    """A name server of our enemies: numbers are what the system takes them for, names this machine."""
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return located("127.0.0.1", "::1")
    return located(*(str(where[0]) for *_, where in found))


@asynccontextmanager
async def a_door(*ports: int, ask: Ask = hostile_names, allow: tuple[str, ...] = ()) -> AsyncIterator[Door]:
    """A door for which the canary's port is one of the web's, so that only its address speaks against it."""
    limits = FetchLimits(
        user_agent="Entente/test", host_pause_s=0, per_host=9, ports=PORTS | set(ports), allow=allow
    )
    async with open_door(limits, lookup=Lookup(at_once=4, ask=ask)) as door:
        yield door


async def outcome_of(door: Door, url: str) -> Outcome:
    try:
        await door.get(url, validators=Validators(), now=NOON)
    except FetchError as error:
        return error.outcome if "secret" not in str(error) else Outcome.OK
    return Outcome.OK


async def test_the_canary_is_alive() -> None:
    async with canary() as bird, a_door(bird.port, allow=("127.0.0.0/8", "::1")) as door:
        for host in ("127.0.0.1", "127.8.9.1", "[::1]", "localhost", "0x7f.1"):
            assert await outcome_of(door, f"http://{host}:{bird.port}/") is Outcome.OK, host
    assert bird.touched == 5


async def test_every_spelling_of_this_machine_and_its_network_is_refused() -> None:
    assert len(set(SPELLINGS)) >= 70
    async with canary() as bird, a_door(bird.port) as door:
        ended = {host: await outcome_of(door, f"http://{host}:{bird.port}/") for host in SPELLINGS}
    assert {host: outcome for host, outcome in ended.items() if outcome not in REFUSALS} == {}
    assert bird.touched == 0


async def test_every_spelling_is_refused_behind_a_redirect_too() -> None:
    async def answer(request: Request, writer: Writer) -> None:
        host = SPELLINGS[int(request.path[1:])].encode().decode("latin-1")
        await answering("302 Found", Location=f"http://{host}:{bird.port}/")(request, writer)

    async with (
        canary() as bird,
        serve(answer) as server,
        a_door(bird.port, allow=(f"127.0.0.1:{server.port}",)) as door,
    ):
        ended = {host: await outcome_of(door, server.url(f"/{n}")) for n, host in enumerate(SPELLINGS)}
    assert {host: outcome for host, outcome in ended.items() if outcome not in REFUSALS} == {}
    assert len(server.requests) == len(SPELLINGS)
    assert bird.touched == 0


async def test_every_denied_range_is_refused_as_an_address_and_behind_a_name() -> None:
    answers = iter(INSIDE)

    async with canary() as bird, a_door(bird.port, ask=lambda *_: located(next(answers))) as door:
        for address in INSIDE:
            host = f"[{address}]" if ":" in address else address
            assert await outcome_of(door, f"http://{host}:{bird.port}/") in REFUSALS, address
            named = await outcome_of(door, f"http://news.example.com:{bird.port}/")
            assert named is Outcome.BLOCKED_ADDRESS, address
    assert next(answers, None) is None
    assert bird.touched == 0


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 11211, 18_999])
async def test_a_public_address_is_asked_on_the_ports_of_the_web_alone(port: int) -> None:
    async with a_door(ask=lambda *_: located("8.8.8.8")) as door:
        assert await outcome_of(door, f"http://news.example.com:{port}/") is Outcome.BLOCKED_ADDRESS
        assert await outcome_of(door, f"http://8.8.8.8:{port}/") is Outcome.BLOCKED_ADDRESS


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_x",
        "data:text/xml,<rss/>", "dict://127.0.0.1:{port}/", "javascript:alert(1)", "ws://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/", "//localhost:{port}/", "http:127.0.0.1:{port}", "http:///127.0.0.1:{port}/",
        "\\\\127.0.0.1:{port}\\",
        "http://127.0.0.1:{port}\\@news.example.com/", "http://127.0.0.1:{port}#@news.example.com/",
        " http://127.0.0.1:{port}/ ", "http://\t127.0.0.1:{port}/", "HTTP://127.0.0.1:{port}/", "http://",
    ],
)  # fmt: skip
async def test_no_redirect_leads_to_another_scheme_or_to_this_machine(target: str) -> None:
    async def answer(request: Request, writer: Writer) -> None:
        if request.path == "/feed":
            await answering("302 Found", Location=target.format(port=bird.port))(request, writer)
        else:
            await answering("404 Not Found")(request, writer)

    async with (
        canary() as bird,
        serve(answer) as server,
        a_door(bird.port, allow=(f"127.0.0.1:{server.port}",)) as door,
    ):
        assert await outcome_of(door, server.url()) in REFUSALS | ELSEWHERE
    assert bird.touched == 0


async def test_a_name_that_changes_its_meaning_between_two_looks_gains_nothing() -> None:
    """1,000 fetches of a name that is public (here: allowed) and this machine in turn."""
    asked = 0

    def alternating(*_: object) -> Sequence[Located]:
        nonlocal asked
        asked += 1
        return (located("127.0.0.2"), located("127.0.0.1"), located("127.0.0.1", "127.0.0.2"))[asked % 3]

    async with canary("127.0.0.1") as bird:
        public = serve(answering(body=b"hello"), host="127.0.0.2", port=bird.port)
        async with public as server, a_door(bird.port, ask=alternating, allow=("127.0.0.2",)) as door:
            url = f"http://news.example.com:{bird.port}/"
            ended = [await outcome_of(door, url) for _ in range(1000)]
    assert len(server.requests) == 666
    assert asked == 1000
    assert ended.count(Outcome.BLOCKED_ADDRESS) == 334
    assert ended.count(Outcome.OK) == 666
    assert bird.touched == 0


async def test_a_name_is_looked_at_again_at_every_hop() -> None:
    answers = iter([located("127.0.0.2"), located("127.0.0.1")])

    async with canary("127.0.0.1") as bird:
        public = serve(answering("302 Found", Location="/next"), host="127.0.0.2", port=bird.port)
        async with public, a_door(bird.port, ask=lambda *_: next(answers), allow=("127.0.0.2",)) as door:
            url = f"http://news.example.com:{bird.port}/"
            assert await outcome_of(door, url) is Outcome.BLOCKED_ADDRESS
    assert next(answers, None) is None
    assert bird.touched == 0


async def test_what_is_allowed_by_its_name_is_not_asked_by_its_address() -> None:
    async with canary() as bird, a_door(bird.port, allow=("intra.example",)) as door:
        assert await outcome_of(door, f"http://intra.example:{bird.port}/") is Outcome.OK
        for host in ("127.0.0.1", "other.example", "[::1]"):
            assert await outcome_of(door, f"http://{host}:{bird.port}/") is Outcome.BLOCKED_ADDRESS
    assert bird.touched == 1


async def test_names_of_this_network_are_not_even_looked_up() -> None:
    def ask(*_: object) -> Sequence[Located]:
        raise AssertionError("asked")

    async with a_door(ask=ask) as door:
        for host in ("localhost", "db.internal", "printer.local", "x.localhost."):
            assert await outcome_of(door, f"http://{host}/") is Outcome.BLOCKED_ADDRESS


async def test_proxy_variables_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with canary() as bird, serve(answering(body=b"x")) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "ws_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{bird.port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{bird.port}")
        async with a_door(bird.port, allow=(f"127.0.0.1:{server.port}",)) as door:
            assert await outcome_of(door, server.url()) is Outcome.OK
            assert await outcome_of(door, "https://[::1]:8443/") is Outcome.BLOCKED_ADDRESS
    assert bird.touched == 0


async def test_nothing_that_a_document_names_is_ever_fetched() -> None:
    document = """<?xml version="1.0"?><?xml-stylesheet href="{at}/style.xsl" type="text/xsl"?>
    <!DOCTYPE rss SYSTEM "{at}/rss.dtd"><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"
     xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/"
     xmlns:xi="http://www.w3.org/2001/XInclude"><channel><title>F</title><link>{at}/site</link>
    <atom:link rel="self" href="{at}/self"/><atom:link rel="hub" href="{at}/hub"/>
    <itunes:new-feed-url>{at}/new</itunes:new-feed-url><image><url>{at}/icon</url></image>
    <cloud domain="127.0.0.1" port="{port}" path="/" registerProcedure="x" protocol="http-post"/>
    <item><title>A</title><guid>1</guid><link>{at}/item</link><comments>{at}/comments</comments>
    <enclosure url="{at}/sound" length="1" type="audio/mpeg"/><media:thumbnail url="{at}/thumb"/>
    <source url="{at}/source">S</source><xi:include href="{at}/include"/>
    <description>&lt;img src="{at}/pixel"&gt;&lt;iframe src="{at}/frame"&gt;text</description></item>
    </channel></rss>"""
    async with canary() as bird, open_parser(workers=1) as parser:
        body = document.format(at=f"http://127.0.0.1:{bird.port}", port=bird.port).encode()
        async with (
            serve(answering(body=body)) as server,
            a_door(bird.port, allow=(f"127.0.0.1:{server.port}",)) as door,
        ):
            state = FeedState(feed=a_feed(url=server.url()))
            fetched = await poll(state, door=door, parser=parser, now=NOON)
    assert [entry.title for entry in fetched.entries] == ["A"]
    assert bird.touched == 0
