"""How long a stand-by takes to take over from a daemon that is killed or stopped, and whether a claim is ever
doubled: real daemons with the bundled catalogue on a PostgreSQL database of their own.

    python bench/takeover.py SERVER_URL [KILLS [STOPS]]

Every claim of a message is written down by a trigger of the database, with the lease in force.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import Connection, Engine, text

from monitor import app
from monitor.core.model import Message
from monitor.storage import deliveries
from monitor.storage.engine import open_engine, reading, writing
from monitor.storage.lease import token
from monitor.storage.lock import holder
from monitor.storage.migrate import upgrade

RESULTS = Path(__file__).parent / "results" / "takeover.json"
GOAL_S = 10.0
MAILS = 400  # of a round
AT_ONCE = 20
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = """
[storage]
url = "{url}"
[schedule]
deliver_every = "1s"
[catalog]
folder = {catalog}
[mail]
notifier = "file"
[[recipient]]
id = "watch"
address = "watch@example.org"
"""
LEDGER = """
CREATE TABLE claims (delivery bigint, claimed_by text, lease text);
CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'claimed' THEN
        INSERT INTO claims VALUES (NEW.id, NEW.claimed_by, (SELECT value FROM meta WHERE key = 'lease'));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER note_claim BEFORE UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION note_claim();
"""


@contextmanager
def database(server: str) -> Iterator[Engine]:
    name = f"entente_bench_{uuid4().hex[:12]}"
    admin = open_engine(server).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = open_engine(admin.url.set(database=name).render_as_string(hide_password=False))
    try:
        upgrade(engine)
        with writing(engine) as connection:
            connection.execute(text(LEDGER))
        yield engine
    finally:
        engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


class Daemon:
    """A daemon, and its log."""

    def __init__(self, folder: Path, number: int, *options: str) -> None:
        self.log = folder / f"{number}.log"
        command = [sys.executable, "-m", "monitor", "--config", str(folder / "config.toml"), "run", *options]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stderr=log, cwd=Path(__file__).parents[1])

    def waits_to_say(self, words: str) -> None:
        while words not in self.log.read_text(encoding="utf-8"):
            if self.process.poll() is not None:
                sys.exit(self.log.read_text(encoding="utf-8"))
            time.sleep(0.02)


def enqueue(engine: Engine, start: int) -> None:
    with writing(engine) as connection:
        for number in range(start, start + MAILS):
            name = f"<{number}@example.org>"
            payload = f"Subject: {number}\r\nMessage-ID: {name}\r\n\r\nx\r\n".encode()
            message = Message(recipient="watch@example.org", message_id=name, subject="x", payload=payload)
            deliveries.enqueue(connection, message, digest_id=None, at=LONG_AGO)


def until(engine: Engine, query: str, wanted: object) -> float:
    """The time at which a query first says more than what is wanted."""
    while True:
        with reading(engine) as connection:
            if connection.execute(text(query)).scalar_one() > wanted:
                return time.monotonic()
        time.sleep(0.01)


def replaced(
    engine: Engine, folder: Path, number: int, old: Daemon, sent: int
) -> tuple[float, float, Daemon]:
    """End a holder amid its claims; seconds until the next one holds the lease, and until it claims mail."""
    next_one = Daemon(folder, number, "--standby")
    next_one.waits_to_say('"standing by"')
    with reading(engine) as connection:
        lease = token(connection)
        claims = connection.execute(text("SELECT count(*) FROM claims")).scalar_one()
    time.sleep(random.random())
    enqueue(engine, number * MAILS)
    until(engine, "SELECT count(*) FROM claims", claims + random.randrange(MAILS // 4))
    started = time.monotonic()
    old.process.send_signal(sent)
    held = until(engine, "SELECT (value::json->>'token')::int FROM meta WHERE key = 'lease'", lease)
    newest = "SELECT coalesce(max((lease::json->>'token')::int), 0) FROM claims"
    works = until(engine, newest, lease)
    return held - started, works - started, next_one


def verdict(connection: Connection) -> dict[str, int]:
    """What the ledger says of the claims; the pid of a claim must be the one of the lease in force."""
    doubled = "SELECT count(*) FROM (SELECT delivery FROM claims GROUP BY delivery HAVING count(*) > 1) AS d"
    stale = (
        "SELECT count(*) FROM claims WHERE split_part(claimed_by, ':', 2) "
        "<> split_part(lease::json->>'holder', ' ', 2)"
    )
    return {
        "claims": connection.execute(text("SELECT count(*) FROM claims")).scalar_one(),
        "claimed_twice": connection.execute(text(doubled)).scalar_one(),
        "claimed_without_the_lease": connection.execute(text(stale)).scalar_one(),
        "left_claimed_by_the_killed": deliveries.counts(connection).get("claimed", 0),
    }


def spread(seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=20, method="inclusive")
    return {"p50": round(median(seconds), 2), "p95": round(cuts[-1], 2), "max": round(max(seconds), 2)}


def at_once(engine: Engine, folder: Path) -> dict[str, object]:
    """Start many daemons together, none of them to stand by."""
    many = [Daemon(folder, 10_000 + number) for number in range(AT_ONCE)]
    while sum(one.process.poll() is not None for one in many) < AT_ONCE - 1:
        time.sleep(0.1)
    (left,) = [one for one in many if one.process.poll() is None]
    left.waits_to_say('"running"')
    name = holder(engine)
    refused = sum(one.process.poll() == 3 for one in many)
    left.process.kill()
    left.process.wait()
    return {
        "started": AT_ONCE,
        "refused_with_code_3": refused,
        "the_other_holds": name.startswith(f"pid {left.process.pid} "),
    }


def main() -> None:
    server = sys.argv[1]
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    stops = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with database(server) as engine, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        catalog = json.dumps(str(app.bundled_catalog()))
        (folder / "config.toml").write_text(CONFIG.format(url=engine.url, catalog=catalog), encoding="utf-8")
        one = Daemon(folder, 0)
        one.waits_to_say('"running"')
        held, works, number = [], [], 0
        for _ in range(kills):
            number += 1
            old = one
            to_lease, to_mail, one = replaced(engine, folder, number, old, signal.SIGKILL)
            old.process.wait()
            held.append(to_lease)
            works.append(to_mail)
        stopped, codes = [], []
        for _ in range(stops):
            number += 1
            old = one
            to_lease, _, one = replaced(engine, folder, number, old, signal.SIGSTOP)
            stopped.append(to_lease)
            old.process.send_signal(signal.SIGCONT)
            codes.append(old.process.wait())
        one.process.send_signal(signal.SIGTERM)
        one.process.wait()
        with reading(engine) as connection:
            found = verdict(connection)
        result = {
            "goal_s": GOAL_S,
            "kills": kills,
            "killed_until_lease_s": spread(held),
            "killed_until_next_claim_s": spread(works),
            "stops": stops,
            "stopped_until_lease_s": spread(stopped),
            "exit_codes_of_the_woken": sorted(set(codes)),
            **found,
            "at_once": at_once(engine, folder),
            "load_of_the_machine": round(os.getloadavg()[1], 1),
        }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
