"""A daemon whose clock is set while it runs, and one that is stopped for a while."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine, func, select

from monitor.core.model import Message
from monitor.services.clock import clock_in
from monitor.storage import deliveries
from monitor.storage.engine import open_engine, reading, writing
from monitor.storage.schema import digests, entries, feeds
from tests.services.conftest import write_catalog

# It runs the daemon by a clock that is ahead by the seconds in a file.
RUN = """
import datetime, sys
from pathlib import Path
ahead, config = Path(sys.argv[1]), sys.argv[2]
class Set(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.now(tz) + datetime.timedelta(seconds=float(ahead.read_text()))
import apscheduler.executors.base, apscheduler.schedulers.base
apscheduler.schedulers.base.datetime = apscheduler.executors.base.datetime = Set
from monitor import app
app.now = lambda: Set.now(datetime.UTC)
from monitor.__main__ import cli
cli(["--config", config, "run"])
"""
CONFIG = """
[storage]
url = "sqlite:///test.db"
[fetch]
allow = ["127.0.0.1:{port}"]
host_pause = "1s"
[schedule]
poll_tick = "1s"
deliver_every = "1s"
alert_every = "1s"
[catalog]
folder = "indicators"
[mail]
notifier = "file"
[[recipient]]
id = "watch"
address = "watch@example.org"
cadence = "hourly"
"""
FEED = """
[[feed]]
id = "feed{number}"
url = "http://127.0.0.1:{port}/{number}"
every = "6h"
"""
DOCUMENT = (
    b'<rss version="2.0"><channel><title>Wire</title><item><guid>1</guid>'
    b"<title>A library reopens</title></item></channel></rss>"
)
FEEDS = 3
HOUR, TEN_YEARS = 3600.0, 10 * 365.25 * 86_400


class Server(ThreadingHTTPServer):
    daemon_threads = True
    asked = 0


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(DOCUMENT)))
        self.end_headers()
        self.wfile.write(DOCUMENT)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Watched:
    """The daemon, its database, and how often its feeds were asked."""

    def __init__(self, folder: Path, server: Server) -> None:
        write_catalog(folder / "indicators")
        port = server.server_address[1]
        text = CONFIG.format(port=port) + "".join(FEED.format(number=n, port=port) for n in range(FEEDS))
        (folder / "config.toml").write_text(text, encoding="utf-8")
        self.folder, self.server = folder, server
        self.is_ahead_by(0)
        self.engine: Engine = open_engine(f"sqlite:///{folder}/test.db")
        self.log = (folder / "log").open("w")
        command = [sys.executable, "-c", RUN, str(folder / "ahead"), str(folder / "config.toml")]
        self.process = subprocess.Popen(command, stderr=self.log, cwd=Path(__file__).parents[1])
        self.mails = 0

    def is_ahead_by(self, seconds: float) -> None:
        (self.folder / "ahead.new").write_text(str(seconds), encoding="utf-8")
        (self.folder / "ahead.new").rename(self.folder / "ahead")

    def said(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def waits(self, what: str, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not until():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, f"{what}\n{self.said()}"
            time.sleep(0.1)

    def works(self) -> None:
        """Wait until it sends a message that is put into the outbox now."""
        self.mails += 1
        name = f"<{self.mails}@example.org>"
        payload = f"Subject: x\r\nMessage-ID: {name}\r\n\r\nx\r\n".encode()
        message = Message(recipient="watch@example.org", message_id=name, subject="x", payload=payload)
        with writing(self.engine) as connection:
            deliveries.enqueue(connection, message, digest_id=None, at=datetime(2020, 1, 1, tzinfo=UTC))
        path = self.folder / "outbox" / f"{self.mails}@example.org.eml"
        self.waits(f"no mail {name}", path.exists)

    def jumps(self) -> str:
        with reading(self.engine) as connection:
            clock = clock_in(connection)
        return clock.words if clock else ""

    def digests(self) -> tuple[int, int]:
        """How many there are, and for how many dues."""
        with reading(self.engine) as connection:
            query = select(func.count(), func.count(digests.c.due_key.distinct())).select_from(digests)
            number, dues = connection.execute(query).one()
        return number, dues

    def polled(self) -> int:
        with reading(self.engine) as connection:
            return int(connection.execute(select(func.count(feeds.c.polled_at))).scalar_one())

    def stored(self) -> int:
        with reading(self.engine) as connection:
            return int(connection.execute(select(func.count()).select_from(entries)).scalar_one())


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Watched]:
    server = Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    one = Watched(tmp_path, server)
    try:
        one.waits("it does not run", lambda: '"running"' in one.said())
        one.waits("feeds not polled", lambda: one.polled() == FEEDS)
        one.works()
        yield one
    finally:
        one.process.kill()
        one.process.wait()
        one.log.close()
        server.shutdown()
        server.server_close()


def test_a_clock_that_is_set_stops_nothing_and_brings_no_burst(daemon: Watched) -> None:
    before = daemon.digests()
    for seconds, sign in ((HOUR, "+"), (0.0, "-"), (-HOUR, "-"), (0.0, "+")):
        daemon.is_ahead_by(seconds)
        daemon.waits("the jump was not seen", lambda sign=sign: f"jumped by {sign}" in daemon.jumps())
        daemon.works()
    assert daemon.server.asked == FEEDS
    number, dues = daemon.digests()
    # An hour that was shown twice has one digest; each of the two others at most one.
    assert number == dues <= before[0] + 3
    assert "Traceback" not in daemon.said()


@pytest.mark.parametrize("seconds", [TEN_YEARS, -50 * 365.25 * 86_400], ids=["ten years", "1970s"])
def test_nothing_is_done_by_a_clock_that_cannot_be_right(daemon: Watched, seconds: float) -> None:
    before = daemon.digests()
    daemon.is_ahead_by(seconds)
    daemon.waits("the jump was not seen", lambda: "nothing is polled, sent or forgotten" in daemon.jumps())
    time.sleep(3)  # three ticks of every job
    assert (daemon.server.asked, daemon.digests(), daemon.stored()) == (FEEDS, before, FEEDS)
    daemon.is_ahead_by(0)
    daemon.works()
    assert "nothing is" not in daemon.jumps()
    assert daemon.server.asked == FEEDS
    assert daemon.digests()[0] <= before[0] + 1  # an hour may have ended meanwhile
    assert "Traceback" not in daemon.said()


def test_a_daemon_that_was_stopped_goes_on_without_a_burst(daemon: Watched) -> None:
    before = daemon.digests()
    daemon.process.send_signal(signal.SIGSTOP)
    time.sleep(8)  # eight ticks of every job
    daemon.process.send_signal(signal.SIGCONT)
    daemon.works()
    assert daemon.server.asked == FEEDS
    assert daemon.jumps() == ""
    assert daemon.digests()[0] <= before[0] + 1
