"""Ready while the daemon does its work, and numbers that Prometheus can read."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Event

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection, Engine, select

from monitor.core.model import Fetched
from monitor.core.outcome import Outcome
from monitor.core.progress import Pace, Progress
from monitor.services.context import Context
from monitor.services.tokens import Kind
from monitor.storage import deliveries, feeds
from monitor.storage.engine import reading, writing
from monitor.storage.schema import deliveries as delivery_rows
from monitor.web.metrics import Gauge, Sample, measure, render
from monitor.web.readiness import checks, waiting_since
from monitor.web.server import make_app
from tests.core.builders import NOON, a_feed, a_state
from tests.storage.builders import a_message, an_assessment, keep, succeed
from tests.web.conftest import SECRET, Client, Clock, Desk, Stored

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")


def parse(text: str) -> dict[str, float]:
    """The samples of a text in Prometheus' format; fails on any line that is not of it."""
    assert text.endswith("\n")
    found: dict[str, float] = {}
    current, seen = "", set()
    lines = iter(text.removesuffix("\n").split("\n"))
    for line in lines:
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert current not in seen, "the lines of a metric stand together"
            seen.add(current)
            assert next(lines) == f"# TYPE {current} gauge"
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert match[1] == current
        assert line.rsplit(" ", 1)[0] not in found, "one sample of a name and labels"
        found[line.rsplit(" ", 1)[0]] = float(match[3])
    return found


def work(connection: Connection, **given: object) -> None:
    """A poll of the wire and an assessment at noon."""
    succeed(connection, Fetched(outcome=Outcome.OK), newest_entry_at=NOON, **given)
    keep(connection, an_assessment())


async def test_ready_while_polls_and_assessments_happen(
    client: Client, clock: Clock, context: Context
) -> None:
    answer = await client.get("/readyz")
    assert answer.status == 503
    found = {check["name"]: check["ok"] for check in (await answer.json())["checks"]}
    assert found == {"database": True, "poll": True, "assessment": False}
    with writing(context.engine) as connection:
        work(connection, next_poll_at=NOON + 6 * HOUR)
        feeds.record_failure(connection, "ribao", Outcome.TIMEOUT, "", at=NOON, next_poll_at=NOON + 6 * HOUR)
    answer = await client.get("/readyz")
    assert (answer.status, (await answer.json())["ready"]) == (200, True)
    clock.at = NOON + 59 * MINUTE
    assert (await client.get("/readyz")).status == 200
    clock.at = NOON + 61 * MINUTE
    answer = await client.get("/readyz")
    assert answer.status == 503
    found = {check["name"]: check["ok"] for check in (await answer.json())["checks"]}
    assert found == {"database": True, "poll": True, "assessment": False}


def test_a_poll_is_late_only_when_a_feed_was_due(context: Context) -> None:
    def is_ok(after: timedelta, patience: int) -> bool:
        with reading(context.engine) as connection:
            found = checks(connection, context, patience, NOON + after)
        return next(check.ok for check in found if check.name == "poll")

    turn = context.config.schedule.poll_tick + context.config.fetch.total
    assert is_ok(4 * turn, 4)
    assert not is_ok(4 * turn, 3)
    with writing(context.engine) as connection:
        work(connection, at=NOON + 10 * turn)
    assert is_ok(13 * turn, 3)
    assert not is_ok(14 * turn, 3)


def test_the_wait_begins_when_a_feed_is_due_and_ends_with_any_poll() -> None:
    quiet = a_state(next_poll_at=NOON + 6 * HOUR)
    due = a_state(next_poll_at=NOON + HOUR)
    disabled = a_state(feed=a_feed(enabled=False), next_poll_at=NOON - HOUR)
    polled = a_state(polled_at=NOON + 2 * HOUR, next_poll_at=NOON + 9 * HOUR)
    assert waiting_since([quiet]) == NOON + 6 * HOUR
    assert waiting_since([quiet, due]) == NOON + HOUR
    assert waiting_since([quiet, due, disabled]) == NOON + HOUR
    assert waiting_since([quiet, due, polled]) == NOON + 2 * HOUR
    assert waiting_since([disabled]) is None
    assert waiting_since([]) is None


