"""Databases for the tests: real ones, SQLite and PostgreSQL, for the same tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from monitor.errors import StorageError
from monitor.storage.engine import open_engine, reading, writing
from monitor.storage.migrate import upgrade
from monitor.storage.schema import metadata

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
    try:
        engine = open_engine(url)
        with reading(engine) as connection:
            connection.execute(text("SELECT 1"))
    except StorageError:
        return False
    engine.dispose()
    return True


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A database without tables of this test run's own, dropped at its end."""
    with _new_database(postgresql_server) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A database with our tables of this test run's own: made once, as that takes longer than a test."""
    with _new_database(postgresql_server) as url:
        engine = open_engine(url)
        upgrade(engine)
        engine.dispose()
        yield url


@contextmanager
def _new_database(server_url: str) -> Iterator[str]:
    name = f"entente_test_{uuid4().hex[:12]}"
    server = open_engine(server_url).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    return str(request.param)


@pytest.fixture
def empty_engine(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    if kind == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path}/empty.db")
    else:
        engine = open_engine(request.getfixturevalue("postgresql_url"))
        with writing(engine) as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with our tables and nothing in them."""
    if kind == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path}/test.db")
        upgrade(engine)
    else:
        engine = open_engine(request.getfixturevalue("migrated_postgresql_url"))
        with writing(engine) as connection:
            # Faster than TRUNCATE on tables that hold a few rows.
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """An open transaction on such a database."""
    with writing(engine) as connection:
        yield connection
