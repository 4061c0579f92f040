"""Feeds that mean harm: endless, slow, circular, broken ones, and files of a corpus where one is at hand."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from random import Random

from torture.web import Answer

CORPUS = Path(__file__).parents[2] / "shared" / "bad-feeds"
FROM_CORPUS = 12


def hostile_answers(seed: int, canary: int) -> list[Answer]:
    """What each hostile feed answers; `canary` is a port that nobody may ever connect to."""
    bomb = gzip.compress(b"\0" * 30_000_000)
    forbidden = f"http://127.0.0.1:{canary}/"
    entity = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{forbidden}">]>'.encode()
    made = [
        Answer(drip_s=0.2),
        Answer(headers={"Content-Type": "application/rss+xml"}, body=b"<rss>", endless=b"<item>" * 10_000),
        Answer(status=302, headers={"Location": "/2"}),
        Answer(status=302, headers={"Location": forbidden}),
        Answer(reset=True),
        Answer(headers={"Content-Encoding": "gzip"}, body=bomb),
        Answer(body=entity + b"<rss><channel><item><title>&x;</title></item></channel></rss>"),
        Answer(body=b"<rss><channel>" + b"<a>" * 5000),
        Answer(body=b"\xff\xfe\x00<rss", cut=3),
        Answer(status=410),
    ]
    return made + _from_corpus(Random(f"{seed} hostile"))


def _from_corpus(random: Random) -> list[Answer]:
    table = CORPUS / "SERVE.csv"
    if not table.exists():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        # 429 is about all that is asked of a host, and ours serves the good feeds too.
        rows = [row for row in csv.DictReader(file) if row["status"] != "429"]
    return [_answer(row) for row in random.sample(rows, FROM_CORPUS)]


def _answer(row: dict[str, str]) -> Answer:
    headers = {"Content-Type": row["content_type"], "Content-Encoding": row["content_encoding"]}
    body = (CORPUS / row["file"]).read_bytes()
    return Answer(status=int(row["status"] or 200), headers=headers, body=body)
