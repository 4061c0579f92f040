"""The heartbeat: sent while all is well, kept back when not, and never a reason to stop."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from monitor import app
from monitor.config import Secret
from monitor.config.settings import HeartbeatSettings
from monitor.core.outcome import Outcome
from monitor.errors import FetchError
from monitor.services.context import Context
from monitor.services.heartbeat import (
    MAIL_WAITS_AT_MOST,
    REFUSAL_IS_TOLD_FOR,
    Heartbeat,
    beat,
    last_heartbeat,
)
from monitor.storage import deliveries
from monitor.storage.engine import reading, writing
from tests.core.builders import NOON
from tests.storage.builders import a_message

MINUTE = timedelta(minutes=1)


class Switch:
    """A dead-man's switch of a test."""

    def __init__(self, *, fails_with: FetchError | None = None) -> None:
        self.asked = 0
        self.fails_with = fails_with

    async def __call__(self) -> None:
        if self.fails_with:
            raise self.fails_with
        self.asked += 1


async def here(work: Callable[[], str]) -> str:
    return work()


def beats(
    context: Context, switch: Callable[[], Awaitable[None]], *troubles: str, at: datetime = NOON
) -> Awaitable[None]:
    return beat(context, switch, troubles=troubles, now=lambda: at, in_thread=here)


def known(context: Context) -> Heartbeat:
    with reading(context.engine) as connection:
        return last_heartbeat(connection)


async def test_it_is_sent_while_all_is_well(context: Context) -> None:
    assert known(context) == Heartbeat(sent_at=None, problem="")
    switch = Switch()
    await beats(context, switch)
    assert switch.asked == 1
    assert known(context) == Heartbeat(sent_at=NOON, problem="")


async def test_it_is_kept_back_when_a_loop_does_no_work(context: Context) -> None:
    switch = Switch()
    await beats(context, switch)
    await beats(context, switch, "poll shows no sign of life for 66 s", at=NOON + MINUTE)
    assert switch.asked == 1
    assert known(context) == Heartbeat(
        sent_at=NOON, problem="kept back on purpose: poll shows no sign of life for 66 s"
    )


async def test_it_is_kept_back_when_mail_does_not_leave(context: Context) -> None:
    with writing(context.engine) as connection:
        deliveries.enqueue(connection, a_message(), digest_id=None, at=NOON)
    switch = Switch()
    await beats(context, switch, at=NOON + MAIL_WAITS_AT_MOST)
    assert switch.asked == 1
    await beats(context, switch, at=NOON + MAIL_WAITS_AT_MOST + MINUTE)
    assert switch.asked == 1
    assert "mail waits since" in known(context).problem


async def test_it_is_kept_back_for_an_hour_when_a_message_is_given_up(context: Context) -> None:
    with writing(context.engine) as connection:
        deliveries.enqueue(connection, a_message(), digest_id=None, at=NOON)
        claimed = deliveries.claim_next(connection, NOON, by="test")
        assert claimed is not None
        deliveries.settle_failed(connection, claimed, error="550 no such user")
    switch = Switch()
    await beats(context, switch, at=NOON + MINUTE)
    assert switch.asked == 0
    assert known(context).problem.endswith(f"given up to {claimed.message.recipient}: 550 no such user")
    await beats(context, switch, at=NOON + REFUSAL_IS_TOLD_FOR + MINUTE)
    assert switch.asked == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FetchError(Outcome.TIMEOUT, "https://switch.example.org/secret"), "not taken: timeout"),
        (FetchError(Outcome.HTTP_ERROR, "HTTP 500", status=500), "not taken: http error 500"),
    ],
)
async def test_a_switch_that_does_not_answer_stops_nothing_and_its_address_is_not_told(
    context: Context, error: FetchError, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    await beats(context, Switch(fails_with=error))
    assert known(context) == Heartbeat(sent_at=None, problem=words)
    assert "secret" not in caplog.text + json.dumps([vars(r) for r in caplog.records], default=str)
    await beats(context, Switch())
    assert known(context) == Heartbeat(sent_at=NOON, problem="")


async def test_an_answer_without_a_body_is_an_answer(context: Context) -> None:
    await beats(context, Switch(fails_with=FetchError(Outcome.BAD_RESPONSE, "", status=204)))
    assert known(context).problem == ""


@contextmanager
def listening(asked: list[str]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_it_leaves_by_the_one_door_to_the_network(context: Context) -> None:
    asked: list[str] = []
    with listening(asked) as port:
        settings = HeartbeatSettings(url=Secret(f"http://127.0.0.1:{port}/abc"), every=MINUTE)
        config = replace(context.config, heartbeat=settings)
        async with app.open_heart(config) as ping:
            with pytest.raises(FetchError, match="not public"):
                await ping()
        assert asked == []
        allowed = replace(config, fetch=replace(config.fetch, allow=(f"127.0.0.1:{port}",)))
        async with app.open_heart(allowed) as ping:
            await ping()
    assert asked == ["/abc"]
