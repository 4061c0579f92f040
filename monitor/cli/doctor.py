"""`monitor doctor`: everything that is wrong or soon will be, and what to do about it."""

from __future__ import annotations

import asyncio
import json
import pyexpat
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from monitor import app
from monitor.cli import FOUND, cli, the_config
from monitor.cli.feeds import check_feeds
from monitor.config import Config
from monitor.errors import ConfigError, DeliveryError, StorageError
from monitor.notifiers.smtp import SmtpNotifier
from monitor.rules.linting import check_folder
from monitor.services import machine
from monitor.services.doctor import database
from monitor.services.findings import Finding, Grade, fail, ok, warn
from monitor.storage import feeds
from monitor.storage.engine import is_there, open_engine, reading

POLLED_LATELY = timedelta(hours=2)


@cli.command()
@click.option("--offline", is_flag=True, help="Leave out what needs the network: mail server and feeds.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_context
def doctor(ctx: click.Context, offline: bool, as_json: bool) -> None:
    """Look at everything that the service needs, worst first, each with its fix; exit 1 if something fails.

    Sends no mail and stores nothing.
    """
    at = app.now()
    found = sorted(_look(ctx, at, offline), key=lambda finding: -finding.grade)
    if as_json:
        click.echo(json.dumps([_row(finding) for finding in found], ensure_ascii=False, indent=1))
    else:
        for finding in found:
            click.echo(f"{finding.grade.name:<5} {finding.name}: {finding.words}")
            if finding.fix:
                click.echo(f"      -> {finding.fix}")
    ctx.exit(FOUND if any(finding.grade is Grade.FAIL for finding in found) else 0)


def _row(finding: Finding) -> dict[str, Any]:
    return asdict(finding) | {"grade": finding.grade.name}


def _look(ctx: click.Context, at: datetime, offline: bool) -> Iterator[Finding]:
    yield from machine.libraries(pyexpat.version_info, sqlite3.sqlite_version_info)
    try:
        config = the_config(ctx)
    except ConfigError as error:
        yield from (fail("configuration", problem, f"edit {ctx.obj}") for problem in error.problems)
        yield from machine.clock(at, ())
        return
    yield from _configuration(config)
    yield from machine.zones(config.recipients, _tzdata(), at)
    yield _catalog(config, at)
    yield from _database(config, at)
    yield _mail(config, offline)
    if not offline and not _polled_lately(config, at):
        yield _live_feeds(config)


def _configuration(config: Config) -> Iterator[Finding]:
    yield ok("configuration", f"{config.path}: no problem")
    yield from (warn("configuration", note, "change it, if it is not what you want") for note in config.notes)
    if config.web.port is None:
        yield warn("door", "no health to ask for, no links in mails", "set web.port and a secret")
    if config.backup.folder is None:
        yield warn("backup", "the daemon makes none", "set backup.folder, better on another disk")
    if not config.heartbeat.url.get():
        fix = "set heartbeat.url_env or heartbeat.url_file"
        yield warn("heartbeat", "nobody is told when this machine dies", fix)


def _tzdata() -> str:
    try:
        return version("tzdata")
    except PackageNotFoundError:
        return ""


def _catalog(config: Config, at: datetime) -> Finding:
    report = check_folder(config.catalog_folder, at.date())
    errors = [problem for problem in report.problems if problem.is_error]
    if errors:
        return fail("catalogue", f"{len(errors)} errors, the first: {errors[0]}", "run `monitor rules check`")
    return ok("catalogue", f"{config.catalog_folder}: no error")


def _database(config: Config, at: datetime) -> list[Finding]:
    if not is_there(config.storage_url.get()):
        return [warn("database", "is not there yet", "start the daemon: it makes it")]
    try:
        engine = open_engine(config.storage_url.get())
    except StorageError as error:
        return [fail("database", str(error), "correct storage.url")]
    try:
        return database(engine, config, at)
    finally:
        engine.dispose()


def _mail(config: Config, offline: bool) -> Finding:
    if config.mail.smtp is None:
        return machine.room("mail folder", Path(config.mail.folder))
    server = f"{config.mail.smtp.host}:{config.mail.smtp.port}"
    if offline:
        return ok("mail server", f"{server}: not asked")
    try:
        SmtpNotifier(**config.mail.options()).look()
    except DeliveryError as error:
        return fail(
            "mail server", str(error), "correct [mail.smtp], or mend the server; mail waits meanwhile"
        )
    return ok("mail server", f"{server} takes us")


def _polled_lately(config: Config, at: datetime) -> bool:
    """Does the database know of the feeds what a look at them now would tell?"""
    if not is_there(config.storage_url.get()):
        return False
    try:
        engine = open_engine(config.storage_url.get())
        with reading(engine) as connection:
            states = feeds.all_states(connection)
        engine.dispose()
    except StorageError:
        return False
    return any(state.polled_at and at - state.polled_at < POLLED_LATELY for state in states)


def _live_feeds(config: Config) -> Finding:
    rows = asyncio.run(check_feeds(config, [feed for feed in config.feeds if feed.enabled]))
    failed = [f"{row['id']} {row['outcome']}" for row in rows if row["failed"]]
    if not failed:
        return ok("feeds asked now", f"all {len(rows)} can be read")
    words = f"{len(failed)} of {len(rows)} cannot be read: {'; '.join(failed[:10])}"
    return (fail if len(failed) == len(rows) else warn)("feeds asked now", words, "run `monitor feeds check`")
