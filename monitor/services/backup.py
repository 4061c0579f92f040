"""Back up: a copy of the database now and then, the newest few kept; and the way back from one."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from monitor.errors import InputError, StorageError
from monitor.services.context import Context
from monitor.storage import backup
from monitor.storage.lock import hold_daemon_lock
from monitor.storage.migrate import current_revision, is_new, refuse_newer
from monitor.storage.restoring import take_place

HALF_DONE_FOR = timedelta(days=1)
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"entente-(\d{8}T\d{6}Z)\.(db|dump)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One finished backup."""

    at: datetime
    file: Path
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did: where the old database is, if there was one, and the schemas before and after."""

    aside: str
    before: str | None
    after: str | None


def backups_in(folder: Path) -> list[Backup]:
    """The backups of a folder, newest first."""
    found = []
    for file in folder.glob("entente-*"):
        named = _NAME.fullmatch(file.name)
        if named:
            at = datetime.strptime(named[1], _STAMP).replace(tzinfo=UTC)
            found.append(Backup(at=at, file=file, size=file.stat().st_size))
    return sorted(found, key=lambda one: one.at, reverse=True)


def last_backup(context: Context) -> Backup | None:
    """The newest backup in the configured folder, None where there is none."""
    folder = context.config.backup.folder
    return next(iter(backups_in(folder)), None) if folder else None


def back_up(engine: Engine, folder: Path, *, at: datetime, keep: int | None = None) -> Backup:
    """Write a backup, named by its time; older ones than the newest `keep` go. Raises StorageError."""
    if engine.dialect.name == "sqlite" and engine.url.database in (None, "", ":memory:"):
        raise StorageError("a database in memory cannot be backed up")
    file = folder / f"entente-{at.astimezone(UTC):{_STAMP}}{backup.SUFFIXES[engine.dialect.name]}"
    backup.write_copy(engine, file)
    _sweep(folder, at)
    if keep is not None:
        # What seems to be from the future is of a clock that was wrong: it takes no other's place.
        for old in [one for one in backups_in(folder) if one.at <= at][keep:]:
            old.file.unlink(missing_ok=True)
    return Backup(at=at, file=file, size=file.stat().st_size)


def _sweep(folder: Path, at: datetime) -> None:
    """Remove what backups that were killed left behind; one of today may still be written."""
    for half in folder.glob(".entente-*.partial*"):
        with suppress(FileNotFoundError):
            if half.stat().st_mtime < (at - HALF_DONE_FOR).timestamp():
                half.unlink()


def back_up_due(context: Context, at: datetime) -> Backup | None:
    """Write a backup when the newest one is old enough, as configured; None when none is due."""
    wanted = context.config.backup
    if wanted.folder is None:
        return None
    newest = last_backup(context)
    # A file from the future is of a clock that was wrong, and no reason to wait for it.
    if newest is not None and newest.at <= at < newest.at + wanted.every:
        return None
    return back_up(context.engine, wanted.folder, at=at, keep=wanted.keep)


def restore(engine: Engine, file: Path, *, replace: bool, at: datetime) -> Restored:
    """Put a backup in the place of the database, and bring it to this program's schema.

    What the database held is kept aside, and is back in force when anything goes
    wrong. Raises AlreadyRunning while a daemon runs, InputError for a file that is
    no backup of this kind of database or a database that holds something already
    and is not to be replaced, StorageError for the rest.
    """
    kind = backup.kind_of(file)
    if kind != engine.dialect.name:
        raise InputError(f"{file}: a backup of {kind}, and storage.url names {engine.dialect.name}")
    before = backup.revision_in(file)
    refuse_newer(before)
    with hold_daemon_lock(engine):
        is_empty = _is_empty(engine)
        if not is_empty and not replace:
            raise InputError("the database holds something already: say --replace, and it is kept aside")
        kept = "" if is_empty else f"before_restore_{at.astimezone(UTC):{_STAMP}}".lower()
        aside = take_place(engine, file, kept)
        return Restored(aside=aside, before=before, after=current_revision(engine))


def _is_empty(engine: Engine) -> bool:
    try:
        return is_new(engine)
    except StorageError:
        return False  # it cannot be looked into: damaged, most likely, and that is why we are here
