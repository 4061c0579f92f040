"""The daemon with 100,000 feeds, each on a host of its own: memory of all its processes over one round.

    python -m bench.many_feeds [FEEDS]

Every feed is due at the start and answers 304; some bytes of the loopback
network are the hosts. The daemon is the real one, started as an operator would
and ended with SIGTERM when every feed was polled and every job had its turn.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import re
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, func, select, update

from bench.farm import address, context_in
from monitor.storage.engine import open_engine, reading, writing
from monitor.storage.schema import feeds

RESULT = Path(__file__).parent / "results" / "many_feeds.json"
REST = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nConnection: close\r\n\r\n'
MORE = """
[schedule]
poll_tick = "5s"
assess_every = "30s"
[[recipient]]
id = "watch"
address = "watch@example.org"
cadence = "hourly"
[mail]
notifier = "file"
[mail.file]
folder = "{folder}/outbox"
"""
GOAL_MB = 512


def serve(pipe: Connection) -> None:
    """Answer 304 on every address of this machine."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(REST)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "0.0.0.0", 0, backlog=4096)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def tree(root: int) -> list[int]:
    """A process and all that it started."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def memory(pid: int) -> dict[str, float]:
    """Resident and proportional megabytes of one process; none when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return {}
    return {name: int(value) / 1024 for name, value in re.findall(r"^(Rss|Pss):\s+(\d+) kB", text, re.M)}


def polled(engine: Engine) -> int:
    with reading(engine) as connection:
        query = select(func.count()).select_from(feeds).where(feeds.c.outcome == "not_modified")
        return connection.execute(query).scalar_one()


def watched(daemon: subprocess.Popen[bytes], engine: Engine, many: int) -> dict[str, Any]:
    """Look at the daemon until it has polled all feeds, and a minute longer for its other jobs."""
    started = time.monotonic()
    peak: dict[str, Any] = {"pss_mb": 0.0}
    main = total = done_at = 0.0
    while not done_at or time.monotonic() - started < done_at + 60:
        if daemon.poll() is not None:
            raise SystemExit(f"the daemon ended with {daemon.returncode}")
        each = [memory(pid) for pid in tree(daemon.pid)]
        main = max(main, each[0].get("Rss", 0.0))
        total = sum(one.get("Pss", 0.0) for one in each)
        if total > peak["pss_mb"]:
            peak = {
                "pss_mb": total,
                "rss_of_each_mb": [round(one.get("Rss", 0)) for one in each],
                "at_s": time.monotonic() - started,
            }
        if not done_at and polled(engine) == many:
            done_at = time.monotonic() - started
        time.sleep(1.0)
    return {
        "round_s": round(done_at),
        "peak_all_processes_mb": round(peak["pss_mb"]),  # shared pages counted once
        "peak_at_s": round(peak["at_s"]),
        "resident_of_each_then_mb": peak["rss_of_each_mb"],
        "peak_resident_of_the_daemon_mb": round(main),
        "all_processes_a_minute_after_the_round_mb": round(total),
        "goal_mb": GOAL_MB,
    }


def measured(many: int) -> dict[str, Any]:
    near, far = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(far,), daemon=True)
    server.start()
    port = near.recv()
    with TemporaryDirectory() as name:
        folder = Path(name)
        limits = {"allow": ["127.0.0.0/8"], "per_host": 1, "host_pause": "1s"}
        context = context_in(folder, [address(n, port) for n in range(many)], **limits)
        with writing(context.engine) as connection:
            connection.execute(update(feeds).values(etag='"1"', polled_at=feeds.c.next_poll_at))
        with (folder / "config.toml").open("a", encoding="utf-8") as file:
            file.write(MORE.format(folder=folder))
        # The context holds a catalogue of its own: what remains is a look at the database.
        url = context.engine.url.render_as_string()
        context.engine.dispose()
        del context
        daemon = subprocess.Popen(
            [sys.executable, "-m", "monitor", "--config", str(folder / "config.toml"), "run"],
            stderr=(folder / "log").open("wb"),
        )
        try:
            figures = watched(daemon, open_engine(url), many)
        finally:
            daemon.send_signal(signal.SIGTERM)
            ended = time.monotonic()
            code = daemon.wait(60)
            log = (folder / "log").read_text(encoding="utf-8")
        server.terminate()
    errors = [line for line in log.splitlines() if '"ERROR"' in line or "Traceback" in line]
    return {
        "feeds": many,
        **figures,
        "ended_with": code,
        "seconds_to_end": round(time.monotonic() - ended, 1),
        "errors_logged": errors[:5],
    }


if __name__ == "__main__":
    figures = measured(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    if figures["feeds"] >= 100_000:
        RESULT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
