"""How much room the database takes."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text


def file_of(connection: Connection) -> Path | None:
    """The file of an SQLite database; None for one in memory, or on a server."""
    url = connection.engine.url
    if connection.dialect.name != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def bytes_of(connection: Connection) -> int:
    """Bytes of the database itself, without its log."""
    if connection.dialect.name == "postgresql":
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    file = file_of(connection)
    return file.stat().st_size if file and file.exists() else 0


def bytes_of_log(connection: Connection) -> int:
    """Bytes of SQLite's write-ahead log, which grows while somebody reads without end; 0 elsewhere."""
    file = file_of(connection)
    log = file.with_name(f"{file.name}-wal") if file else None
    return log.stat().st_size if log and log.exists() else 0