async def test_a_database_that_is_slow_is_no_answer(
    client: Client, writer: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.server.DATABASE_WITHIN_S", 0.05)
    done = Event()
    writer.submit(done.wait, 30)
    try:
        answer = await client.get("/readyz")
    finally:
        done.set()
    assert answer.status == 503
    assert [check["name"] for check in (await answer.json())["checks"]] == ["database"]


async def test_a_busy_writer_delays_no_reader(
    desk: Desk, clock: Clock, writer: ThreadPoolExecutor, stored: Stored
) -> None:
    done = Event()
    writer.submit(done.wait, 30)
    with ThreadPoolExecutor(max_workers=1) as reader:
        app = make_app(desk, secret=SECRET, now=clock, writer=writer, reader=reader)
        async with TestClient(TestServer(app)) as client:
            try:
                assert (await client.get("/metrics")).status == 200
                assert (await client.get(stored.link(Kind.VERDICT))).status == 200
            finally:
                done.set()


async def test_metrics_of_a_new_database(client: Client) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = parse(await answer.text())
    assert found['entente_feeds{health="waiting"}'] == 2
    assert found["entente_entries_stored"] == 0
    assert found["entente_oldest_unsent_mail_age_seconds"] == 0
    assert "entente_last_poll_age_seconds" not in found


async def test_metrics_say_what_is_there(
    client: Client, clock: Clock, context: Context, stored: Stored
) -> None:
    with writing(context.engine) as connection:
        work(connection)
        for name in "123":
            deliveries.enqueue(connection, a_message(name), digest_id=None, at=NOON)
        first = connection.execute(select(delivery_rows.c.id).limit(1)).scalar_one()
        deliveries.settle_sent(connection, first, at=NOON)
    clock.at = NOON + MINUTE
    found = parse(await (await client.get("/metrics")).text())
    assert found == {
        'entente_feeds{health="healthy"}': 1,
        'entente_feeds{health="down"}': 0,
        'entente_feeds{health="frozen"}': 0,
        'entente_feeds{health="waiting"}': 1,
        "entente_entries_stored": 1,
        "entente_signals_stored": 1,
        'entente_mails{state="pending"}': 2,
        'entente_mails{state="claimed"}': 0,
        'entente_mails{state="sent"}': 1,
        'entente_mails{state="failed"}': 0,
        'entente_mails{state="unknown"}': 0,
        'entente_mails{state="cancelled"}': 0,
        "entente_mail_held_back": 0,
        "entente_oldest_unsent_mail_age_seconds": 60,
        "entente_last_poll_age_seconds": 60,
        "entente_last_assessment_age_seconds": 60,
        'entente_domain_level{domain="defense"}': 1,
        'entente_domain_index{domain="defense",direction="deepening"}': 30,
        'entente_domain_index{domain="defense",direction="friction"}': 30,
        'entente_domain_index{domain="defense",direction="countermeasure"}': 30,
        "entente_database_bytes": found["entente_database_bytes"],
        "entente_database_log_bytes": found["entente_database_log_bytes"],
        'entente_loops_in_trouble{kind="fail"}': 0,
        'entente_loops_in_trouble{kind="hang"}': 0,
        f'entente_rules_info{{revision="{context.catalog.revision}"}}': 1,
    }


async def test_the_size_of_the_database_is_measured(client: Client, engine: Engine) -> None:
    found = parse(await (await client.get("/metrics")).text())
    assert found["entente_database_bytes"] >= 4096
    is_file = engine.dialect.name == "sqlite"
    assert (found["entente_database_log_bytes"] > 0) == is_file


async def test_a_loop_that_hangs_is_told_by_health_readiness_and_metrics(
    desk: Desk, clock: Clock, writer: ThreadPoolExecutor
) -> None:
    progress = Progress({name: Pace(every_s=5, patience_s=60) for name in ("poll", "assess")})
    app = make_app(desk, secret=SECRET, now=clock, writer=writer, troubles=progress.troubles)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/healthz")).status == 200
        progress.pass_time(66)
        with progress.turn("assess"):
            answer = await client.get("/healthz")
            assert (answer.status, await answer.text()) == (503, "poll shows no sign of life for 66 s\n")
            failed = [
                c["name"] for c in (await (await client.get("/readyz")).json())["checks"] if not c["ok"]
            ]
            assert "poll" in failed
            assert "assess" not in failed
            found = parse(await (await client.get("/metrics")).text())
            assert found['entente_loops_in_trouble{kind="hang"}'] == 1


async def test_a_loop_that_only_fails_is_alive_but_not_ready(
    desk: Desk, clock: Clock, writer: ThreadPoolExecutor
) -> None:
    progress = Progress({"poll": Pace(every_s=5, patience_s=60)})
    app = make_app(desk, secret=SECRET, now=clock, writer=writer, troubles=progress.troubles)
    for _ in range(100):
        progress.pass_time(10)
        with suppress(RuntimeError), progress.turn("poll"):
            raise RuntimeError
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/healthz")).status == 200
        checks = (await (await client.get("/readyz")).json())["checks"]
        assert {"name": "poll", "ok": False, "detail": "poll does nothing but fail for 1000 s"} in checks


def test_a_clock_that_was_set_back_makes_no_negative_age(context: Context) -> None:
    with writing(context.engine) as connection:
        work(connection)
    with reading(context.engine) as connection:
        found = parse(render(measure(connection, context, NOON - HOUR)))
    assert found["entente_last_poll_age_seconds"] == 0


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\nb", "\\n", "мир 和平"])
def test_labels_and_help_are_escaped(value: str) -> None:
    text = render([Gauge("entente_x", f"About {value}", (Sample(1.5, {"name": value, "other": value}),))])
    assert list(parse(text).values()) == [1.5]
    escaped = text.splitlines()[-1].split('name="')[1].split('",other')[0]
    assert re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], escaped) == value
