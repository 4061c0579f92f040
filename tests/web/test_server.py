"""The door on real databases: looking changes nothing, a button acts, every refusal has its status."""

from __future__ import annotations

import asyncio
import gzip
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import aiohttp
import pytest
from aiohttp.web import Application
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import delete, select

from monitor.core.review import Verdict
from monitor.errors import StorageError
from monitor.services.tokens import Act, Kind
from monitor.storage import alerts, meta, signals
from monitor.storage.engine import reading, writing
from monitor.storage.schema import alerts as alert_rows
from monitor.storage.schema import signals as signal_rows
from monitor.storage.schema import verdicts as verdict_rows
from monitor.web.server import HEADERS, MOST_CONNECTIONS, make_app, serve
from tests.core.builders import NOON
from tests.storage.builders import a_match, a_signal_row
from tests.web.conftest import HOSTILE, SECRET, WEEK, Client, Clock, Desk, Stored, link

KINDS = list(Kind)
BUTTONS = {Kind.VERDICT: "true", Kind.ACKNOWLEDGE: "acknowledge", Kind.UNSUBSCRIBE: "unsubscribe"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def said(stored: Stored) -> list[tuple[str, str, str, datetime]]:
    columns = verdict_rows.c
    query = select(columns.verdict, columns.given_by, columns.note, columns.given_at)
    with reading(stored.engine) as connection:
        return [tuple(row) for row in connection.execute(query.order_by(columns.id))]


def unsubscribed(stored: Stored, recipient_id: str = "watch") -> str:
    with reading(stored.engine) as connection:
        return meta.get(connection, f"unsubscribed:{recipient_id}")


@pytest.mark.parametrize("kind", KINDS)
async def test_looking_a_hundred_times_changes_nothing(client: Client, stored: Stored, kind: Kind) -> None:
    before = stored.everything()
    for number in range(100):
        async with client.request("HEAD" if number % 2 else "GET", stored.link(kind)) as answer:
            assert answer.status == 200
            assert bool(await answer.text()) is (number % 2 == 0)
    assert stored.everything() == before


@pytest.mark.parametrize("kind", KINDS)
async def test_every_form_is_plain_safe_and_posts_to_itself(
    client: Client, stored: Stored, kind: Kind
) -> None:
    answer = await client.get(stored.link(kind))
    text = await answer.text()
    assert answer.content_type == "text/html"
    page = LexborHTMLParser(text)
    assert page.css_first("html").attributes["lang"] == "en"
    assert page.css_first("title").text()
    assert page.css_first("meta[name=viewport]") is not None
    assert "prefers-color-scheme: dark" in text
    assert page.css("script, link, img, iframe, [src], [href], [onclick]") == []
    assert page.css_first("form").attributes == {"method": "post"}
    values = [button.attributes["value"] for button in page.css("button[name=do]")]
    assert values == (["true", "routine", "false"] if kind is Kind.VERDICT else [kind.value])


@pytest.mark.parametrize("verdict", list(Verdict))
async def test_a_verdict_is_given(client: Client, stored: Stored, verdict: Verdict) -> None:
    answer = await client.post(
        stored.link(Kind.VERDICT), data={"do": verdict.value, "note": "a <b>drill</b>"}
    )
    assert answer.status == 200
    text = await answer.text()
    assert f"Noted: {verdict}" in text
    assert "a &lt;b&gt;drill&lt;/b&gt;" in text
    assert said(stored) == [(verdict.value, "watch", "a <b>drill</b>", NOON)]
    with reading(stored.engine) as connection:
        (signal,) = signals.signals_of_entry(connection, stored.entry_id)
    assert signal.verdict is verdict


async def test_a_form_tells_what_was_said_before(client: Client, stored: Stored) -> None:
    await client.post(stored.link(Kind.VERDICT), data={"do": "routine"})
    assert (
        "Said before: routine, 2026-11-23 12:00Z"
        in await (await client.get(stored.link(Kind.VERDICT))).text()
    )


async def test_an_alert_is_acknowledged(client: Client, stored: Stored) -> None:
    assert (await client.post(stored.link(Kind.ACKNOWLEDGE), data={"do": "acknowledge"})).status == 200
    with reading(stored.engine) as connection:
        (alert,) = alerts.since(connection, NOON - WEEK)
    assert alert.acknowledged_by == "watch"
    assert "Acknowledged before by watch" in await (await client.get(stored.link(Kind.ACKNOWLEDGE))).text()


async def test_a_recipient_unsubscribes_with_the_button(client: Client, stored: Stored) -> None:
    assert (await client.post(stored.link(Kind.UNSUBSCRIBE), data={"do": "unsubscribe"})).status == 200
    assert unsubscribed(stored) == NOON.isoformat()


@pytest.mark.parametrize("form", ["url-encoded", "multipart", "untyped"])
async def test_one_click_needs_nothing_else(app: Application, stored: Stored, form: str) -> None:
    data: object = ONE_CLICK
    headers = {}
    if form == "multipart":
        writer = aiohttp.MultipartWriter("form-data")
        writer.append("One-Click").set_content_disposition("form-data", name="List-Unsubscribe")
        data = writer
    elif form == "untyped":
        data, headers = b"List-Unsubscribe=One-Click", {"Content-Type": ""}
    async with serve(app, host="127.0.0.1", port=0) as port, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}{stored.link(Kind.UNSUBSCRIBE)}"
        async with session.post(url, data=data, headers=headers) as answer:
            assert answer.status == 200
    assert unsubscribed(stored) == NOON.isoformat()


