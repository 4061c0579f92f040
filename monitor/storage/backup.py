"""Copies of the database: whole and checked before they bear their name."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from itertools import dropwhile, islice
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from monitor.errors import InputError, StorageError
from monitor.failpoints import failpoint
from monitor.storage.engine import reading
from monitor.storage.schema import metadata

SUFFIXES = {"sqlite": ".db", "postgresql": ".dump"}
_MAGIC = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}
TABLES = (*metadata.tables, "alembic_version")


def write_copy(engine: Engine, target: Path) -> None:
    """Copy the database into a file of its owner alone, while others write.

    The file is there under its name only when it is whole, checked and on disk.
    Raises StorageError.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if engine.dialect.name == "postgresql":
            _dump(engine, partial)
        else:
            copy_file(Path(engine.url.database or ""), partial)
        failpoint("backup.mid")
        put_in_place(partial, target)
    except OSError as error:
        raise StorageError(f"{target}: the backup cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def kind_of(file: Path) -> str:
    """What a backup is of, "sqlite" or "postgresql"; raises InputError for another file."""
    try:
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from None
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    raise InputError(f"{file}: no backup: expected a file that `monitor backup` wrote")


def revision_in(file: Path) -> str | None:
    """Check a backup from its first byte to its last, and give its schema revision.

    Raises InputError for a damaged one, StorageError when it cannot be looked into.
    """
    if kind_of(file) == "postgresql":
        run_program("pg_restore", "--file=/dev/null", str(file))
        options = ("--data-only", "--table=alembic_version", "--file=-")
        rows = iter(run_program("pg_restore", *options, str(file)).splitlines())
        copied = dropwhile(lambda row: not row.startswith("COPY "), rows)
        return next((row for row in islice(copied, 1, 2) if row != "\\."), None)
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?immutable=1", uri=True)) as copy:
            _check(copy)
            pages, size = (
                copy.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
            )
            if file.stat().st_size != pages * size:
                raise sqlite3.DatabaseError(f"expected {pages * size} bytes")
            found = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise InputError(f"{file}: damaged, take another backup: {error}") from None
    return str(found[0]) if found else None


def put_in_place(partial: Path, target: Path) -> None:
    """Give a finished file its name, so that a power cut leaves the one file or the other."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def copy_file(source: Path, target: Path) -> None:
    """Copy an SQLite database as it is at one moment; the copy is one file, checked. Raises StorageError."""
    try:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            # In one step, which is one look at the source: more steps would begin anew at every
            # write of somebody else. Readers of a WAL hold no writer up.
            one.execute("PRAGMA query_only = ON")
            one.backup(other)
            # One file, without a log beside it.
            other.execute("PRAGMA journal_mode = DELETE")
            _check(other)
    except sqlite3.DatabaseError as error:
        raise StorageError(f"{source}: cannot be copied: {error}") from error


def _check(copy: sqlite3.Connection) -> None:
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _dump(engine: Engine, target: Path) -> None:
    with reading(engine) as connection:
        home = connection.execute(text("SELECT current_schema()")).scalar_one()
        held = [name for name in inspect(connection).get_table_names() if name in TABLES]
    if not held:
        raise StorageError("the database holds nothing yet: there is nothing to back up")
    address, environ = server_of(engine)
    tables = [f'--table="{home}"."{name}"' for name in held]
    options = ("--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=10s")
    run_program("pg_dump", *options, *tables, f"--file={target}", f"--dbname={address}", environ=environ)
    run_program("pg_restore", "--file=/dev/null", str(target))


def server_of(engine: Engine) -> tuple[str, dict[str, str]]:
    """The server's address for its own programs, and the password apart: all users can read arguments."""
    query = dict(engine.url.query)
    password = engine.url.password or query.pop("password", None)
    address = engine.url.set(drivername="postgresql", query=query)._replace(password=None)
    environ = {"PGPASSWORD": str(password)} if password else {}
    return address.render_as_string(hide_password=False), environ


def run_program(program: str, *arguments: str, environ: dict[str, str] | None = None) -> str:
    """Run one of PostgreSQL's own programs and give what it printed; raises StorageError."""
    command = [program, *arguments]
    try:
        ended = subprocess.run(  # noqa: S603  our own arguments, no shell
            command, env={**os.environ, **(environ or {})}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise StorageError(
            f"{program} is not installed: install the client programs of PostgreSQL, "
            "of the server's version or later"
        ) from None
    if ended.returncode:
        lines = ended.stderr.strip().splitlines()
        raise StorageError(f"{program} failed: {lines[0] if lines else ended.returncode}")
    return ended.stdout
