"""The main job on sample feeds of our own, served over loopback: what `make demo` runs."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path

TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
    "rdf": "application/rdf+xml",
}
_HOURS_AGO = re.compile(r"\{(iso_)?hours_ago_(\d+)\}")


def sample_feeds(at: datetime) -> dict[str, tuple[str, bytes]]:
    """The sample documents by path: content type and body, with entries dated shortly before `at`."""

    def moment(found: re.Match[str]) -> str:
        then = at - timedelta(hours=int(found[2]))
        return then.isoformat(timespec="seconds") if found[1] else format_datetime(then)

    documents = {}
    for source in files("monitor").joinpath("samples").iterdir():
        text = _HOURS_AGO.sub(moment, source.read_text(encoding="utf-8"))
        kind = source.name.rpartition(".")[2]
        charset = "windows-1251" if "windows-1251" in text[:100] else "utf-8"
        documents[f"/{source.name}"] = (TYPES[kind], text.encode(charset))
    return documents


@contextmanager
def serve(documents: dict[str, tuple[str, bytes]]) -> Iterator[int]:
    """Serve documents on a free port of 127.0.0.1 for as long as the block lasts; the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = documents.get(self.path, ("text/plain", b"not found"))
            self.send_response(200 if self.path in documents else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the terminal for the digest."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


CONFIG = """\
# The demonstration's configuration. Its feeds are samples: invented, and served from this machine.
[storage]
url = "sqlite:///demo.db"

[fetch]
allow = ["127.0.0.1:{port}"]
host_pause = "0s"
per_host = 4

[catalog]
folder = {catalog}

[mail]
from_address = "entente@example.org"
from_name = "Entente"
notifier = "file"
[mail.file]
folder = "outbox"

[[recipient]]
id = "watch"
address = "watch@example.org"
name = "Watch officer"
timezone = "UTC"
cadence = "daily 06:00"
"""

FEED = """
[[feed]]
id = "{id}"
title = "{title}"
url = "http://127.0.0.1:{port}/{file}"
language = "{language}"
reliability = "{reliability}"
every = "6h"
"""

FEEDS = (
    ("sample-wire", "Sample Wire (invented)", "wire_en.rss", "en", "B", ""),
    ("sample-review", "Sample Review (invented)", "review_en.json", "en", "B", ""),
    ("sample-agentstvo", "Sample Agentstvo (invented)", "agentstvo_ru.rss", "ru", "C", "russia"),
    ("sample-ribao", "Sample Ribao (invented)", "ribao_zh.atom", "zh", "C", "china"),
    ("sample-bulletin", "Sample Bulletin (invented, frozen)", "bulletin_en.rdf", "en", "B", ""),
    ("sample-gazette", "Sample Gazette (invented, down)", "no-such-feed.rss", "en", "B", ""),
)


def demo_config(port: int, catalog: Path) -> str:
    """The text of the demonstration's config.toml."""
    tables = [
        FEED.format(id=name, title=title, port=port, file=file, language=language, reliability=grade)
        + (f'party = "{party}"\n' if party else "")
        for name, title, file, language, grade, party in FEEDS
    ]
    return CONFIG.format(port=port, catalog=json.dumps(str(catalog))) + "".join(tables)
