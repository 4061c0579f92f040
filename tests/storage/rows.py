"""A row in every table, whatever the schema: what an upgrade, a backup and a restore must keep."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    insert,
)
from sqlalchemy.types import JSON

AT = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=UTC)
MICROSECONDS = 1_774_755_000_123_456  # the same, as SQLite keeps it
VERSIONS = "alembic_version"


def fill(connection: Connection, *, suffix: str = "") -> dict[str, dict[str, Any]]:
    """Add a row to every table that there is; what was put into each column."""
    schema = MetaData()
    schema.reflect(connection)
    ids: dict[str, Any] = {}
    filled = {}
    for table in schema.sorted_tables:
        if table.name == VERSIONS:
            continue
        row = {c.name: _value(c, ids, suffix) for c in table.columns if not _is_numbered(table, c)}
        key = connection.execute(insert(table).values(row)).inserted_primary_key
        assert key is not None
        ids[table.name] = key[0]
        filled[table.name] = row
    return filled


def _is_numbered(table: Table, column: Column[Any]) -> bool:
    """Does the database itself give this number?"""
    return [c.name for c in table.primary_key] == [column.name] and isinstance(column.type, Integer)


def _value(column: Column[Any], ids: dict[str, Any], suffix: str) -> Any:
    for key in column.foreign_keys:
        return ids[key.column.table.name]
    match column.type:
        case Boolean():
            return True
        case DateTime():
            return AT
        case Integer():
            # SQLite keeps moments in the same type as large numbers.
            return MICROSECONDS if column.name.endswith("_at") or column.name == "as_of" else 7
        case Float():
            return 0.1 + 0.2
        case LargeBinary():
            return b"Subject: x\r\n\r\n\x00\xff"
        case JSON():
            return ["巡航", {"half": 0.5}]
        case _:
            return f"{column.name}{suffix} «совместное» 联合"
