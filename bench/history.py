"""Warning on history: five domains over the real archive (not in this project), with dated events.

    python bench/history.py [SHARED FOLDER]

Every day of the archive is scored as the daemon would have scored it at 06:00
UTC with all feeds read. Needs matplotlib for the picture, which is no
dependency of the program. An event counts as warned of when, within two days,
its domain rises a level, or the week is called unusual (once in four weeks or
rarer), or the index is higher than on the day before the event by five points.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

from monitor.app import bundled_catalog, load_rules
from monitor.config import load_config
from monitor.core.levels import Standing, is_corroborated, next_standing
from monitor.core.model import Direction, Feed, Level, Signal, Story
from monitor.core.scoring import HORIZON_HALF_LIVES, Methodology, default_sigma, score
from monitor.core.stories import first_reported, group_stories
from monitor.core.surprise import BASELINE_DAYS, WEEK, Surprise, surprise
from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules
from monitor.services.archive import read_archive
from monitor.services.compare import signals_of
from monitor.storage.archive import ArchivedEntry

RESULTS = Path(__file__).parent / "results" / "history.json"
PICTURE = Path(__file__).parents[1] / "docs" / "history.png"
SHARED = Path(__file__).parents[2] / "shared"
METHOD = Methodology()
DOMAINS = ("defense", "democracy", "technology", "economy", "global_influence")
EVENT_DOMAINS = {
    "defense": ("defense",),
    "democracy/human rights": ("democracy", "global_influence"),
    "technology/cyber": ("technology",),
    "all": DOMAINS,
}
DAY = timedelta(days=1)
RARE_WEEKS = 4.0
POINTS = 5.0


@dataclass(frozen=True)
class Day:
    """One domain on one day."""

    at: datetime
    index: float
    level: Level
    week: Surprise


def archive_signals(archive: Path, catalog: Catalog, rules: Rules) -> Iterator[Signal]:
    config = load_config(Path(__file__).parents[1] / "config.toml", {})
    archived, feeds = read_archive(sorted(archive.glob("*.jsonl.gz")), config, print)
    for number, item in enumerate(archived, 1):
        feed: Feed = feeds[item.entry.feed_id]
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
        yield from signals_of(stored, catalog, rules)


def sigma_of(catalog: Catalog, domain: str) -> float:
    weights = [
        i.weight
        for i in catalog.indicators.values()
        if i.domain == domain and i.direction is Direction.DEEPENING and i.status == "active"
    ]
    return catalog.domains[domain].sigma.get("deepening") or default_sigma(weights, METHOD)


def history(domain: str, stories: Sequence[Story], sigma: float, days: Sequence[datetime]) -> list[Day]:
    deepening = [s for s in stories if s.domain == domain and s.direction is Direction.DEEPENING]
    firsts = Counter(first_reported(s).date() for s in stories if s.domain == domain)
    standing: Standing | None = None
    found = []
    for at in days:
        known = [
            s
            for s in deepening
            if timedelta(0) <= at - s.leading.effective_at <= HORIZON_HALF_LIVES * s.leading.half_life
        ]
        index = score(domain, Direction.DEEPENING, known, sigma=sigma, at=at, method=METHOD).index
        standing = next_standing(
            standing,
            index,
            corroborated=is_corroborated(known, METHOD),
            coverage=1.0,
            at=at,
            method=METHOD,
        )
        today = at.date()
        week = sum(firsts[today - n * DAY] for n in range(1, WEEK + 1))
        before = [firsts[today - n * DAY] for n in range(WEEK + 1, WEEK + BASELINE_DAYS + 1)]
        found.append(Day(at, index, standing.level, surprise(week, before)))
    return found


def warned(rows: Sequence[Day], start: date, end: date) -> bool:
    """Whether one domain shows an event between its begin and two days after its end."""
    inside = [n for n, row in enumerate(rows) if start <= row.at.date() <= end + 3 * DAY and n]
    if not inside:
        return False
    before = rows[inside[0] - 1]
    return any(
        rows[n].level > rows[n - 1].level
        or (rows[n].week.weeks or 0) >= RARE_WEEKS
        or rows[n].index >= before.index + POINTS
        for n in inside
    )


def draw(rows: dict[str, list[Day]], events: Sequence[dict[str, str]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(rows), 1, figsize=(14, 11), sharex=True, layout="constrained")
    for axis, (domain, days) in zip(axes, rows.items(), strict=True):
        axis.fill_between([d.at for d in days], [d.index for d in days], color="#7d93a8", linewidth=0)
        for threshold in METHOD.thresholds[:3]:
            axis.axhline(threshold, color="#c8ced4", linewidth=0.6)
        for event in events:
            if domain in EVENT_DOMAINS[event["domain"]]:
                axis.axvline(
                    datetime.fromisoformat(event["date_start"]).replace(tzinfo=UTC),
                    color="#b3202b",
                    linewidth=0.7,
                    alpha=0.7,
                )
        axis.set_ylim(0, 100)
        axis.set_ylabel(domain.replace("_", " "))
    axes[0].set_title(
        "Deepening index by domain on the archives at hand (few sources, with gaps); "
        "red: dated events of the domain"
    )
    figure.savefig(PICTURE, dpi=70)


def main() -> None:
    shared = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
    archive = shared / "corpora" / "archive"
    if not archive.is_dir():
        sys.exit(f"{shared}: no archive here")
    catalog, rules = load_rules(bundled_catalog())
    signals = list(archive_signals(archive, catalog, rules))
    stories = group_stories(signals)
    first = min(s.effective_at for s in signals).date()
    last = max(s.effective_at for s in signals).date()
    days = [datetime.combine(first + n * DAY, time(6), UTC) for n in range((last - first).days + 2)]
    rows = {d: history(d, stories, sigma_of(catalog, d), days) for d in DOMAINS}
    with (shared / "corpora" / "events.csv").open(encoding="utf-8", newline="") as lines:
        events = list(csv.DictReader(lines))
    reported = json.loads((Path(__file__).parent / "results" / "catalogue.json").read_text(encoding="utf-8"))
    answers = {}
    for event in events:
        start, end = date.fromisoformat(event["date_start"]), date.fromisoformat(event["date_end"])
        seen = reported["events"]["by_event"][event["id"]] != "not reported"
        found = any(warned(rows[d], start, end) for d in EVENT_DOMAINS[event["domain"]])
        answers[event["id"]] = "warned" if found and seen else "not warned" if seen else "not reported"
    counts = Counter(answers.values())
    years = (last - first).days / 365.25
    changes = {d: round(sum(a.level != b.level for a, b in pairwise(r)) / years, 1) for d, r in rows.items()}
    unusual = {
        d: round(sum((day.week.weeks or 0) >= RARE_WEEKS for day in r) / years, 1) for d, r in rows.items()
    }
    result = {
        "signals": len(signals),
        "stories": len(stories),
        "days": len(days),
        "events": dict(counts),
        "share_of_reported_warned": round(
            counts["warned"] / max(counts["warned"] + counts["not warned"], 1), 3
        ),
        "level_changes_a_year": changes,
        "unusual_days_a_year": unusual,
        "highest_index": {d: round(max(day.index for day in r), 1) for d, r in rows.items()},
        "by_event": answers,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    try:
        draw(rows, events)
    except ImportError:
        print("no picture: matplotlib is not installed")


if __name__ == "__main__":
    main()
