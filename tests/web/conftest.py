"""The door on a real database that holds one entry with a signal, and one alert that was mailed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application
from sqlalchemy import Engine, select

from monitor.core.alerts import Decision, Occasion, Verb
from monitor.core.model import Level
from monitor.services.context import Context
from monitor.services.tokens import Act, Kind, sign
from monitor.storage import alerts, signals
from monitor.storage.engine import reading, writing
from monitor.storage.schema import alerts as alert_rows
from monitor.storage.schema import metadata
from monitor.web.server import make_app
from tests.core.builders import NOON, an_entry
from tests.services.conftest import context as context  # the fixture, for this folder too
from tests.storage.builders import a_signal_row, store

SECRET = b"0123456789abcdef"
WEEK = timedelta(days=7)
HOSTILE = "<script>alert(1)</script>\"'&"
Client = TestClient


@dataclass
class Clock:
    """A clock that a test sets."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Stored:
    """What the links of a test are about."""

    engine: Engine
    entry_id: int
    alert_id: int

    def act(self, kind: Kind, by: str = "watch") -> Act:
        subjects = {
            Kind.VERDICT: f"{self.entry_id} defense.patrol",
            Kind.ACKNOWLEDGE: str(self.alert_id),
            Kind.UNSUBSCRIBE: "",
        }
        return Act(kind, by, subjects[kind])

    def link(self, kind: Kind, by: str = "watch") -> str:
        return link(self.act(kind, by))

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table."""
        with reading(self.engine) as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
            }


def link(act: Act, *, secret: bytes = SECRET, expires_at: datetime = NOON + WEEK) -> str:
    return "/a/" + sign(act, secret=secret, expires_at=expires_at)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stored(context: Context) -> Stored:
    entry = an_entry(title=f"Two fleets {HOSTILE}")
    occasion = Occasion(
        key="story 1",
        subject="defense.patrol",
        domain="defense",
        title=f"Patrol {HOSTILE}",
        level=Level.QUIET,
        signal_ids=(1,),
    )
    with writing(context.engine) as connection:
        (entry_id,) = store(connection, entry).values()
        signals.store(connection, [a_signal_row(entry_id)])
        alerts.record(connection, "watch", occasion, Decision(verb=Verb.SEND, reason=""), at=NOON)
        alert_id = connection.execute(select(alert_rows.c.id)).scalar_one()
    return Stored(context.engine, entry_id, alert_id)


@dataclass
class Desk:
    """Gives the context in force, and counts how often it was asked."""

    context: Context
    asked: list[Context] = field(default_factory=list)

    def __call__(self) -> Context:
        self.asked.append(self.context)
        return self.context


@pytest.fixture
def desk(context: Context) -> Desk:
    return Desk(context)


@pytest.fixture
def writer() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=1) as executor:
        yield executor


@pytest.fixture
def app(desk: Callable[[], Context], clock: Clock, writer: ThreadPoolExecutor) -> Application:
    return make_app(desk, secret=SECRET, now=clock, writer=writer)


@pytest.fixture
async def client(app: Application) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app)) as client:
        yield client
