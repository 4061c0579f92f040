"""A backup takes the place of the database; cut short at any moment, the one or the other is there."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from monitor.errors import StorageError
from monitor.storage.backup import TABLES, copy_file, put_in_place, run_program, server_of
from monitor.storage.engine import open_engine, telling, writing
from monitor.storage.migrate import RESTORING, upgrade

LOGS = ("-wal", "-shm")


def take_place(engine: Engine, file: Path, aside: str) -> str:
    """Put a checked backup in the place of the database, at this program's schema.

    What was there is kept under the name `aside`, "" for a database that holds
    nothing: an SQLite file beside the new one, tables of PostgreSQL in a schema
    of that name. Gives where it is. Raises StorageError, and then nothing has changed.
    """
    if engine.dialect.name == "postgresql":
        return _restore_tables(engine, file, aside)
    engine.dispose()
    return _restore_file(Path(engine.url.database or ""), file, aside)


def _restore_file(path: Path, file: Path, aside: str) -> str:
    fresh, old = path.with_name(f".{path.name}.restored"), path.with_name(f"{path.name}.{aside}")
    try:
        _remove(fresh)
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        copy_file(file, fresh)
        made = open_engine(f"sqlite:///{fresh}")
        upgrade(made)
        made.dispose()
        # The logs first: they would spoil the database that comes in the place of theirs.
        for log in (path.with_name(path.name + end) for end in LOGS):
            if log.exists() and aside:
                log.rename(log.with_name(log.name.replace(path.name, old.name, 1)))
            else:
                log.unlink(missing_ok=True)
        if aside:
            os.link(path, old)
        put_in_place(fresh, path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be replaced: {error.strerror or error}") from error
    finally:
        _remove(fresh)
    return str(old) if aside else ""


def _remove(path: Path) -> None:
    for end in ("", *LOGS):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _restore_tables(engine: Engine, file: Path, aside: str) -> str:
    address, environ = server_of(engine)
    options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--exit-on-error")
    with telling(engine), engine.begin() as connection:
        _move_out(connection, aside)
    try:
        # Its own transaction: all of the backup, or nothing.
        run_program(
            "pg_restore", *options, "--single-transaction", f"--dbname={address}", str(file), environ=environ
        )
        upgrade(engine)
    except StorageError:
        with writing(engine) as connection:
            _move_back(connection, aside)
        raise
    return f"schema {aside}" if aside else ""


def _move_out(connection: Connection, schema: str) -> None:
    if schema:
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    for table in inspect(connection).get_table_names():
        if table in TABLES:
            connection.execute(text(f'ALTER TABLE "{table}" SET SCHEMA "{schema}"'))
    # Killed now, the next start must not take this for a new database; the backup drops it.
    connection.execute(text("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:mark)"), {"mark": RESTORING})


def _move_back(connection: Connection, schema: str) -> None:
    home = connection.execute(text("SELECT current_schema()")).scalar_one()
    for table in inspect(connection).get_table_names():
        if table in TABLES:
            connection.execute(text(f'DROP TABLE "{table}" CASCADE'))
    if schema:
        for table in inspect(connection).get_table_names(schema):
            connection.execute(text(f'ALTER TABLE "{schema}"."{table}" SET SCHEMA "{home}"'))
        connection.execute(text(f'DROP SCHEMA "{schema}"'))
