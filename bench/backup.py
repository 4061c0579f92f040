"""Twenty backups while somebody writes: how long the longest write had to wait.

    python bench/backup.py [ENTRIES] [URL OF A POSTGRESQL SERVER]

A database of made-up entries, in which one thread stores an entry at a time; each
backup is checked by the program itself. Without a server's URL only SQLite is measured.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, insert, text

from monitor.core.model import Feed
from monitor.services.backup import back_up
from monitor.storage import feeds
from monitor.storage.engine import open_engine, writing
from monitor.storage.migrate import upgrade
from monitor.storage.schema import entries

RESULTS = Path(__file__).parent / "results" / "backup.json"
START = datetime(2026, 1, 1, tzinfo=UTC)
BACKUPS = 20
CHUNK = 10_000
GOAL_S = 1.0


def row(number: int) -> dict[str, object]:
    return {
        "feed_id": "made-up",
        "key": str(number),
        "title": f"Title of entry {number}, which is as long as titles are wont to be",
        "summary": "A sentence that stands for a summary. " * 8,
        "fingerprint": f"{number:064x}",
        "effective_at": START + timedelta(seconds=number),
        "first_seen_at": START + timedelta(seconds=number),
    }


def measure(engine: Engine, number: int) -> dict[str, object]:
    upgrade(engine)
    with writing(engine) as connection:
        made_up = Feed(id="made-up", title="Made up", url="https://example.org/", family="made-up")
        feeds.sync_feeds(connection, [made_up], at=START)
    for first in range(0, number, CHUNK):
        with writing(engine) as connection:
            connection.execute(insert(entries), [row(n) for n in range(first, min(first + CHUNK, number))])
    waits: list[float] = []
    stop = threading.Event()

    def write() -> None:
        following = number
        while not stop.is_set():
            began = time.perf_counter()
            with writing(engine) as connection:
                connection.execute(insert(entries).values(row(following)))
            waits.append(time.perf_counter() - began)
            following += 1

    def paused(seconds: float) -> list[float]:
        """The waits of so long a time without a backup."""
        before = len(waits)
        time.sleep(seconds)
        return waits[before:]

    thread = threading.Thread(target=write)
    thread.start()
    try:
        alone = paused(5.0)
        before = len(waits)
        took = []
        with tempfile.TemporaryDirectory() as scratch:
            for n in range(BACKUPS):
                began = time.perf_counter()
                made = back_up(engine, Path(scratch), at=START + timedelta(seconds=n), keep=2)
                took.append(time.perf_counter() - began)
        during = waits[before:]
    finally:
        stop.set()
        thread.join()
    return {
        "entries": number,
        "backups": BACKUPS,
        "backup_mb": round(made.size / 2**20),
        "backup_s": {"median": round(statistics.median(took), 2), "max": round(max(took), 2)},
        "writes_meanwhile": len(during),
        "longest_wait_ms": round(1000 * max(during), 1),
        "p99_wait_ms": round(1000 * sorted(during)[int(0.99 * len(during))], 1),
        "longest_wait_without_backup_ms": round(1000 * max(alone), 1),
    }


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    found: dict[str, object] = {"goal_ms": 1000 * GOAL_S}
    with tempfile.TemporaryDirectory() as scratch:
        engine = open_engine(f"sqlite:///{scratch}/bench.db")
        found["sqlite"] = measure(engine, number)
        engine.dispose()
    if len(sys.argv) > 2:
        server = open_engine(sys.argv[2]).execution_options(isolation_level="AUTOCOMMIT")
        name = f"entente_bench_{uuid4().hex[:12]}"
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine = open_engine(server.url.set(database=name).render_as_string(hide_password=False))
        try:
            found["postgresql"] = measure(engine, number)
        finally:
            engine.dispose()
            with server.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            server.dispose()
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
