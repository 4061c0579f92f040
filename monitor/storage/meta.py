"""Small facts that outlive the process."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from monitor.storage.schema import meta
from monitor.storage.upsert import insert_into, insert_new

UNSUBSCRIBED = "unsubscribed:"  # and the id of a recipient who wants no more mail: since when


def first_seen(connection: Connection, name: str, at: datetime) -> datetime:
    """When a thing was first known to this database; `at`, and remembered, when it is new."""
    insert_new(connection, meta, [{"key": f"first_seen:{name}", "value": at.isoformat()}])
    query = select(meta.c.value).where(meta.c.key == f"first_seen:{name}")
    return datetime.fromisoformat(connection.execute(query).scalar_one())


def put(connection: Connection, key: str, value: str) -> None:
    """Keep a value under a key, in place of an earlier one."""
    statement = insert_into(connection, meta).values(key=key, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def wants_no_mail(connection: Connection, recipient_id: str) -> bool:
    """Whether a recipient ended the mails."""
    return bool(get(connection, UNSUBSCRIBED + recipient_id))


def forget(connection: Connection, key: str) -> bool:
    """Forget a key; False when there was none."""
    return connection.execute(delete(meta).where(meta.c.key == key)).rowcount > 0


def get(connection: Connection, key: str) -> str:
    """The value of a key, "" where there is none."""
    query = select(meta.c.value).where(meta.c.key == key)
    return connection.execute(query).scalar_one_or_none() or ""
