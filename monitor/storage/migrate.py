"""Bringing a database to the schema of this program; the only file that knows Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from alembic import command
from monitor.errors import StorageError
from monitor.storage.engine import reading, writing
from monitor.storage.schema import metadata

PACKAGE = Path(__file__).parents[1]


def scripts() -> Path:
    """The folder of migrations: at the top of a checkout, inside the package of a wheel."""
    inside = PACKAGE / "_alembic"
    return inside if inside.is_dir() else PACKAGE.parent / "alembic"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate up to a revision, in one transaction."""
    with writing(engine) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Migrate down to a revision, in one transaction; "base" removes all tables."""
    with writing(engine) as connection:
        command.downgrade(_config(connection), revision)


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at, None for one without tables of ours."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """The revision that this program needs."""
    return ScriptDirectory(str(scripts())).get_current_head()


def is_new(engine: Engine) -> bool:
    """Is there nothing in the database yet?"""
    with reading(engine) as connection:
        return not inspect(connection).get_table_names()


def require_current(engine: Engine) -> None:
    """Raise StorageError, which says what to run, unless the schema is the one that this program needs."""
    current = current_revision(engine)
    directory = ScriptDirectory(str(scripts()))
    head = directory.get_current_head()
    if current == head:
        return
    if current and current not in {script.revision for script in directory.walk_revisions()}:
        raise StorageError(f"the database (schema {current}) is newer than this program: upgrade Entente")
    raise StorageError(
        f"the database is at schema {current or 'none'}, this program needs {head}: run `monitor db upgrade`"
    )


def differences(connection: Connection) -> list[Any]:
    """What sets the database apart from the tables that the code declares; empty when nothing does."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
