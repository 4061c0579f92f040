"""Stories on real text: how signals are grouped beside what a reader judged to be one event.

    python bench/stories.py [SHARED FOLDER]

`judged_events.csv` says of every signal that has another one of its indicator
within 72 hours which event it tells, and by what rule. Scored are all such
pairs, so that nothing is sampled and recall is that of the archive; pairs with
an unsure entry are left out. The part «feeds» is the real feed files beside the
archive: fewer, but of many papers and with summaries, which the archive lacks.
A run is a chain of such signals. A few runs of dozens of headlines hold most of
the pairs: «runs alike» gives every run the same weight. Clusters are the
stories of two and more judged signals.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
import tarfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from monitor.app import bundled_catalog, load_rules
from monitor.config import load_config
from monitor.core.likeness import Likeness, likeness
from monitor.core.model import Entry, Feed, Signal, Story
from monitor.core.stories import SAME_EVENT_WITHIN, group_stories
from monitor.errors import ParseError
from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules
from monitor.services.archive import read_archive
from monitor.services.compare import signals_of
from monitor.sources.feed import parse
from monitor.storage.archive import ArchivedEntry

JUDGED = Path(__file__).parent / "judged_events.csv"
RESULTS = Path(__file__).parent / "results" / "stories.json"
CONFIG = Path(__file__).parents[1] / "config.toml"
SHARED = Path(__file__).parents[2] / "shared"
AROUND = timedelta(days=3)
UNSURE = "?"
PARTS = ("develop", "kept", "feeds")
# Numbers of feed entries begin here, those of archived ones end below.
FEEDS_FROM = 10_000_000
BUSY = 500

Key = tuple[str, int]  # indicator, id of the entry


@dataclass(frozen=True)
class Judged:
    """What the reader says of one signal."""

    part: str
    event: str


@dataclass(frozen=True)
class Pair:
    """Two signals of one indicator within 72 hours of each other."""

    one: Signal
    other: Signal
    run: int
    part: str
    is_same: bool
    is_joined: bool

    @property
    def is_cross(self) -> bool:
        return self.likeness.other_script

    @property
    def likeness(self) -> Likeness:
        return likeness(self.one, self.other)


def signals_in(
    entry: Entry, number: int, feed: Feed, at: datetime, catalog: Catalog, rules: Rules
) -> Iterator[Signal]:
    """The signals of an entry as if it had been stored under a number."""
    stored = ArchivedEntry(
        id=number,
        revision=1,
        title=entry.title,
        summary=entry.summary,
        link="",
        language=entry.language,
        effective_at=at,
        feed_id=feed.id,
        feed_title=feed.title,
        family=feed.family,
        party=feed.party,
        reliability=feed.reliability,
    )
    return signals_of(stored, catalog, rules)


def archive_signals(archive: Path, catalog: Catalog, rules: Rules) -> tuple[list[Signal], dict[int, str]]:
    """The signals of the archive, and the id there of each number."""
    archived, feeds = read_archive(sorted(archive.glob("*.jsonl.gz")), load_config(CONFIG, {}), print)
    found: list[Signal] = []
    for number, item in enumerate(archived, 1):
        found += signals_in(item.entry, number, feeds[item.entry.feed_id], item.at, catalog, rules)
    return found, {number: item.entry.key for number, item in enumerate(archived, 1)}


def feed_signals(packed: Path, catalog: Catalog, rules: Rules) -> tuple[list[Signal], dict[int, str]]:
    """The signals of dated entries of real feed files, each entry once, and the key of each number."""
    found: list[Signal] = []
    keys: dict[str, int] = {}
    with tarfile.open(packed) as files:
        for member in sorted((m for m in files if m.isfile()), key=lambda m: m.name):
            feed = Feed(id=member.name, title=member.name, url="")
            stream = files.extractfile(member)
            try:
                entries = parse(stream.read() if stream else b"", feed=feed).entries
            except ParseError:
                continue
            for entry in entries:
                at = entry.published_at
                key = hashlib.sha256(f"{entry.title}|{at}".encode()).hexdigest()[:12]
                if at is None or key in keys:
                    continue
                keys[key] = FEEDS_FROM + len(keys)
                found += signals_in(entry, keys[key], feed, at, catalog, rules)
    return found, {number: key for key, number in keys.items()}


def judgements(keys: Mapping[int, str]) -> dict[Key, Judged]:
    """What was judged, by indicator and number of the entry."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, key in keys.items():
        numbers[key].append(number)
    with JUDGED.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {
            (row["indicator"], number): Judged(row["part"], row["event"])
            for row in rows
            for number in numbers[row["entry"]]
        }


def runs_of(signals: Sequence[Signal]) -> Iterator[list[Signal]]:
    """Chains of signals of one indicator, each within 72 hours of the next."""
    by_indicator: dict[str, list[Signal]] = defaultdict(list)
    for signal in sorted(signals, key=lambda s: (s.indicator_id, s.effective_at, s.id)):
        run = by_indicator[signal.indicator_id]
        if run and signal.effective_at - run[-1].effective_at > SAME_EVENT_WITHIN:
            yield run
            by_indicator[signal.indicator_id] = run = []
        run.append(signal)
    yield from by_indicator.values()


