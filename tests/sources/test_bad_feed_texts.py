"""What entries of hostile feeds say once they are read: the notes of the corpus, as far as they are ours."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.core.model import Entry
from monitor.sources.feed import parse
from tests.core.builders import a_feed

FOLDER = Path(__file__).parents[3] / "shared" / "bad-feeds"
WORDS = "Zażółć Грузия 東京 café CANARY7F3A"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir() and not os.environ.get("CI"),
    reason="the corpus of hostile feeds is not beside this checkout",
)


def entries(name: str) -> tuple[Entry, ...]:
    (file,) = FOLDER.glob(f"{name}*.xml")
    feed = a_feed(url="https://wire.example.org/feeds/all.xml", language="und")
    return parse(file.read_bytes(), feed=feed, content_type="application/rss+xml").entries


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("a12", "Café —… CANARY7F3A"),
        ("a15", "\ufffd CANARY7F3A"),
        ("b18", "Item 1 CANARY7F3A"),
        ("b21", "CVSS < 5 CANARY7F3A"),
        ("b31", "CANARY7F3A " + "T" * 988 + "…"),
        ("c01", WORDS),
        ("c06", WORDS),
        ("c07", "café déjà CANARY7F3A"),
        ("c09", "“hi” – CANARY7F3A"),
        ("c10", WORDS),
        ("c11", "+ADw-script+AD4-alert('XSSMARK')+ADw-/script+AD4- CANARY7F3A"),
        ("c12", "AB CANARY7F3A"),
        ("d11", "Entry 1 revised CANARY7F3A"),
        ("f01", "CANARY7F3A"),
        ("f02", "CANARY7F3A"),
        ("f03", '<script>alert("XSSMARK")</script> CANARY7F3A'),
        ("f20", "{{7*7}} ${7*7} {% for x in () %} #{7*7} <%= 7*7 %> CANARY7F3A"),
        ("f31", "a b c CANARY7F3A"),
        ("g01", "Hot Bcc: victim@example.org body CANARY7F3A"),
        ("g18", "invoicefdp.exe CANARY7F3A"),
    ],
)
def test_titles(name: str, title: str) -> None:
    assert entries(name)[0].title == title


@pytest.mark.parametrize(("name", "summary"), [("b28", "x"), ("f04", ""), ("f26", "x"), ("h09", "x")])
def test_summaries(name: str, summary: str) -> None:
    assert entries(name)[0].summary == summary


@pytest.mark.parametrize(
    ("name", "links"),
    [
        ("b20", ["https://news.example.com/?a=1&b=2&copy=3"]),
        ("f09", [""]),
        ("f11", [""]),
        (
            "j12",
            [
                "https://wire.example.org/a/1",
                "https://evil.test/x",
                "https://wire.example.org/feeds/a%20b%20c",
            ],
        ),
        ("j13", ["https://xn--bcher-kva.example/p", "https://evil.test/"]),
    ],
)
def test_links(name: str, links: list[str]) -> None:
    assert [entry.link for entry in entries(name)] == links


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("e01", None),
        ("e04", None),
        ("e07", None),
        ("e10", datetime(2026, 1, 5, 15, tzinfo=UTC)),
        ("e15", None),
        ("e16", None),
    ],
)
def test_dates(name: str, date: datetime | None) -> None:
    assert entries(name)[0].published_at == date


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("d13_mutated_fetch1", "d13_mutated_fetch2"),
        ("d15_tracking_params_fetch1", "d15_tracking_params_fetch2"),
        ("b50_valid", "d16_reorder"),
    ],
)
def test_what_is_the_same_entry_keeps_its_key(first: str, second: str) -> None:
    assert {e.key for e in entries(first)} == {e.key for e in entries(second)}


def test_keys_stay_short() -> None:
    assert all(len(entry.key) <= 200 for entry in entries("d09"))
