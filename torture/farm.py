"""A server of feeds: what it publishes follows from the seed, and stands in the ledger before that."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from torture.clock import Clock
from torture.plan import Plan
from torture.setting import INDICATORS, PAIRED
from torture.web import Answer

_VOWELS, _CONSONANTS = "aeiou", "bcdfghklmnprstvz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One revision of an entry, as published."""

    feed: int
    guid: str
    link: str
    revision: int
    title: str
    summary: str
    published: str
    tick: int
    reuses: str = ""  # the link of the entry whose id it took

    @property
    def text(self) -> tuple[str, str]:
        return self.title, self.summary


class Served(NamedTuple):
    """One answer to a daemon."""

    at: float  # real
    feed: int
    status: int  # 0 where it broke off
    version: str  # of the document then


class Farm:
    """The feeds, their documents of now, and all that was ever published."""

    def __init__(self, seed: int, plan: Plan, clock: Clock, ledger: Path) -> None:
        self.seed = seed
        self.plan = plan
        self.clock = clock
        self.documents: dict[int, list[Item]] = {number: [] for number in range(plan.feeds)}
        self.version = dict.fromkeys(range(plan.feeds), 0)
        self.versions: dict[tuple[int, str], tuple[Item, ...]] = {}
        self.published: dict[tuple[int, str], list[Item]] = {}  # all revisions by feed and link
        self.dropped: dict[tuple[int, str], int] = {}  # at which tick an entry left its document
        self.ticked_at: list[float] = []  # when each tick was, in real seconds
        self.troubled = True  # whether some answers fail, as in life
        self._number = 0
        self._faults = Random(f"{seed} farm faults")
        self._ledger = os.open(ledger, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self.served: list[Served] = []

    async def run(self, seconds: float) -> None:
        """Publish, one tick a second."""
        for tick in range(int(seconds)):
            self.ticked_at.append(time.time())
            self.tick(tick)
            await asyncio.sleep(1.0)

    def tick(self, tick: int) -> None:
        """Publish what this tick brings: in the ledger first, on disk, and only then to be fetched."""
        random = Random(f"{self.seed} {tick}")
        changed: dict[int, list[Item]] = {}
        for item in self._news(random, tick):
            document = changed.setdefault(item.feed, list(self.documents[item.feed]))
            document[:] = [item, *(one for one in document if one.link not in (item.link, item.reuses))]
        for feed, document in changed.items():
            kept = [one for one in document if tick - self._first(one).tick <= self.plan.keeps]
            gone = {one.link for one in self.documents[feed]} - {one.link for one in kept}
            self.dropped |= {(feed, link): tick for link in gone}
            random.shuffle(kept)
            changed[feed] = kept
        for feed, document in changed.items():
            self.documents[feed] = document
            self.version[feed] += 1
            self.versions[feed, self.etag(feed)] = tuple(document)

    def etag(self, feed: int) -> str:
        """The validator of a feed's document of now; "" before the first."""
        return f'"{feed}.{self.version[feed]}"' if self.version[feed] else ""

    def serve_one(self, path: str, headers: dict[str, str]) -> Answer:
        """Answer a request for /NUMBER."""
        feed = int(path.strip("/"))
        answer = self._answer(feed, headers)
        self.served.append(Served(time.time(), feed, 0 if answer.cut else answer.status, self.etag(feed)))
        return answer

    def _answer(self, feed: int, headers: dict[str, str]) -> Answer:
        trouble = self._faults.random() if self.troubled else 1.0
        if trouble < 0.02:
            return Answer(status=500, body=b"broken")
        if trouble < 0.03:
            return Answer(status=503, headers={"Retry-After": "600"})
        if headers.get("if-none-match") == self.etag(feed) != "":
            return Answer(status=304, headers={"ETag": self.etag(feed)})
        kind, body = _document(feed, self.documents[feed])
        answer = Answer(headers={"Content-Type": kind, "ETag": self.etag(feed)}, body=body)
        return replace(answer, cut=len(body) // 2) if trouble < 0.05 else answer

    def _news(self, random: Random, tick: int) -> Iterator[Item]:
        rate = self.plan.entries_per_second
        for _ in range(int(rate) + (random.random() < rate % 1)):
            item = self._edit(random, tick) if random.random() < 0.08 else self._new(random, tick)
            if item is not None:
                self.published.setdefault((item.feed, item.link), []).append(item)
                os.write(self._ledger, (json.dumps(asdict(item)) + "\n").encode())
                yield item
        os.fsync(self._ledger)

    def _new(self, random: Random, tick: int) -> Item:
        self._number += 1
        feed = random.randrange(self.plan.feeds)
        title = self._title(random)
        link = f"https://feed-{feed}.example.org/{self._number}"
        guid, reuses = link + "#id", ""
        if random.random() < 0.03 and (old := self._reusable(feed, tick)):
            guid, reuses = old.guid, old.link
        return Item(
            feed=feed,
            guid=guid,
            link=link,
            revision=1,
            title=title,
            summary=_words(random, 5),
            published=self._moment(random),
            tick=tick,
            reuses=reuses,
        )

    def _title(self, random: Random) -> str:
        """Words that no other title has; some show an indicator, some of those are reprints."""
        if random.random() < self.plan.marked and self.published:
            recent = list(self.published.values())[-40:]
            marked = [one[0].title for one in recent if any(i.word in one[0].title for i in INDICATORS)]
            if marked and random.random() < 0.3:
                return random.choice(marked)
            word = random.choice([*[PAIRED] * 4, *(one.word for one in INDICATORS)])
            return f"{_words(random, 3)} {word} {_words(random, 3)}"
        return _words(random, 6)

    def _edit(self, random: Random, tick: int) -> Item | None:
        recent = [one for one in list(self.published.values())[-60:] if tick - one[0].tick < 25]
        candidates = [one[-1] for one in recent if (one[-1].feed, one[-1].link) not in self.dropped]
        candidates = [one for one in candidates if one.tick < tick]
        if not candidates:
            return None
        old = random.choice(candidates)
        added = (
            random.choice(INDICATORS).word if random.random() < 2 * self.plan.marked else _words(random, 1)
        )
        return replace(
            old, revision=old.revision + 1, summary=f"{old.summary} {added} {_words(random, 1)}", tick=tick
        )

    def _reusable(self, feed: int, tick: int) -> Item | None:
        """An entry that was there long enough to be known and that no retention forgets."""
        found = [
            one
            for one in self.documents[feed]
            if tick - one.tick > 20 and not one.reuses and any(i.word in one.title for i in INDICATORS)
        ]
        return found[0] if found else None

    def _first(self, item: Item) -> Item:
        return self.published[item.feed, item.link][0]

    def _moment(self, random: Random) -> str:
        at = self.clock.now() - timedelta(seconds=random.randrange(1800))
        return at.astimezone(UTC).replace(microsecond=0).isoformat()


def _words(random: Random, number: int) -> str:
    return " ".join(
        "".join(random.choice(_CONSONANTS) + random.choice(_VOWELS) for _ in range(4)) for _ in range(number)
    )


def _document(feed: int, items: list[Item]) -> tuple[str, bytes]:
    """The feed as RSS, Atom or RDF."""
    make = (_rss, _atom, _rdf)[feed % 3]
    kind, text = make(feed, items)
    return kind, f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def _rss(feed: int, items: list[Item]) -> tuple[str, str]:
    entries = "".join(
        f"<item><title>{one.title}</title><link>{one.link}</link>"
        f'<guid isPermaLink="false">{one.guid}</guid>'
        f"<pubDate>{format_datetime(datetime.fromisoformat(one.published))}</pubDate>"
        f"<description>{one.summary}</description></item>"
        for one in items
    )
    head = (
        f"<title>Feed {feed}</title><link>https://feed-{feed}.example.org/</link><description>d</description>"
    )
    return "application/rss+xml", f'<rss version="2.0"><channel>{head}{entries}</channel></rss>'


def _atom(feed: int, items: list[Item]) -> tuple[str, str]:
    entries = "".join(
        f'<entry><title>{one.title}</title><link href="{one.link}"/><id>{one.guid}</id>'
        f"<updated>{one.published}</updated><published>{one.published}</published>"
        f"<summary>{one.summary}</summary></entry>"
        for one in items
    )
    head = f"<title>Feed {feed}</title><id>https://feed-{feed}.example.org/</id>"
    return "application/atom+xml", f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>'


def _rdf(feed: int, items: list[Item]) -> tuple[str, str]:
    entries = "".join(
        f'<item rdf:about="{one.guid}"><title>{one.title}</title><link>{one.link}</link>'
        f"<dc:date>{one.published}</dc:date><description>{one.summary}</description></item>"
        for one in items
    )
    head = (
        f'<channel rdf:about="https://feed-{feed}.example.org/"><title>Feed {feed}</title>'
        f"<link>https://feed-{feed}.example.org/</link><description>d</description></channel>"
    )
    return "application/rdf+xml", (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/">{head}{entries}</rdf:RDF>'
    )
