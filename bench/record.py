"""What the real archive (not in this project) comes to: signals, who reported on which day, daily sums.

The daemon's own matcher, stories and scores, with all feeds read. Used by
calibrate.py and history.py.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import create_engine

from monitor.app import bundled_catalog, load_rules
from monitor.config import load_config
from monitor.core.health import PollLimits
from monitor.core.model import Direction, Feed, Signal, Story
from monitor.core.scoring import HORIZON_HALF_LIVES, Methodology, saturated, score
from monitor.core.stories import first_reported, group_stories
from monitor.services.archive import read_archive
from monitor.services.assess import composed
from monitor.services.compare import signals_of
from monitor.services.context import Context
from monitor.storage.archive import ArchivedEntry

SHARED = Path(__file__).parents[2] / "shared"
CONFIG = Path(__file__).parents[1] / "config.toml"
METHOD = Methodology()
DOMAINS = ("defense", "democracy", "technology", "economy", "global_influence")
DAY = timedelta(days=1)
Side = tuple[str, Direction]
SIDES: tuple[Side, ...] = tuple((domain, direction) for direction in Direction for domain in DOMAINS)

# Publishers of the archive that no configured feed stands for: family, party, grade, by the
# measure of config.toml. The others are unknown (F).
_PUBLISHERS = {
    "1tv.ru": ("channel-one", "russia", "D"),
    "tv.cctv.com": ("china-media-group", "china", "D"),
    "cctv": ("china-media-group", "china", "D"),
    "xwlb": ("china-media-group", "china", "D"),
    "fmprc.gov.cn": ("prc-government", "china", "C"),
    "xinhua": ("xinhua", "china", "C"),
    "people-daily": ("peoples-daily", "china", "D"),
    "rthk": ("rthk", None, "B"),
    "reuters": ("reuters", None, "B"),
    "reuters.com": ("reuters", None, "B"),
    "dw": ("dw", None, "B"),
    "bbc": ("bbc", None, "B"),
    "bbc.com": ("bbc", None, "B"),
    "bbc.co.uk": ("bbc", None, "B"),
    "bbc-zh-china": ("bbc", None, "B"),
    "bbc-zh-home": ("bbc", None, "B"),
    "bbc-zh-world": ("bbc", None, "B"),
    "bbc-zh-business": ("bbc", None, "B"),
    "bbc-zh-uk": ("bbc", None, "B"),
    "asahi": ("asahi", None, "B"),
    "apnews.com": ("ap", None, "B"),
    "cnn.com": ("cnn", None, "B"),
    "edition.cnn.com": ("cnn", None, "B"),
    "nbcnews.com": ("nbc", None, "B"),
    "cnbc.com": ("nbc", None, "B"),
    "washingtonpost.com": ("washington-post", None, "B"),
    "zaobao": ("sph-media", None, "B"),
}


@dataclass(frozen=True)
class Record:
    """The archive as a service would hold it."""

    context: Context
    signals: Sequence[Signal]
    read: Mapping[date, Counter[str]] = field(repr=False)  # entries of each publisher family by day

    def of(self, families: Iterable[str]) -> list[Signal]:
        """The signals of some publishers."""
        chosen = frozenset(families)
        return [signal for signal in self.signals if signal.family in chosen]


def folder_named() -> Path:
    """The corpora that the command line names, else those beside the checkout."""
    shared = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
    if not (shared / "corpora" / "archive").is_dir():
        sys.exit(f"{shared}: no archive here")
    return shared / "corpora"


def read_record(corpora: Path) -> Record:
    """Match the whole archive with the shipped catalogue."""
    config = load_config(CONFIG, {})
    catalog, rules = load_rules(bundled_catalog())
    context = Context(
        config=config,
        catalog=catalog,
        rules=rules,
        engine=create_engine("sqlite://"),  # nothing is stored
        method=METHOD,
        poll_limits=PollLimits(shortest=config.fetch.min_interval, longest=config.fetch.max_interval),
    )
    archived, feeds = read_archive(sorted((corpora / "archive").glob("*.jsonl.gz")), config, print)
    known = {id: _graded(feed) for id, feed in feeds.items()}
    signals: list[Signal] = []
    read: dict[date, Counter[str]] = defaultdict(Counter)
    for number, item in enumerate(archived, 1):
        feed = known[item.entry.feed_id]
        read[item.at.date()][feed.family] += 1
        stored = ArchivedEntry(
            id=number,
            revision=1,
            title=item.entry.title,
            summary=item.entry.summary,
            link="",
            language=item.entry.language,
            effective_at=item.at,
            feed_id=feed.id,
            feed_title=feed.title,
            family=feed.family,
            party=feed.party,
            reliability=feed.reliability,
        )
        signals += signals_of(stored, catalog, rules)
    return Record(context, signals, read)


def _graded(feed: Feed) -> Feed:
    if feed.title.lower() not in _PUBLISHERS:
        return feed
    family, party, grade = _PUBLISHERS[feed.title.lower()]
    return replace(feed, family=family, party=party, reliability=grade)


def mornings(first: date, last: date, step: int = 1) -> list[datetime]:
    """06:00 UTC of each day, or of every so many days."""
    return [datetime.combine(first + n * DAY, time(6), UTC) for n in range(0, (last - first).days + 1, step)]


def pictures(
    context: Context, signals: Sequence[Signal], days: Sequence[datetime]
) -> Iterator[tuple[datetime, list[Story]]]:
    """The stories of each day as they were known then, with the composites that held."""
    stories = sorted(group_stories(signals), key=first_reported)
    firsts = [first_reported(story) for story in stories]
    lasts = [max(s.effective_at for s in story.signals) for story in stories]
    for at in days:
        known = [
            story if last <= at else _as_of(story, at)
            for story, first, last in zip(stories[: bisect_right(firsts, at)], firsts, lasts, strict=False)
            if at - first <= HORIZON_HALF_LIVES * story.leading.half_life
        ]
        yield at, known + composed(context, [s for story in known for s in story.signals], at)


def _as_of(story: Story, at: datetime) -> Story:
    return replace(story, signals=tuple(s for s in story.signals if s.effective_at <= at))


def amount(stories: Iterable[Story], side: Side, at: datetime) -> float:
    """The sum of saturated indicators of one domain and direction: S of step 7."""
    return saturated(score(*side, stories, sigma=1.0, at=at, method=METHOD).stories, METHOD)


def amounts(context: Context, signals: Sequence[Signal], days: Sequence[datetime]) -> dict[Side, list[float]]:
    """S of every domain and direction on each of some days."""
    found: dict[Side, list[float]] = {side: [] for side in SIDES}
    for at, stories in pictures(context, signals, days):
        for side in SIDES:
            found[side].append(amount(stories, side, at))
    return found
