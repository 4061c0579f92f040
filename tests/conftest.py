"""Databases for the tests: real ones, SQLite and PostgreSQL, for the same tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from monitor.storage.engine import open_engine, writing
from monitor.storage.migrate import upgrade

SERVERS = (
    "postgresql:///postgres",
    "postgresql://postgres@127.0.0.1/postgres",
    "postgresql:///postgres?user=postgres",
)


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    """URL of a PostgreSQL server: $ENTENTE_TEST_POSTGRES, else a local one. CI must have one."""
    given = os.environ.get("ENTENTE_TEST_POSTGRES")
    for url in (given,) if given else SERVERS:
        if _answers(url):
            return url
    if os.environ.get("CI"):
        pytest.fail("CI must run the PostgreSQL tests, and no server answers")
    pytest.skip("no PostgreSQL server: set ENTENTE_TEST_POSTGRES to the URL of one")


def _answers(url: str) -> bool:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A database of this test run's own, dropped at its end."""
    name = f"entente_test_{uuid4().hex[:12]}"
    server = open_engine(postgresql_server).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path}/test.db")
    else:
        engine = open_engine(request.getfixturevalue("postgresql_url"))
        with writing(engine) as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty_engine: Engine) -> Engine:
    """A database with our tables, on each kind of server in turn."""
    upgrade(empty_engine)
    return empty_engine


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """An open transaction on such a database."""
    with writing(engine) as connection:
        yield connection
