"""Bringing a database to the schema of this program; the only file that knows Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from monitor.errors import StorageError
from monitor.failpoints import failpoint
from monitor.storage.engine import reading, writing
from monitor.storage.schema import metadata

PACKAGE = Path(__file__).parents[1]
# Beside the daemon's lock: two programs that start at once must not both make the tables.
MIGRATION_KEY = int.from_bytes(b"migrate", "big")
RESTORING = "restoring"  # the revision while a backup takes a database's place


def scripts() -> Path:
    """The folder of migrations: at the top of a checkout, inside the package of a wheel."""
    inside = PACKAGE / "_alembic"
    return inside if inside.is_dir() else PACKAGE.parent / "alembic"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate up to a revision, in one transaction; raises StorageError for a newer database."""
    refuse_newer(current_revision(engine))
    with migrating(engine) as connection:
        command.upgrade(_config(connection), revision)
        failpoint("migrate.mid")


def downgrade(engine: Engine, revision: str) -> None:
    """Migrate down to a revision, in one transaction; "base" removes all tables."""
    with migrating(engine) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """One transaction that may replace whole tables, for one process at a time."""
    with writing(engine.execution_options(migrates=True)) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_KEY})
        yield connection
        if connection.dialect.name == "sqlite":
            # SQLite alters a table by copying and dropping it: with foreign keys on, the
            # drop would delete what points there. They are off, so we look ourselves.
            broken = connection.execute(text("PRAGMA foreign_key_check")).all()
            if broken:
                raise StorageError(f"the migration was undone: {broken[0][0]} would lose rows it points to")


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at, None for one without tables of ours."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """The revision that this program needs."""
    return _directory().get_current_head()


def is_new(engine: Engine) -> bool:
    """Is there nothing in the database yet?"""
    with reading(engine) as connection:
        return not inspect(connection).get_table_names()


def require_current(engine: Engine) -> None:
    """Raise StorageError, which says what to run, unless the schema is the one that this program needs."""
    current, head = current_revision(engine), head_revision()
    refuse_newer(current)
    if current != head:
        raise StorageError(
            f"the database is at schema {current or 'none'}, this program needs {head}: "
            "run `monitor db upgrade`"
        )


def refuse_newer(current: str | None) -> None:
    """Raise StorageError, which names both schemas, for one that this program does not know."""
    if current == RESTORING:
        raise StorageError(
            "a restore of the database was cut short: run `monitor restore` with --replace again"
        )
    if current and current not in {script.revision for script in _directory().walk_revisions()}:
        raise StorageError(
            f"the database (schema {current}) is newer than this program (schema {head_revision()}): "
            "upgrade Entente, or restore a backup that it wrote"
        )


def _directory() -> ScriptDirectory:
    return ScriptDirectory(str(scripts()))


def differences(connection: Connection) -> list[Any]:
    """What sets the database apart from the tables that the code declares; empty when nothing does."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
