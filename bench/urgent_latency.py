"""Urgent mail under load: from the moment an entry is stored until a mail server has taken the mail.

    python bench/urgent_latency.py [SECONDS] [ENTRIES_PER_SECOND]

A daemon as an operator runs it, with the shipped catalogue and, beside it, made-up
urgent indicators (one a code word, so that each urgent entry is a story of its own
and nothing cools down). Loopback feeds publish without pause; one entry in a second
and a half is urgent. When an entry was stored stands in the database, when its mail
was taken is noted by the server that took it. The schedule is the default one but
for `fetch.min_interval` and `schedule.poll_tick`, which bring entries in and are no
part of what is measured, and `alerts.most_per_hour` at its largest, for the storm
guard would hold back what is to be measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from monitor.app import bundled_catalog

RESULTS = Path(__file__).parent / "results" / "urgent_latency.json"
FEEDS = 20
WINDOW = 100  # entries that a document shows
RECIPIENTS = 5
URGENT_EVERY_S = 1.5
SETTLE_S = 30.0
GOAL_P99_S = 10.0
TICK_S = 0.05

CONFIG = """
[storage]
url = "sqlite:///urgent.db"
[fetch]
allow = ["127.0.0.1"]
per_host = 64
host_pause = "0s"
min_interval = "2s"
max_interval = "2s"
[schedule]
poll_tick = "1s"
[alerts]
most_per_hour = 60
[mail]
from_address = "entente@example.org"
notifier = "smtp"
[mail.smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
[catalog]
folder = "indicators"
"""
INDICATOR = """
id = "defense.bench-{word}"
title = "A made-up occasion {word}"
version = 1
status = "active"
direction = "deepening"
weight = 1
why = "It is there to be measured"
half_life = "1d"
urgent = true
requirement = "How long does urgent mail take?"
checklist = ["DEF-35"]
[terms.word]
en = ["{word}"]
ru = ["{word}"]
zh = ["{word}"]
[match]
query = "@word"
"""
EXAMPLE = """
[[example]]
lang = "{lang}"
expect = "{expect}"
text = "{text}"
why = "for the measurement"
"""
_WORD = re.compile(rb"zq[a-p]{4}x")


def code_word(number: int) -> str:
    return "zq" + "".join("abcdefghijklmnop"[number >> shift & 15] for shift in (12, 8, 4, 0)) + "x"


class Publisher:
    """Feeds that gain entries as time goes by."""

    def __init__(self, rate: float) -> None:
        self.rate, self.count, self.urgent = rate, 0, 0
        self.items: list[list[str]] = [[] for _ in range(FEEDS)]
        self.lock = threading.Lock()
        for _ in range(FEEDS):  # what a feed holds when it is new to the daemon is never urgent
            self._add("A made-up report of the day before")

    def publish_until(self, end: float, begun: float) -> None:
        while time.monotonic() < end:
            with self.lock:
                passed = time.monotonic() - begun
                while self.urgent < passed / URGENT_EVERY_S:
                    word = code_word(self.urgent)
                    self.urgent += 1
                    self._add(f"Ships named {word} leave their harbour")
                while self.count - FEEDS < passed * self.rate:
                    self._add(f"A made-up report with the number {self.count} of a day like others")
            time.sleep(TICK_S)

    def _add(self, title: str) -> None:
        number = self.count
        self.count += 1
        self.items[number % FEEDS].append(
            f"<item><guid>g{number}</guid><title>{title}</title>"
            "<description>Its text is as long as that of a short report, and says nothing of note."
            "</description></item>"
        )

    def document(self, feed: int) -> bytes:
        with self.lock:
            items = "".join(self.items[feed][-WINDOW:])
        return f"<rss version='2.0'><channel><title>F{feed}</title>{items}</channel></rss>".encode()


def serve_feeds(publisher: Publisher) -> int:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = publisher.document(int(self.path.strip("/")))
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


class Sink:
    """A mail server that notes when it took which code word for whom."""

    def __init__(self) -> None:
        self.taken: dict[tuple[str, str], float] = {}
        self.mails = 0

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        at = time.time()
        self.mails += 1
        mail = message_from_bytes(envelope.content, policy=default)  # type: ignore[arg-type]
        text = mail.get_body(("plain",)).get_content().encode()  # type: ignore[union-attr]
        for word in _WORD.findall(text):
            self.taken.setdefault((envelope.rcpt_tos[0], word.decode()), at)
        return "250 taken"


def serve_mail(sink: Sink) -> int:
    ready: list[int] = []
    begun = threading.Event()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(sink, hostname="sink.test"), "127.0.0.1", 0)
        ready.append(server.sockets[0].getsockname()[1])
        begun.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    begun.wait()
    return ready[0]


def prepare(folder: Path, feeds: int, smtp: int, words: int) -> None:
    catalog = folder / "indicators"
    shutil.copytree(bundled_catalog(), catalog)
    (catalog / "lock").unlink()
    for number in range(words):
        word = code_word(number)
        text = INDICATOR.format(word=word) + "".join(
            EXAMPLE.format(lang=lang, expect=expect, text=text)
            for lang in ("en", "ru", "zh")
            for expect, text in (("match", f"Ships named {word}"), ("no-match", "Ships without a name"))
        )
        (catalog / "defense" / f"bench-{word}.toml").write_text(text, encoding="utf-8")
    people = (
        f'[[recipient]]\nid = "r{n}"\naddress = "r{n}@example.org"\ncadence = "weekly mon 06:00"\n'
        for n in range(RECIPIENTS)
    )
    tables = (
        f'[[feed]]\nid = "f{n}"\nurl = "http://127.0.0.1:{feeds}/{n}"\nlanguage = "en"\nreliability = "C"\n'
        for n in range(FEEDS)
    )
    text = CONFIG.format(smtp=smtp) + "".join((*people, *tables))
    (folder / "config.toml").write_text(text, encoding="utf-8")


def stored_at(database: Path) -> tuple[int, dict[str, float]]:
    """How many entries are stored, and when each code word first was, in seconds since 1970."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        (count,) = connection.execute("SELECT count(*) FROM entries").fetchone()
        rows = connection.execute("SELECT title, first_seen_at FROM entries WHERE title LIKE '%zq____x%'")
        words = {}
        for title, at in rows:
            (word,) = _WORD.findall(title.encode())
            words[word.decode()] = at / 1e6
    return count, words


def share(values: Sequence[float], part: float) -> float:
    """The value that a part of all does not pass (nearest rank)."""
    ordered = sorted(values)
    return round(ordered[max(0, -int(-part * len(ordered) // 1) - 1)], 2)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 75.0
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else 100.0
    folder = Path(tempfile.mkdtemp(prefix="urgent-"))
    publisher, sink = Publisher(rate), Sink()
    prepare(folder, serve_feeds(publisher), serve_mail(sink), int(seconds / URGENT_EVERY_S) + 2)
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "monitor", "--config", str(folder / "config.toml"), "run"]
        daemon = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        while b'"running"' not in (folder / "log").read_bytes():
            if daemon.poll() is not None:
                raise SystemExit((folder / "log").read_text())
            time.sleep(0.1)
        time.sleep(5)  # the first poll of every feed is behind it
        begun = time.monotonic()
        publisher.publish_until(begun + seconds, begun)
        time.sleep(SETTLE_S)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(30)
    count, words = stored_at(folder / "urgent.db")
    wanted = [(f"r{n}@example.org", word) for n in range(RECIPIENTS) for word in words]
    waited = [sink.taken[one] - words[one[1]] for one in wanted if one in sink.taken]
    result = {
        "seconds": seconds,
        "entries_published": publisher.count,
        "entries_stored": count,
        "urgent_published": publisher.urgent,
        "urgent_stored": len(words),
        "recipients": RECIPIENTS,
        "mails": sink.mails,
        "told": len(waited),
        "not_told": len(wanted) - len(waited),
        "stored_to_taken_s": {
            "p50": share(waited, 0.5),
            "p95": share(waited, 0.95),
            "p99": share(waited, 0.99),
            "max": round(max(waited), 2),
        },
        "goal_p99_s": GOAL_P99_S,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