def pairs_of(
    signals: Sequence[Signal], stories: Sequence[Story], judged: Mapping[Key, Judged]
) -> tuple[list[Pair], Counter[str]]:
    """Every pair that was judged for sure, and how many were left out for which reason."""
    home = {(s.indicator_id, s.entry_id): n for n, story in enumerate(stories) for s in story.signals}
    found, left_out = [], Counter[str]()
    for number, run in enumerate(runs_of(signals)):
        keys = [(s.indicator_id, s.entry_id) for s in run]
        for at, one in enumerate(run):
            for behind, other in enumerate(run[at + 1 :], at + 1):
                if other.effective_at - one.effective_at > SAME_EVENT_WITHIN:
                    break
                a, b = judged.get(keys[at]), judged.get(keys[behind])
                if a is None or b is None:
                    left_out["not judged"] += 1
                elif UNSURE in (a.event, b.event):
                    left_out["unsure"] += 1
                else:
                    joined = home[keys[at]] == home[keys[behind]]
                    found.append(Pair(one, other, number, a.part, a.event == b.event, joined))
    return found, left_out


def figures(pairs: Sequence[Pair], *, runs_alike: bool = False) -> dict[str, float | int]:
    """Precision and recall of the pairs that stories join."""
    sizes = Counter(pair.run for pair in pairs)
    weights = [1 / sizes[pair.run] if runs_alike else 1.0 for pair in pairs]
    both = sum(w for pair, w in zip(pairs, weights, strict=True) if pair.is_same and pair.is_joined)
    joined = sum(w for pair, w in zip(pairs, weights, strict=True) if pair.is_joined)
    same = sum(w for pair, w in zip(pairs, weights, strict=True) if pair.is_same)
    return {
        "pairs": len(pairs),
        "one_event": sum(pair.is_same for pair in pairs),
        "precision": round(both / joined, 3) if joined else 1.0,
        "recall": round(both / same, 3) if same else 1.0,
    }


def of_part(pairs: Sequence[Pair]) -> dict[str, dict[str, float | int]]:
    languages = sorted({pair.one.language for pair in pairs})
    return {
        "all": figures(pairs),
        "runs alike": figures(pairs, runs_alike=True),
        "one script": figures([pair for pair in pairs if not pair.is_cross]),
        "across scripts": figures([pair for pair in pairs if pair.is_cross]),
        **{
            name: figures([p for p in pairs if p.one.language == p.other.language == name])
            for name in languages
        },
    }


def clusters(stories: Sequence[Story], judged: Mapping[Key, Judged]) -> dict[str, int]:
    """How many stories of two and more sure signals hold one event, and how many events are split."""
    pure = mixed = 0
    homes: dict[str, list[int]] = defaultdict(list)
    for number, story in enumerate(stories):
        known = [judged.get((s.indicator_id, s.entry_id)) for s in story.signals]
        events = [one.event for one in known if one is not None and one.event != UNSURE]
        for event in events:
            homes[event].append(number)
        if len(events) > 1:
            pure += len(set(events)) == 1
            mixed += len(set(events)) > 1
    told_twice = [numbers for numbers in homes.values() if len(numbers) > 1]
    return {
        "stories of two and more": pure + mixed,
        "of one event": pure,
        "events of two and more": len(told_twice),
        "in one story": sum(len(set(numbers)) == 1 for numbers in told_twice),
    }


def near_events(pairs: Sequence[Pair], events: Path) -> list[Pair]:
    """Pairs of which both are at most three days from one of the dated events."""
    with events.open(encoding="utf-8", newline="") as lines:
        windows = [
            (date.fromisoformat(e["date_start"]) - AROUND, date.fromisoformat(e["date_end"]) + AROUND)
            for e in csv.DictReader(lines)
        ]

    def is_near(signal: Signal) -> bool:
        return any(start <= signal.effective_at.date() <= end for start, end in windows)

    return [pair for pair in pairs if is_near(pair.one) and is_near(pair.other)]


def seconds_of_a_busy_indicator(signals: Sequence[Signal]) -> float:
    """Grouping 500 signals of the busiest indicator, all within 72 hours: the worst case."""
    busiest, _ = Counter(s.indicator_id for s in signals).most_common(1)[0]
    own = [s for s in signals if s.indicator_id == busiest]
    first = own[0].effective_at
    step = SAME_EVENT_WITHIN / BUSY
    many = [replace(own[n % len(own)], id=n, entry_id=n, effective_at=first + n * step) for n in range(BUSY)]
    before = time.perf_counter()
    group_stories(many)
    return round(time.perf_counter() - before, 3)


def main() -> None:
    shared = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
    archive = shared / "corpora" / "archive"
    if not archive.is_dir():
        sys.exit(f"{shared}: no archive here")
    catalog, rules = load_rules(bundled_catalog())
    archived, keys = archive_signals(archive, catalog, rules)
    fed, feed_keys = feed_signals(shared / "corpora" / "feeds.tar.gz", catalog, rules)
    before = time.perf_counter()
    stories = group_stories(archived)
    seconds = round(time.perf_counter() - before, 3)
    judged = judgements(keys | feed_keys)
    # Each by itself, for both tell of some of the same days.
    grouped = ((archived, stories), (fed, group_stories(fed)))
    measured = [pairs_of(signals, told, judged) for signals, told in grouped]
    pairs = [pair for found, _ in measured for pair in found]
    near = near_events(pairs, shared / "corpora" / "events.csv")
    result = {
        "signals": {"archive": len(archived), "feeds": len(fed)},
        "stories": len(stories),
        "seconds": {"archive": seconds, f"{BUSY} within 72 hours": seconds_of_a_busy_indicator(archived)},
        "pairs left out": dict(measured[0][1] + measured[1][1]),
        **{part: of_part([pair for pair in pairs if pair.part == part]) for part in PARTS},
        "around dated events": figures(near),
        "clusters": {
            part: clusters(
                [s for _, told in grouped for s in told], {k: v for k, v in judged.items() if v.part == part}
            )
            for part in PARTS
        },
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
