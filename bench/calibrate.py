"""The backtest that the shipped scales come from: how much a year of 105 feeds would add up to.

    python bench/calibrate.py [SHARED FOLDER]

Needs the real archive (not in this project). That is a few publishers at a
time, so it is not scaled as it is. Five records, each of publishers that report
without a gap, are laid over one another and repeated until two years are full: a
year of sixteen publishers. Its evidence per indicator is then multiplied by how
much more 105 feeds bring, estimated twice (from the entries that they promise,
and from the number of their publishers), and by how much more than its mean the
evidence is on the busiest tenth of days, since what is laid over and repeated
varies less than a real year. The result holds the scales to write into
indicators/*/_domain.toml, their range, and what they read.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from growth import (
    RECORDS,
    TASS,
    Evidence,
    evidence_of,
    growth_by_entries,
    growth_by_publishers,
    publishers,
    rounded,
    variation,
    within,
)
from record import DAY, DOMAINS, METHOD, SIDES, Record, Side, amounts, folder_named, mornings, pictures
from record import read_record as the_record

from monitor.core.levels import Standing, next_standing
from monitor.core.model import Direction, Signal
from monitor.core.scoring import calibrated_sigma, default_sigma, percentile, saturate

RESULTS = Path(__file__).parent / "results" / "calibrate.json"
TWO_YEARS = timedelta(days=800)
END = datetime(2030, 1, 1, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Day:
    at: datetime
    evidence: Mapping[Side, Evidence]

    def amount(self, side: Side, factor: float) -> float:
        """S, had each indicator so many times the evidence."""
        return sum(saturate(factor * x, cap) for x, cap in self.evidence[side].values())


def added(many: Iterable[Evidence]) -> Evidence:
    found: dict[str, tuple[float, float]] = {}
    for one in many:
        for indicator, (x, cap) in one.items():
            before, highest = found.get(indicator, (0.0, 0.0))
            found[indicator] = (before + x, max(highest, cap))
    return found


def laid_over(record: Record) -> list[Day]:
    """Two years in which all records run at once, each repeated; from an empty start to full."""
    days = [END - n * DAY for n in range(TWO_YEARS.days, -1, -1)]
    parts: list[dict[Side, list[Evidence]]] = [defaultdict(list) for _ in days]
    for name in RECORDS:
        signals = repeated(within(record, name), *RECORDS[name])
        for part, (at, stories) in zip(parts, pictures(record.context, signals, days), strict=True):
            for side in SIDES:
                part[side].append(evidence_of(stories, side, at))
    return [
        Day(at, {side: added(part[side]) for side in SIDES}) for at, part in zip(days, parts, strict=True)
    ]


def repeated(signals: Sequence[Signal], first: date, last: date) -> list[Signal]:
    length = last - first + DAY
    shift = END - datetime(last.year, last.month, last.day, 6, tzinfo=UTC) - DAY
    found = []
    for turn in range(TWO_YEARS // length + 1):
        step = 10_000_000 * turn  # entries of another turn are other entries
        found += [
            replace(
                s,
                id=s.id + step,
                entry_id=s.entry_id + step,
                effective_at=s.effective_at + shift - turn * length,
            )
            for s in signals
        ]
    return [s for s in found if s.effective_at > END - TWO_YEARS]


def name_of(side: Side) -> str:
    return f"{side[0]}.{side[1].value}"


def described(record: Record) -> dict[str, dict[str, object]]:
    found = {}
    for name, (first, last) in RECORDS.items():
        days = (last - first).days + 1
        entries = sum(sum(own.values()) for day, own in record.read.items() if first <= day <= last)
        found[name] = {
            "from": first.isoformat(),
            "to": last.isoformat(),
            "publishers": max(len(publishers(record, first, last)), 1),
            "entries_a_day": round(entries / days, 1),
            "signals": len(within(record, name)),
        }
    return found


def shipped(record: Record, records: Mapping[str, Mapping[str, object]]) -> dict[str, float]:
    feeds = [feed for feed in record.context.config.feeds if feed.enabled]
    tass = next(feed for feed in feeds if feed.family == "tass")
    first, last = RECORDS[TASS]
    read = sum(own["tass"] for day, own in record.read.items() if first <= day <= last)
    return {
        "feeds": len(feeds),
        "publishers": len({feed.family for feed in feeds}),
        "entries_a_day": round(sum(DAY / feed.expected_every for feed in feeds), 1),
        "tass_read_over_promised": round(read / ((last - first).days + 1) / (DAY / tass.expected_every), 2),
    }


def at_multiples(amounts: Mapping[float, float], sigma: float) -> dict[str, float]:
    """What the index reads on a mean day, and with so many times its evidence."""
    return {str(many): round(100 * (1 - math.exp(-s / sigma)), 1) for many, s in amounts.items()}


def levels(days: Sequence[Day], factor: float, sigmas: Mapping[Side, float]) -> dict[str, object]:
    """How many days of the last year each domain stands on each level."""
    found: dict[str, object] = {}
    for domain in DOMAINS:
        side = (domain, Direction.DEEPENING)
        standing: Standing | None = None
        held: Counter[str] = Counter()
        for day in days[-365:]:
            index = 100 * (1 - math.exp(-day.amount(side, factor) / sigmas[side]))
            standing = next_standing(
                standing, index, corroborated=True, coverage=1.0, at=day.at, method=METHOD
            )
            held[standing.level.label] += 1
        found[domain] = dict(held)
    return found


def archive_as_it_is(record: Record) -> dict[str, object]:
    """The 90th percentile of S on the 365 days with most signals, and on all days."""
    days = mornings(min(record.read), max(record.read))
    found = amounts(record.context, record.signals, days)
    counts = Counter(s.effective_at.date() for s in record.signals)
    dates = [at.date() for at in days]
    window = max(range(len(dates) - 364), key=lambda n: sum(counts[d] for d in dates[n : n + 365]))
    return {
        "densest": [dates[window].isoformat(), dates[window + 364].isoformat()],
        "on_the_densest_365_days": {
            name_of(s): round(percentile(v[window : window + 365], 0.9), 1) for s, v in found.items()
        },
        "on_all_days": {name_of(s): round(percentile(v, 0.9), 1) for s, v in found.items()},
    }


def warming(days: Sequence[Day], factor: float) -> dict[str, float]:
    """S of all domains some days after an empty start, as a share of its mean in the last year."""
    sums = [sum(day.amount((d, Direction.DEEPENING), factor) for d in DOMAINS) for day in days]
    full = sum(sums[-365:]) / 365
    return {str(n): round(sums[n] / full, 2) for n in (7, 30, 90, 180, 365)}


def main() -> None:
    record = the_record(folder_named())
    context, records = record.context, described(record)
    catalogue = shipped(record, records)
    by_publishers, by_entries = growth_by_publishers(record), growth_by_entries(record)
    entries = sum(float(str(one["entries_a_day"])) for one in records.values())
    number = sum(int(str(one["publishers"])) for one in records.values())
    factors = sorted(
        (
            (catalogue["entries_a_day"] / entries) ** (sum(by_entries.values()) / len(by_entries)),
            (catalogue["publishers"] / number) ** float(str(by_publishers["exponent"])),
        )
    )
    low, high = factors
    chosen = math.sqrt(low * high)
    varies = variation(record)
    busy = float(str(varies["median"]))
    days = laid_over(record)
    sides, sigmas, defaults = {}, {}, {}
    for side in SIDES:
        weights = context.weights(*side)

        def usual(factor: float, side: Side = side) -> float:
            return median(day.amount(side, factor) for day in days[-365:])

        sigmas[side] = calibrated_sigma([usual(chosen * busy)], weights, METHOD)
        defaults[side] = default_sigma(weights, METHOD)
        sides[name_of(side)] = {
            "sum_of_caps": METHOD.kappa * sum(weights),
            "laid_over": round(usual(1.0), 1),
            "p90": round(usual(chosen * busy), 1),
            "sigma": round(sigmas[side], 1),
            "sigma_range": rounded(calibrated_sigma([usual(f * busy)], weights, METHOD) for f in (low, high)),
            "before": round(defaults[side], 1),
            "reads": at_multiples({m: usual(chosen * m) for m in (0.25, 0.5, 1, 2, 4)}, sigmas[side]),
        }
    result = {
        "archive_as_it_is": archive_as_it_is(record),
        "records": records,
        "laid_over": {"publishers": number, "entries_a_day": round(entries, 1)},
        "shipped": catalogue,
        "growth_by_publishers": by_publishers,
        "growth_by_entries": by_entries,
        "variation": varies,
        "factors": dict(zip(("low", "chosen", "high"), rounded((low, chosen, high), 2), strict=True)),
        "scales": sides,
        "levels": levels(days, chosen, sigmas),
        "levels_with_the_scales_before": levels(days, chosen, defaults),
        "share_of_full_after_days": warming(days, chosen),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
