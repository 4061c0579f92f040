"""INSERT that leaves rows it finds alone: both databases can, each in its own dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = postgresql.Insert | sqlite.Insert


def insert_into(connection: Connection, table: Table) -> Insert:
    """An INSERT of this database's dialect, which knows ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; one that would break a unique constraint is left out.

    The rows go as a list of parameters: one statement with all values would be
    compiled anew each time, three times slower.
    """
    if rows:
        connection.execute(insert_into(connection, table).on_conflict_do_nothing(), list(rows))
