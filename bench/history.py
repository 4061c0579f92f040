"""Warning on history: five domains over the real archive (not in this project), with dated events.

    python bench/history.py [SHARED FOLDER]

The archive is cut into stretches in which the same publishers report; each is a
service of its own that starts empty. Every day is scored as the daemon would
have scored it at 06:00 UTC with all feeds read, knowing only what was published
by then. Scales are never made on the days that they judge: each half of a
stretch has the scale of the other half.

An event that the archive reports counts as warned of when, from its begin to two
days after its end, its domain rises a level or the week is called unusual (as
rare as once in four weeks). Beside it stands how often any stretch of days so
long would count, events or not. The picture needs matplotlib, which is no
dependency of the program.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

from record import DAY, DOMAINS, METHOD, Record, amount, folder_named, mornings, pictures, read_record

from monitor.core.levels import Standing, is_corroborated, next_standing
from monitor.core.model import Direction, Level
from monitor.core.scoring import CALIBRATED_INDEX, calibrated_sigma, percentile
from monitor.core.stories import first_reported, group_stories
from monitor.core.surprise import BASELINE_DAYS, WEEK, Surprise, surprise

RESULTS = Path(__file__).parent / "results" / "history.json"
SEEN = Path(__file__).parent / "results" / "catalogue.json"
PICTURE = Path(__file__).parents[1] / "docs" / "history.png"
STRETCHES = {
    "Channel One": (date(2000, 1, 1), date(2018, 5, 14)),
    "and China's MFA": (date(2018, 5, 15), date(2020, 3, 26)),
    "six in 2020": (date(2020, 3, 27), date(2020, 8, 8)),
    "Weibo": (date(2020, 11, 24), date(2021, 5, 31)),
    "headlines": (date(2021, 11, 16), date(2022, 7, 11)),
    "CCTV": (date(2022, 9, 24), date(2024, 12, 31)),
    "TASS": (date(2025, 10, 22), date(2026, 3, 12)),
}
EVENT_DOMAINS = {
    "defense": ("defense",),
    "democracy/human rights": ("democracy", "global_influence"),
    "technology/cyber": ("technology",),
    "all": DOMAINS,
}
RARE_WEEKS = 4.0
AFTER = 3  # the third morning after an event's last day holds what came within two days
DEEPENING = Direction.DEEPENING

# Sums of a half, weights of the domain: its scale.
Scaling = Callable[[Sequence[float], Sequence[float]], float]


@dataclass(frozen=True)
class Event:
    id: str
    name: str
    domains: Sequence[str]
    first: date
    last: date

    @property
    def days(self) -> int:
        """Mornings on which a warning of it counts."""
        return (self.last - self.first).days + AFTER + 1


@dataclass(frozen=True)
class Morning:
    """One domain on one day."""

    at: datetime
    amount: float  # S
    is_corroborated: bool
    week: Surprise


@dataclass(frozen=True)
class Line:
    """One domain over one stretch, with a scale."""

    mornings: Sequence[Morning]
    indexes: Sequence[float]
    levels: Sequence[Level]

    def rises(self, at: int) -> bool:
        return at > 0 and self.levels[at] > self.levels[at - 1]

    def is_unusual(self, at: int) -> bool:
        return (self.mornings[at].week.weeks or 0) >= RARE_WEEKS

    def kinds(self, window: Iterable[int]) -> set[str]:
        """What warns on some days."""
        days = list(window)
        found = {"level"} if any(self.rises(n) for n in days) else set()
        return found | ({"week"} if any(self.is_unusual(n) for n in days) else set())

    def window(self, event: Event) -> list[int]:
        first = self.mornings[0].at.date()
        start = (event.first - first).days
        return [n for n in range(start, start + event.days) if 0 <= n < len(self.mornings)]


def observed(record: Record, first: date, last: date) -> dict[str, list[Morning]]:
    """Every domain on every day of one stretch, from what was known that day."""
    signals = [s for s in record.signals if first <= s.effective_at.date() <= last]
    # As in the service, a story counts on the day of its first report, in whichever direction.
    firsts: dict[str, Counter[date]] = {domain: Counter() for domain in DOMAINS}
    for story in group_stories(signals):
        firsts[story.domain][first_reported(story).date()] += 1
    found: dict[str, list[Morning]] = {domain: [] for domain in DOMAINS}
    for at, stories in pictures(record.context, signals, mornings(first, last)):
        past = [at.date() - n * DAY for n in range(1, WEEK + BASELINE_DAYS + 1)]
        # Days before the stretch, and those of which the archive has nothing, say nothing of the usual.
        usual = [day for day in past[WEEK:] if day >= first and record.read.get(day)]
        for domain, own in firsts.items():
            deepening = [s for s in stories if (s.domain, s.direction) == (domain, DEEPENING)]
            found[domain].append(
                Morning(
                    at,
                    amount(deepening, (domain, DEEPENING), at),
                    is_corroborated(deepening, METHOD),
                    surprise(sum(own[day] for day in past[:WEEK]), [own[day] for day in usual]),
                )
            )
    return found


def scaled(days: Sequence[Morning], weights: Sequence[float], scaling: Scaling) -> Line:
    """Each half of a stretch on the scale of the other half."""
    middle = len(days) // 2
    halves = (days[:middle], days[middle:])
    sigmas = [scaling([day.amount for day in other], weights) for other in reversed(halves)]
    indexes: list[float] = []
    levels: list[Level] = []
    standing: Standing | None = None
    for half, sigma in zip(halves, sigmas, strict=True):
        for day in half:
            indexes.append(100 * (1 - math.exp(-day.amount / sigma)))
            standing = next_standing(
                standing,
                indexes[-1],
                corroborated=day.is_corroborated,
                coverage=1.0,
                at=day.at,
                method=METHOD,
            )
            levels.append(standing.level)
    return Line(days, indexes, levels)


def of_the_archive(amounts: Sequence[float], weights: Sequence[float]) -> float:
    """The scale of so thin a record, without the bound that the program puts to it."""
    return max(percentile(amounts, 0.9) / -math.log(1 - CALIBRATED_INDEX / 100), 0.1)


def as_operated(amounts: Sequence[float], weights: Sequence[float]) -> float:
    """The scale that `monitor score calibrate` gives."""
    return calibrated_sigma(amounts, weights, METHOD)


def reported_events(corpora: Path) -> list[Event]:
    """The dated events of which the archive tells at all."""
    seen = json.loads(SEEN.read_text(encoding="utf-8"))["events"]["by_event"]
    with (corpora / "events.csv").open(encoding="utf-8", newline="") as lines:
        return [
            Event(
                row["id"],
                row["type"],
                EVENT_DOMAINS[row["domain"]],
                date.fromisoformat(row["date_start"]),
                date.fromisoformat(row["date_end"]),
            )
            for row in csv.DictReader(lines)
            if seen[row["id"]] != "not reported"
        ]


Lines = Mapping[str, Mapping[str, Line]]  # by stretch and domain


def stretch_of(event: Event) -> str:
    return next(name for name, (first, last) in STRETCHES.items() if first <= event.first <= last)


def judged(lines: Lines, events: Sequence[Event]) -> dict[str, object]:
    """What warned of each event, and how often that much is shown without one."""
    by_event = {}
    by_chance = []
    for event in events:
        own = [lines[stretch_of(event)][domain] for domain in event.domains]
        kinds = set().union(*(line.kinds(line.window(event)) for line in own))
        by_event[event.id] = " and ".join(sorted(kinds)) or "not warned"
        starts = range(len(own[0].mornings) - event.days)
        anywhere = sum(any(line.kinds(range(n, n + event.days)) for line in own) for n in starts)
        by_chance.append(anywhere / len(starts))
    warned = sum(kinds != "not warned" for kinds in by_event.values())
    return {
        "reported": len(events),
        "warned": warned,
        "share": round(warned / len(events), 3),
        "share_by_chance": round(sum(by_chance) / len(by_chance), 3),
        "by_event": by_event,
        "a_year": {domain: a_year(lines, events, domain) for domain in DOMAINS},
    }


def a_year(lines: Lines, events: Sequence[Event], domain: str) -> dict[str, float]:
    """Level changes without an event, and unusual weeks, a year; how high the index came."""
    changes = weeks = days = 0
    for name, by_domain in lines.items():
        line = by_domain[domain]
        told = {n for e in events if domain in e.domains and stretch_of(e) == name for n in line.window(e)}
        days += len(line.levels)
        changes += sum(a != b and n not in told for n, (a, b) in enumerate(pairwise(line.levels), start=1))
        unusual = [line.is_unusual(n) for n in range(len(line.levels))]
        weeks += sum(now and not before for before, now in pairwise(unusual))
    years = days / 365.25
    every = [line[domain] for line in lines.values()]
    return {
        "changes_without_an_event": round(changes / years, 1),
        "unusual_weeks": round(weeks / years, 1),
        "highest_index": round(max(max(line.indexes) for line in every), 1),
        "days_at_elevated_or_more": round(
            sum(level >= Level.ELEVATED for line in every for level in line.levels) / days, 3
        ),
    }


def draw(lines: Lines, events: Sequence[Event]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import dates, pyplot

    widths = [max((last - first).days ** 0.5, 12) for first, last in STRETCHES.values()]
    figure, grid = pyplot.subplots(
        len(DOMAINS), len(lines), figsize=(15, 10), sharey=True, sharex="col", layout="constrained",
        gridspec_kw={"width_ratios": widths},
    )  # fmt: skip
    for column, (name, by_domain) in enumerate(lines.items()):
        for axis, domain in zip(grid[:, column], DOMAINS, strict=True):
            line = by_domain[domain]
            days = [m.at for m in line.mornings]
            axis.fill_between(days, line.indexes, color="#7d93a8", linewidth=0)
            for threshold in METHOD.thresholds:
                axis.axhline(threshold, color="#c8ced4", linewidth=0.6, zorder=0)
            for event in events:
                if domain in event.domains and stretch_of(event) == name:
                    at = datetime(event.first.year, event.first.month, event.first.day)  # noqa: DTZ001
                    axis.axvline(at, color="#b3202b", linewidth=1)
                    axis.annotate(
                        f"{event.name} {event.id}", (at, 97), rotation=90, va="top", ha="right",
                        fontsize=8, color="#b3202b",
                    )  # fmt: skip
            axis.set_ylim(0, 100)
            axis.margins(x=0)
            locator = dates.AutoDateLocator(minticks=1, maxticks=6 if len(days) > 2000 else 3)
            axis.xaxis.set_major_locator(locator)
            axis.xaxis.set_major_formatter(dates.DateFormatter("%Y" if len(days) > 2000 else "%Y-%m"))
            axis.tick_params(axis="x", rotation=45, labelsize=8)
            axis.tick_params(axis="y", labelsize=9)
        grid[0, column].set_title(name, fontsize=10)
    for axis, domain in zip(grid[:, 0], DOMAINS, strict=True):
        axis.set_ylabel(domain.replace("_", " ").capitalize(), fontsize=11)
        axis.set_yticks(METHOD.thresholds, [f"{int(t)}" for t in METHOD.thresholds])
    figure.suptitle(
        "Deepening index (0 to 100) on the archives at hand, each on the scale of its own other half; "
        "lines at 20 Routine, 40 Notable, 60 Elevated, 80 Marked; red: dated events that it reports",
        fontsize=11,
    )
    figure.savefig(PICTURE, dpi=80)


def main() -> None:
    corpora = folder_named()
    record = read_record(corpora)
    days = {name: observed(record, *dates) for name, dates in STRETCHES.items()}
    weights = {domain: record.context.weights(domain, DEEPENING) for domain in DOMAINS}
    events = reported_events(corpora)
    result: dict[str, object] = {
        "signals": len(record.signals),
        "days": sum(len(own[DOMAINS[0]]) for own in days.values()),
    }
    for scaling in (of_the_archive, as_operated):
        lines = {
            name: {domain: scaled(own[domain], weights[domain], scaling) for domain in DOMAINS}
            for name, own in days.items()
        }
        result[scaling.__name__] = judged(lines, events)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    try:
        draw(lines, events)  # as operated
    except ImportError:
        print("no picture: matplotlib is not installed")


if __name__ == "__main__":
    main()
