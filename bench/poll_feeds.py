"""First poll and all-304 poll of loopback feeds, beside the `reader` library doing the same.

    python bench/poll_feeds.py [FEEDS] [ENTRIES]

`reader` is no dependency of ours: install it with its parser's needs into an
environment of its own and name its Python in READER_PYTHON; without that only
ours is measured. The server runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "poll_feeds.json"
WORDS = ("patrol", "fleet", "harbour", "accord", "pipeline", "minister", "payment", "satellite", "border")

READER = """
import json, resource, sys, time
from reader import make_reader
port, feeds, database = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
reader = make_reader(database)
for number in range(feeds):
    reader.add_feed(f"http://127.0.0.1:{port}/{number}")
for name in ("first", "second"):
    wall, cpu = time.perf_counter(), time.process_time()
    reader.update_feeds(workers=20, scheduled=False)
    print(json.dumps({"run": name, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu,
                      "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                      "entries": sum(1 for _ in reader.get_entries())}))
"""

OURS = """
import json, sys
from pathlib import Path
sys.path.insert(0, {here!r})
import poll_feeds
if __name__ == "__main__":
    print(json.dumps(poll_feeds.ours({port}, {feeds}, Path({folder!r}))))
"""


def document(number: int, entries: int) -> bytes:
    """A feed of made-up sentences, some 40 KB with 30 entries."""
    items = []
    for n in range(entries):
        title = f"{WORDS[n % 9]} {WORDS[(n * 7 + number) % 9]} report {n}"
        text = " ".join(WORDS[(n + k * number) % 9] for k in range(200))
        items.append(
            f"<item><guid>{number}-{n}</guid><title>{title}</title><description>{text}</description>"
            f"<link>https://news.example.org/{number}/{n}</link>"
            f"<pubDate>Mon, 23 Nov 2026 10:{n % 60:02}:00 GMT</pubDate></item>"
        )
    channel = f"<channel><title>Feed {number}</title>{''.join(items)}</channel>"
    return f"<rss version='2.0'>{channel}</rss>".encode()


def serve(feeds: int, entries: int, pipe: Connection) -> None:
    bodies = [document(number, entries) for number in range(feeds)]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = bodies[int(self.path.strip("/"))]
            known = self.headers.get("If-None-Match") == '"1"'
            self.send_response(304 if known else 200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", "0" if known else str(len(body)))
            self.end_headers()
            if not known:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 512  # the usual 5 drops connections that come at once

    server = Server(("127.0.0.1", 0), Handler)
    pipe.send(server.server_port)
    server.serve_forever()


def ours(port: int, feeds: int, folder: Path) -> list[dict[str, object]]:
    from concurrent.futures import ThreadPoolExecutor
    from datetime import timedelta

    from monitor import app
    from monitor.config import load_config
    from monitor.services.poll import poll_due

    tables = "".join(
        f'[[feed]]\nid = "f{n}"\nurl = "http://127.0.0.1:{port}/{n}"\nlanguage = "en"\n' for n in range(feeds)
    )
    head = (
        '[fetch]\nallow = ["127.0.0.1"]\nhost_pause = "0s"\nper_host = 64\n'
        f"[catalog]\nfolder = {json.dumps(str(app.bundled_catalog()))}\n"
    )
    (folder / "config.toml").write_text(head + tables, encoding="utf-8")
    context = app.open_context(load_config(folder / "config.toml", {}))
    results = []

    async def polls() -> None:
        with ThreadPoolExecutor(max_workers=1) as writer:
            async with app.open_source(context.config) as source:
                for name, later in (("first", timedelta(0)), ("second", timedelta(days=2))):
                    wall, cpu = time.perf_counter(), cpu_s()
                    reports = await poll_due(
                        context,
                        source,
                        now=lambda later=later: app.now() + later,
                        jitter=lambda: 0.0,
                        writer=writer,
                        in_flight=set(),
                    )
                    results.append(
                        {
                            "run": name,
                            "wall_s": time.perf_counter() - wall,
                            "cpu_s": cpu_s() - cpu,
                            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                            "feeds": len(reports),
                            "failed": sum(r.outcome.failed for r in reports),
                            "entries": sum(r.new for r in reports),
                            "outcomes": sorted({r.outcome.value for r in reports}),
                        }
                    )

    asyncio.run(polls())
    return results


def cpu_s() -> float:
    """Of this process and of the parsers that it started, which live on: read from /proc."""
    total = time.process_time()
    for child in multiprocessing_children():
        try:
            fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def multiprocessing_children() -> list[int]:
    found, waiting = [], [os.getpid()]
    while waiting:
        listing = Path(f"/proc/{waiting.pop()}/task")
        try:
            children = [
                int(pid) for task in listing.iterdir() for pid in (task / "children").read_text().split()
            ]
        except OSError:
            continue
        found += children
        waiting += children
    return found


def main() -> None:
    feeds, entries = (int(a) for a in (sys.argv[1:3] + ["1000", "30"][len(sys.argv) - 1 :]))
    near, far = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(feeds, entries, far), daemon=True)
    server.start()
    port = near.recv()
    result: dict[str, object] = {
        "feeds": feeds,
        "entries_a_feed": entries,
        "document_kb": len(document(1, entries)) / 1024,
    }
    with tempfile.TemporaryDirectory() as folder:
        if python := os.environ.get("READER_PYTHON"):
            done = subprocess.run(
                [python, "-c", READER, str(port), str(feeds), f"{folder}/reader.db"],
                capture_output=True,
                text=True,
                check=True,
            )
            result["reader"] = [json.loads(line) for line in done.stdout.splitlines()]
    # In a process that never was the server's parent in memory: a clean peak.
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "run.py"
        script.write_text(OURS.format(here=str(Path(__file__).parent), port=port, feeds=feeds, folder=folder))
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
        result["entente"] = json.loads(done.stdout.splitlines()[-1])
    server.terminate()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
