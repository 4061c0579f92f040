"""Restart to ready: a daemon with a million stored entries, killed and started again.

    python bench/restart.py [ENTRIES] [RESTARTS]

A database of made-up entries over 400 days, one in fifty with a signal of the
shipped catalogue; a daemon as an operator runs it, with its door on loopback
and feeds that do not answer. SIGKILL, start, and the time until `/readyz` says
200, from the start of the process.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from monitor.app import bundled_catalog, load_rules, open_context
from monitor.config import load_config
from monitor.rules.catalog import Catalog
from monitor.services.assess import assess
from monitor.storage.engine import writing
from monitor.storage.schema import entries, signals

RESULTS = Path(__file__).parent / "results" / "restart.json"
FEEDS = 20
ONE_SIGNAL_IN = 50
DAYS = 400
CHUNK = 20_000
PATIENCE_S = 60.0

CONFIG = """
[storage]
url = "sqlite:///restart.db"
[fetch]
allow = ["127.0.0.1"]
[web]
port = {port}
secret_file = "secret"
public_url = "https://entente.example.org"
[catalog]
folder = "{catalog}"
[[domain]]
id = "defense"
title = "Defense"
[[domain]]
id = "democracy"
title = "Democracy"
[[domain]]
id = "technology"
title = "Technology"
[[domain]]
id = "economy"
title = "Economy"
[[domain]]
id = "global_influence"
title = "Global influence"
[[recipient]]
id = "watch"
address = "watch@example.org"
"""
FEED = """
[[feed]]
id = "feed-{n}"
url = "http://127.0.0.1:{closed}/{n}"
family = "family-{n}"
reliability = "C"
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def write_config(folder: Path, port: int) -> Path:
    path = folder / "config.toml"
    closed = free_port()
    feeds = "".join(FEED.format(n=n, closed=closed) for n in range(FEEDS))
    path.write_text(CONFIG.format(port=port, catalog=bundled_catalog()) + feeds, encoding="utf-8")
    secret = folder / "secret"
    secret.write_text("a secret of a bench, thirty-two bytes", encoding="utf-8")
    secret.chmod(0o600)
    return path


def fill(config: Path, count: int, catalog: Catalog) -> None:
    """Store made-up entries, and a signal for one in fifty."""
    context = open_context(load_config(config, {}))
    now = datetime.now(UTC)
    dice = random.Random(7)
    kinds = [one for one in catalog.indicators.values() if one.status == "active"]
    for start in range(1, count + 1, CHUNK):
        ids = range(start, min(start + CHUNK, count + 1))
        seen = {n: now - timedelta(days=DAYS * dice.random()) for n in ids}
        rows = [
            {
                "id": n,
                "feed_id": f"feed-{n % FEEDS}",
                "key": f"key-{n}",
                "title": f"A made-up report with the number {n} of a day long past",
                "summary": "Its text is as long as that of a short report, and says nothing of note. " * 4,
                "fingerprint": f"{n:064x}",
                "published_at": at,
                "effective_at": at,
                "first_seen_at": at,
            }
            for n, at in seen.items()
        ]
        found = [
            {
                "entry_id": n,
                "revision": 1,
                "indicator_id": kind.id,
                "rule_version": kind.version,
                "domain": kind.domain,
                "direction": kind.direction.value,
                "weight": kind.weight,
                "half_life_s": int(kind.half_life.total_seconds()),
                "place": "title",
                "modality": "occurred",
                "strength": 1.0,
                "spans": [["title", 0, 1]],
                "effective_at": at,
                "matched_at": at,
            }
            for n, at in seen.items()
            if n % ONE_SIGNAL_IN == 0
            for kind in [dice.choice(kinds)]
        ]
        with writing(context.engine) as connection:
            connection.execute(insert(entries), rows)
            connection.execute(insert(signals), found)
    assess(context, now)
    context.engine.dispose()


def seconds_until_ready(config: Path, port: int) -> tuple[float, subprocess.Popen[bytes]]:
    """Start the daemon and ask until it is ready."""
    log = (config.parent / "log").open("ab")
    begun = time.monotonic()
    command = [sys.executable, "-m", "monitor", "--config", str(config), "run"]
    daemon = subprocess.Popen(command, stdout=log, stderr=log, cwd=config.parent)
    while time.monotonic() - begun < PATIENCE_S:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return time.monotonic() - begun, daemon
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    daemon.kill()
    raise SystemExit(f"not ready within {PATIENCE_S:.0f} s; see {config.parent / 'log'}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    restarts = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    folder = Path(tempfile.mkdtemp(prefix="restart-"))
    port = free_port()
    config = write_config(folder, port)
    catalog, _ = load_rules(bundled_catalog())
    fill(config, count, catalog)
    took = []
    for _ in range(restarts):
        seconds, daemon = seconds_until_ready(config, port)
        took.append(seconds)
        time.sleep(1 + random.random())
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.wait()
    took.sort()
    result = {
        "entries": count,
        "signals": count // ONE_SIGNAL_IN,
        "database_mb": round((folder / "restart.db").stat().st_size / 1e6),
        "restarts": restarts,
        "ready_s": {
            "p50": round(took[len(took) // 2], 2),
            "p95": round(took[min(int(0.95 * len(took)), len(took) - 1)], 2),
            "max": round(took[-1], 2),
        },
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