@pytest.mark.parametrize("kind", [Kind.VERDICT, Kind.ACKNOWLEDGE])
async def test_one_click_does_nothing_but_unsubscribe(client: Client, stored: Stored, kind: Kind) -> None:
    before = stored.everything()
    assert (await client.post(stored.link(kind), data=ONE_CLICK)).status == 400
    assert stored.everything() == before


@pytest.mark.parametrize("kind", KINDS)
async def test_two_posts_of_one_token_are_harmless(
    client: Client, clock: Clock, stored: Stored, kind: Kind
) -> None:
    url, data = stored.link(kind), {"do": BUTTONS[kind], "note": "drill"}
    answers = await asyncio.gather(*(client.post(url, data=data) for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4
    once = stored.everything()
    assert len(once["verdicts"]) == (kind is Kind.VERDICT)
    if kind is not Kind.UNSUBSCRIBE:
        clock.at += timedelta(hours=1)
    assert (await client.post(url, data=data)).status == 200
    assert stored.everything() == once


async def test_a_later_verdict_replaces_an_earlier_one(client: Client, clock: Clock, stored: Stored) -> None:
    for verdict in ("true", "false", "true"):
        clock.at += timedelta(minutes=1)
        await client.post(stored.link(Kind.VERDICT), data={"do": verdict})
    assert [row[0] for row in said(stored)] == ["true", "false", "true"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_bad_token_changes_nothing(client: Client, stored: Stored, method: str, kind: Kind) -> None:
    act, data = stored.act(kind), {"do": BUTTONS[kind]}
    good = link(act)
    before = stored.everything()
    for status, url in {
        400: f"{good}~",
        403: link(act, secret=b"another secret.."),
        410: link(act, expires_at=NOON),
    }.items():
        async with client.request(method, url, data=data if method == "POST" else None) as answer:
            assert answer.status == status
            assert answer.content_type == "text/html"
    # Of a link that was cut off, what is left may by chance be well formed, but is never ours.
    assert (await client.request(method, good[:-1])).status in (400, 403)
    changed = good[:8] + ("A" if good[8] != "A" else "B") + good[9:]
    assert (await client.request(method, changed)).status == 403
    assert stored.everything() == before


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_gone_is_404(client: Client, stored: Stored, method: str) -> None:
    with writing(stored.engine) as connection:
        connection.execute(delete(signal_rows))
        connection.execute(delete(alert_rows))
    for kind in (Kind.VERDICT, Kind.ACKNOWLEDGE):
        answer = await client.request(method, stored.link(kind), data={"do": BUTTONS[kind]})
        assert answer.status == 404
    unknown = link(Act(Kind.VERDICT, "watch", f"{10**18 - 1} defense.patrol"))
    assert (await client.request(method, unknown, data={"do": "true"})).status == 404
    assert said(stored) == []


async def test_a_token_reaches_no_other_indicator_of_the_entry(client: Client, stored: Stored) -> None:
    other = link(Act(Kind.VERDICT, "watch", f"{stored.entry_id} economy.quarrel"))
    assert (await client.post(other, data={"do": "false"})).status == 404
    assert said(stored) == []


async def test_each_indicator_of_an_entry_has_its_own_verdict(client: Client, stored: Stored) -> None:
    quarrel = a_signal_row(stored.entry_id, a_match(indicator_id="economy.quarrel"), domain="economy")
    with writing(stored.engine) as connection:
        signals.store(connection, [quarrel])
    other = link(Act(Kind.VERDICT, "watch", f"{stored.entry_id} economy.quarrel"))
    for url, verdict in [(stored.link(Kind.VERDICT), "true"), (other, "false")] * 2:
        assert (await client.post(url, data={"do": verdict})).status == 200
    with reading(stored.engine) as connection:
        found = signals.signals_of_entry(connection, stored.entry_id)
    assert {signal.indicator_id: signal.verdict for signal in found} == {
        "defense.patrol": Verdict.TRUE,
        "economy.quarrel": Verdict.FALSE,
    }
    assert len(said(stored)) == 2


async def test_who_left_may_only_unsubscribe(client: Client, stored: Stored) -> None:
    before = stored.everything()
    for kind in (Kind.VERDICT, Kind.ACKNOWLEDGE):
        for method in ("GET", "POST"):
            answer = await client.request(method, stored.link(kind, by="left"), data={"do": BUTTONS[kind]})
            assert answer.status == 403
    assert stored.everything() == before
    assert (await client.post(stored.link(Kind.UNSUBSCRIBE, by="left"), data=ONE_CLICK)).status == 200
    assert unsubscribed(stored, "left")


@pytest.mark.parametrize("data", [{}, {"do": "maybe"}, {"do": "true", "note": "x" * 501}, b"do=%ff"])
async def test_a_form_without_an_answer_is_400(client: Client, stored: Stored, data: object) -> None:
    answer = await client.post(stored.link(Kind.VERDICT), data=data)
    assert answer.status == 400
    assert "Nothing was changed" in await answer.text()
    assert said(stored) == []


async def test_a_packed_body_is_not_unpacked(app: Application, stored: Stored) -> None:
    headers = {"Content-Encoding": "gzip"}
    async with serve(app, host="127.0.0.1", port=0) as port, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}{stored.link(Kind.VERDICT)}"
        for body in (b"no gzip", gzip.compress(b"do=true"), gzip.compress(b"do=true&x=" + b"x" * 4_000_000)):
            async with session.post(url, data=body, headers=headers) as answer:
                assert answer.status == 400
    assert said(stored) == []


@pytest.mark.parametrize("body", [b"", b"7\r\ndo=true\r\n", b"7\r\ndo=true\r\nnonsense\r\n"])
async def test_a_body_that_breaks_off_is_not_waited_for(
    app: Application,
    stored: Stored,
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("monitor.web.server.BODY_WITHIN_S", 0.1)
    head = f"POST {stored.link(Kind.VERDICT)} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serve(app, host="127.0.0.1", port=0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + body)
        status = (await reader.readline()).split()[1]
        writer.close()
        await writer.wait_closed()
    assert status in (b"400", b"408")
    assert said(stored) == []
    assert [record for record in caplog.records if record.name.startswith("monitor")] == []


@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_half_a_request_is_not_waited_for(
    app: Application, before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither as the first of its connection, where more of it drips in, nor after an answer."""
    monkeypatch.setattr("monitor.web.server.REQUEST_WITHIN_S", 60 if before else 0.3)
    async with serve(app, host="127.0.0.1", port=0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(before + b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        async with asyncio.timeout(5):
            while not reader.at_eof():
                writer.write(b"X-More: x\r\n")
                with suppress(TimeoutError, ConnectionError):
                    await asyncio.wait_for(reader.read(4096), 0.05)
        writer.close()


async def test_who_holds_connections_neither_shuts_the_door_nor_takes_all_descriptors(
    app: Application,
) -> None:
    async with serve(app, host="127.0.0.1", port=0) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS + 50)]
        for _, writer in held:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        async with aiohttp.ClientSession() as session:
            assert (await session.get(f"http://127.0.0.1:{port}/healthz")).status == 200
        await asyncio.sleep(0.1)
        ended = [reader.at_eof() or reader.exception() is not None for reader, _ in held]
        for _, writer in held:
            writer.close()
    # The oldest made room for the others and for the request.
    assert ended == [True] * 51 + [False] * (MOST_CONNECTIONS - 1)


async def test_a_large_body_is_413(client: Client, stored: Stored) -> None:
    def body(size: int) -> bytes:
        return b"do=true&x=".ljust(size, b"x")

    async def in_pieces():  # type: ignore[no-untyped-def]
        for _ in range(9):
            yield b"x" * 1024

    url = stored.link(Kind.VERDICT)
    assert (await client.post(url, data=body(8193))).status == 413
    assert (await client.post(url, data=in_pieces())).status == 413
    assert said(stored) == []
    assert (await client.post(url, data=body(8192))).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_405(client: Client, stored: Stored, method: str) -> None:
    answer = await client.request(method, stored.link(Kind.VERDICT))
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert (await client.post("/healthz")).status == 405


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 503),
        ("GET", "/metrics", 200),
        ("GET", "/", 404),
        ("GET", "/a/", 404),
        ("GET", "/a/x", 400),
        ("POST", "/a/x", 400),
        ("PUT", "/a/x", 405),
        ("POST", "/metrics", 405),
    ],
)
async def test_headers_stand_on_every_answer(
    client: Client, stored: Stored, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status == status
    assert HEADERS.items() <= dict(answer.headers).items()


async def test_headers_stand_on_links_and_their_refusals(client: Client, stored: Stored) -> None:
    url = stored.link(Kind.VERDICT)
    large = b"x" * 9000
    for answer, status in [
        (await client.get(url), 200),
        (await client.head(url), 200),
        (await client.post(url, data={"do": "true"}), 200),
        (await client.post(url, data=large), 413),
        (await client.get(link(stored.act(Kind.VERDICT), expires_at=NOON)), 410),
    ]:
        assert answer.status == status
        assert HEADERS.items() <= dict(answer.headers).items()
        policy = answer.headers["Content-Security-Policy"]
        for directive in ("default-src 'none'", "style-src 'unsafe-inline'", "form-action 'self'"):
            assert directive in policy


@pytest.mark.parametrize(
    "path",
    ["/a/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/a/%22%3E%3Cimg%20src%3Dx%3E", "/%3Cscript%3E", "/a/%00%FF"],
)
async def test_hostile_addresses_are_not_repeated(client: Client, stored: Stored, path: str) -> None:
    answer = await client.get(path)
    assert answer.status in (400, 404)
    text = await answer.text()
    assert "<script" not in text
    assert "<img" not in text
    assert "alert(1)" not in text


async def test_hostile_texts_are_escaped(client: Client, stored: Stored) -> None:
    note = {"do": "true", "note": HOSTILE}
    pages = [await client.get(stored.link(kind)) for kind in KINDS]
    pages += [await client.post(stored.link(Kind.VERDICT), data=note)]
    pages += [await client.post(stored.link(Kind.ACKNOWLEDGE), data={"do": "acknowledge"})]
    texts = [await page.text() for page in pages]
    assert all("<script" not in text for text in texts)
    escaped = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;"
    assert [text.count(escaped) for text in texts] == [1, 1, 0, 2, 1]
    hostile = await client.get(link(Act(Kind.UNSUBSCRIBE, "<script>")))
    assert "&lt;script&gt;" in await hostile.text()
    assert said(stored)[0][2] == HOSTILE


async def test_no_log_holds_a_token(
    app: Application, stored: Stored, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    caplog.set_level(logging.DEBUG)
    url = stored.link(Kind.VERDICT)
    token = url.removeprefix("/a/")
    async with serve(app, host="127.0.0.1", port=0) as port, aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{port}"
        for path, data in [
            (url, {"do": "true"}),
            (url, {}),
            (url[:-1], {}),
            (url, b"x" * 9000),
            (url + "/", {}),
        ]:
            await (await session.get(base + path)).read()
            await (await session.post(base + path, data=data)).read()
        for line in (
            f"GET {url} nonsense\r\n\r\n",
            f"GET {url}{'x' * 9000} HTTP/1.1\r\n\r\n",
            f"{token}\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(line.encode())
            assert b" 400 " in await reader.read()
            writer.close()
            await writer.wait_closed()
    ours = "\n".join(
        logging.Formatter().format(record) for record in caplog.records if record.name != "asyncio"
    )
    assert "link used" in ours
    assert token not in ours
    assert token[:40] not in ours


async def test_an_unexpected_failure_is_500_with_headers_and_without_the_token(
    clock: Clock, writer: object, caplog: pytest.LogCaptureFixture
) -> None:
    def desk():  # type: ignore[no-untyped-def]
        raise RuntimeError("broken")

    app = make_app(desk, secret=SECRET, now=clock, writer=writer)  # type: ignore[arg-type]
    url = link(Act(Kind.UNSUBSCRIBE, "watch"))
    async with serve(app, host="127.0.0.1", port=0) as port, aiohttp.ClientSession() as session:
        answer = await session.get(f"http://127.0.0.1:{port}{url}")
        assert answer.status == 500
        assert HEADERS.items() <= dict(answer.headers).items()
        assert "broken" not in await answer.text()
    assert "broken" in caplog.text
    assert url.removeprefix("/a/") not in caplog.text


async def test_a_database_that_does_not_answer_is_503(desk: Desk, client: Client, stored: Stored) -> None:
    class Away:
        dialect = desk.context.engine.dialect
        url = desk.context.engine.url

        def begin(self) -> None:
            raise StorageError("away")

        connect = begin

    desk.context = replace(desk.context, engine=Away())  # type: ignore[arg-type]
    url = stored.link(Kind.VERDICT)
    assert (await client.get(url)).status == 503
    assert (await client.post(url, data={"do": "true"})).status == 503
    assert (await client.get("/metrics")).status == 503
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert await answer.json() == {
        "ready": False,
        "checks": [{"name": "database", "ok": False, "detail": "no answer"}],
    }
    assert (await client.get("/healthz")).status == 200


async def test_every_request_sees_the_context_in_force(desk: Desk, client: Client, stored: Stored) -> None:
    await client.get(stored.link(Kind.VERDICT))
    desk.context = replace(desk.context, config=replace(desk.context.config, recipients=()))
    assert (await client.get(stored.link(Kind.VERDICT))).status == 403
    assert len(desk.asked) == 2


def test_a_short_secret_is_refused_at_the_start(desk: Desk, clock: Clock, writer: object) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        make_app(desk, secret=b"short", now=clock, writer=writer)  # type: ignore[arg-type]
