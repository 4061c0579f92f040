"""The one place that wires things together and that reads the clock."""

from __future__ import annotations

import os
import pyexpat
import random
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from monitor import __version__
from monitor.config import Config, Secret
from monitor.core.health import PollLimits
from monitor.core.model import FeedState, Fetched, Recipient, Validators
from monitor.errors import InputError, StorageError
from monitor.notifiers import NOTIFIERS, Notifier
from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules, compile_rules
from monitor.rules.loading import load_catalog
from monitor.services.context import Context
from monitor.services.heartbeat import Ping
from monitor.services.machine import require_safe_parser
from monitor.services.poll import Source
from monitor.sources.http import FetchLimits, open_door
from monitor.sources.parsing import open_parser
from monitor.sources.poller import poll
from monitor.storage import feeds
from monitor.storage.engine import open_engine, writing
from monitor.storage.lock import refuse_held
from monitor.storage.migrate import is_new, require_current, upgrade


def now() -> datetime:
    """The time, aware and in UTC; everything else takes it as an argument."""
    return datetime.now(UTC)


def time_passed() -> timedelta:
    """Since the machine was started, its sleep included: nobody sets this clock."""
    return timedelta(seconds=time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))


def jitter() -> float:
    """A random share of 1, to spread what would happen at once."""
    return random.random()  # noqa: S311  no secret depends on it


def claimant() -> str:
    """Who claims work in the database: this host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def default_config_path(environ: Mapping[str, str]) -> Path:
    """Where the configuration is unless a command says otherwise."""
    return Path(environ.get("ENTENTE_CONFIG", "config.toml"))


def bundled_catalog() -> Path:
    """The catalog that comes with the program: inside a wheel, or at the top of a checkout."""
    package = Path(__file__).parent
    inside = package / "_indicators"
    return inside if inside.is_dir() else package.parent / "indicators"


def load_rules(folder: Path) -> tuple[Catalog, Rules]:
    """Load and compile a catalog folder; raises CatalogError with every problem."""
    catalog = load_catalog(folder)
    return catalog, compile_rules(catalog)


def leave_at_once() -> NoReturn:
    """End the process without waiting for its threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def open_notifier(config: Config) -> Notifier:
    """What hands messages over, as configured."""
    return NOTIFIERS[config.mail.notifier](**config.mail.options())


def open_context(config: Config) -> Context:
    """Open the database and load the catalog; a new database is set up, an old one must be upgraded."""
    catalog, rules = load_rules(config.catalog_folder)
    engine = open_engine(config.storage_url.get())
    try:
        if is_new(engine):
            upgrade(engine)
        require_current(engine)
        with writing(engine) as connection:
            feeds.sync_feeds(connection, config.feeds, at=now())
    except StorageError:
        engine.dispose()
        raise
    return Context(
        config=config,
        catalog=catalog,
        rules=rules,
        engine=engine,
        method=config.methodology,
        poll_limits=PollLimits(shortest=config.fetch.min_interval, longest=config.fetch.max_interval),
    )


def refuse_second(config: Config) -> None:
    """Raise AlreadyRunning where a daemon runs, before the catalogue is loaded, which takes seconds."""
    engine = open_engine(config.storage_url.get())
    try:
        refuse_held(engine)
    finally:
        engine.dispose()


def take_up(context: Context) -> None:
    """Make sure that the database is still as we know it: another program had it while we stood by."""
    require_current(context.engine)
    with writing(context.engine) as connection:
        feeds.sync_feeds(connection, context.config.feeds, at=now())


def open_archive(config: Config, database: Path) -> Context:
    """A context for a replay: a database of its own, and one recipient when none is configured.

    Raises InputError when the database holds something already.
    """
    if database.exists():
        raise InputError(f"{database}: exists already, and a replay needs a database of its own")
    recipients = config.recipients[:1] or (Recipient(id="replay", address="replay@example.org"),)
    return open_context(
        replace(config, storage_url=Secret(f"sqlite:///{database}"), feeds=(), recipients=recipients)
    )


@asynccontextmanager
async def open_source(config: Config) -> AsyncIterator[Source]:
    """Open the door to the network and the parser's worker processes, for as long as polls run."""
    require_safe_parser(pyexpat.version_info)
    limits = _limits(config)
    async with open_door(limits) as door, open_parser(workers=config.fetch.parse_workers) as parser:

        async def source(state: FeedState) -> Fetched:
            return await poll(state, door=door, parser=parser, now=now())

        yield source


@asynccontextmanager
async def open_heart(config: Config) -> AsyncIterator[Ping]:
    """Open the way to the dead-man's switch: the same door as for feeds, but with turns of its own."""
    async with open_door(_limits(config)) as door:

        async def ping() -> None:
            await door.get(config.heartbeat.url.get(), validators=Validators(), now=now())

        yield ping


def _limits(config: Config) -> FetchLimits:
    fetch = config.fetch
    return FetchLimits(
        user_agent=fetch.user_agent(__version__),
        total_s=fetch.total.total_seconds(),
        max_bytes=fetch.max_bytes,
        concurrency=fetch.concurrency,
        per_host=fetch.per_host,
        host_pause_s=fetch.host_pause.total_seconds(),
        allow=fetch.allow,
    )
