"""A look at the database and at what the daemon does with it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select, text

from monitor.config import BackupSettings, Config
from monitor.core.health import Health, health, reason
from monitor.errors import StorageError
from monitor.services.backup import backups_in
from monitor.services.deliver import REFUSED_LATELY
from monitor.services.findings import Finding, fail, ok, warn
from monitor.services.heartbeat import last_heartbeat
from monitor.services.machine import clock, clocks_agree, room
from monitor.storage import deliveries, feeds, size
from monitor.storage.engine import reading
from monitor.storage.migrate import current_revision, head_revision, is_new, refuse_newer
from monitor.storage.schema import entries
from monitor.storage.schema import feeds as feed_rows

LOG_TOO_LONG = 2**30  # bytes of the write-ahead log
MAIL_LATE_AFTER = timedelta(hours=1)
MOST_FEEDS_NAMED = 10


def database(engine: Engine, config: Config, at: datetime) -> list[Finding]:
    """Can the database be used, is it whole, and does it say that the service works?

    Only reads. Raises nothing: what the database cannot answer is a finding.
    """
    try:
        schema = _schema(engine)
        if schema.fix:
            return [schema]
        with reading(engine) as connection:
            return [schema, *_storage(connection, config), *service(connection, config, at)]
    except StorageError as error:
        return [fail("database", str(error), "see what it says of itself, or `monitor restore` a backup")]


def _schema(engine: Engine) -> Finding:
    if is_new(engine):
        return warn("database", "holds nothing yet", "start the daemon: it makes the tables")
    current, head = current_revision(engine), head_revision()
    try:
        refuse_newer(current)
    except StorageError as error:
        return fail("database", str(error), "install the version of Entente that made it, or a later one")
    if current != head:
        return fail("database", f"schema {current}, this program needs {head}", "run `monitor db upgrade`")
    return ok("database", f"schema {current}")


def _storage(connection: Connection, config: Config) -> Iterator[Finding]:
    if connection.dialect.name == "sqlite":
        damage = connection.execute(text("PRAGMA integrity_check(1)")).scalar_one()
        if damage != "ok":
            yield fail("integrity", str(damage), "stop the daemon, then `monitor restore` the last backup")
        else:
            yield ok("integrity", "every page was read")
    file = size.file_of(connection)
    if file is not None:
        yield _mode(file)
        yield room("disk", file.parent, advised=max(2**30, 2 * size.bytes_of(connection)))
    log = size.bytes_of_log(connection)
    if log > LOG_TOO_LONG:
        fix = "end the program that reads without end (a shell, a report), then restart the daemon"
        yield warn("write-ahead log", f"{log // 2**20:,} MiB", fix)
    if config.backup.folder is not None:
        yield room("disk of backups", config.backup.folder, advised=2 * size.bytes_of(connection))


def _mode(file: Path) -> Finding:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        return warn("file mode", f"{file} can be read by others ({mode:o})", f"chmod 600 {file}")
    return ok("file mode", f"{mode:o}")


def service(connection: Connection, config: Config, at: datetime) -> Iterator[Finding]:
    """Does what is stored say that the service works?"""
    yield from clock(at, _stored_times(connection))
    if connection.dialect.name == "postgresql":
        yield clocks_agree(at, connection.execute(text("SELECT clock_timestamp()")).scalar_one())
    yield _feeds(connection, at)
    yield _mail(connection, at)
    if config.backup.folder is not None:
        yield _backup(config.backup, config.backup.folder, at)
    if config.heartbeat.url.get():
        yield _heartbeat(connection, config.heartbeat.every, at)


def _stored_times(connection: Connection) -> Iterator[tuple[str, datetime | None]]:
    yield "the newest entry", connection.execute(select(func.max(entries.c.first_seen_at))).scalar_one()
    yield "the last poll", connection.execute(select(func.max(feed_rows.c.polled_at))).scalar_one()


def _feeds(connection: Connection, at: datetime) -> Finding:
    states = [state for state in feeds.all_states(connection) if state.feed.enabled]
    ill = [state for state in states if health(state, at) in (Health.DOWN, Health.FROZEN)]
    if not states:
        return fail("feeds", "none is enabled", "write [[feed]] tables, or `monitor feeds import`")
    if not ill:
        return ok("feeds", f"{len(states)} enabled, none down or frozen")
    told = "; ".join(f"{state.feed.id} {reason(state, at)}" for state in ill[:MOST_FEEDS_NAMED])
    words = f"{len(ill)} of {len(states)} down or frozen: {told}" + ("; ..." * (len(ill) > MOST_FEEDS_NAMED))
    fix = "look at each with `monitor feeds check ID`: mend its url, or set enabled = false"
    return (fail if len(ill) == len(states) else warn)("feeds", words, fix)


def _mail(connection: Connection, at: datetime) -> Finding:
    oldest = deliveries.oldest_unsent(connection)
    refused = deliveries.refused_since(connection, at - REFUSED_LATELY)
    if oldest is not None and at - oldest[0] > MAIL_LATE_AFTER:
        words = f"waits since {oldest[0]:%Y-%m-%d %H:%M}Z: {oldest[1] or 'no attempt yet'}"
        return fail("mail", words, "mend what the mail server complains of; everything is sent then")
    if refused:
        words = f"{len(refused)} refused for good, the last to {refused[0].recipient}: {refused[0].error}"
        return warn("mail", words, "mend it, as a wrong address, then `monitor deliver --refused`")
    return ok("mail", "none waits for long")


def _backup(wanted: BackupSettings, folder: Path, at: datetime) -> Finding:
    newest = next((one for one in backups_in(folder) if one.at <= at), None)
    if newest is None:
        return warn("backup", f"none in {folder} yet", "run `monitor backup`, or wait for the daemon")
    words = f"the last is of {newest.at:%Y-%m-%d %H:%M}Z"
    if at - newest.at > 2 * wanted.every:
        return fail("backup", words, f"see the log for why; can this user write into {folder}?")
    return ok("backup", words)


def _heartbeat(connection: Connection, every: timedelta, at: datetime) -> Finding:
    known = last_heartbeat(connection)
    if known.problem:
        return warn("heartbeat", known.problem, "mend that; the next one follows by itself")
    if known.sent_at is None or at - known.sent_at > 3 * every:
        return warn("heartbeat", "none was sent lately", "is the daemon running?")
    return ok("heartbeat", f"last sent {known.sent_at:%Y-%m-%d %H:%M}Z")
