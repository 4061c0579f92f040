"""Compose and render digests for many recipients from many stories, made up; PostgreSQL is not asked.

    python bench/compose_digests.py [STORIES [RECIPIENTS]]

The second day is measured: every recipient has a digest of the day before, so
that changes are split into their causes.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from monitor import app
from monitor.config import load_config
from monitor.core.model import Entry, Fetched, Recipient
from monitor.core.outcome import Outcome
from monitor.services.compose import compose_due
from monitor.services.poll import record_poll
from monitor.storage import feeds
from monitor.storage.engine import reading, writing
from monitor.storage.meta import first_seen

RESULTS = Path(__file__).parent / "results" / "compose_digests.json"
CONFIG = """
[[recipient]]
id = "r0"
address = "r0@example.org"
[[feed]]
id = "wire"
title = "Sample Wire"
url = "https://wire.example.org/feed"
reliability = "B"
"""
AT = datetime(2026, 11, 20, 6, 1, tzinfo=UTC)


def made_entries(stories: int, rng: random.Random, examples: list[str]) -> list[Entry]:
    return [
        Entry(
            feed_id="wire",
            key=str(number),
            title=f"{rng.choice(examples)} ({rng.randrange(10**6)} {rng.randrange(10**6)})",
            published_at=AT - timedelta(minutes=rng.randrange(60 * 24 * 20)),
        )
        for number in range(stories)
    ]


def main() -> None:
    stories = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    recipients = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(CONFIG, encoding="utf-8")
        config = load_config(path, {})
        config = replace(
            config,
            catalog_folder=app.bundled_catalog(),
            recipients=tuple(Recipient(id=f"r{n}", address=f"r{n}@example.org") for n in range(recipients)),
        )
        context = app.open_context(config)
        examples = [e.text for i in context.catalog.indicators.values() for e in i.examples if e.must_match]
        with writing(context.engine) as connection:
            for recipient in config.recipients:
                first_seen(connection, f"recipient:{recipient.id}", AT - timedelta(days=9))
        entries = made_entries(stories, rng, examples)
        old = [e for e in entries if e.published_at and e.published_at < AT - timedelta(days=1)]
        for at, some in ((AT - timedelta(days=1), old), (AT, [e for e in entries if e not in old])):
            with reading(context.engine) as connection:
                state = feeds.all_states(connection)[0]
            record_poll(context, state, Fetched(outcome=Outcome.OK, entries=tuple(some)), at, 0.0)
            started = time.perf_counter()
            composed = compose_due(context, at)
            seconds = time.perf_counter() - started
        result = {
            "stories": stories,
            "recipients": len(composed),
            "developments_shown": len(composed[0].developments) + len(composed[0].also),
            "seconds": round(seconds, 2),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
        context.engine.dispose()
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
