"""How the evidence of the archive grows with publishers and entries, and how much it varies in a year.

Used by calibrate.py; not in itself a program.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import combinations
from statistics import mean, median

from record import DAY, DOMAINS, METHOD, Record, Side, mornings, pictures

from monitor.core.model import Direction, Signal, Story
from monitor.core.scoring import percentile, score

# Stretches in which the same publishers report without a gap.
RECORDS = {
    "Channel One, Chinese foreign ministry": (date(2018, 5, 15), date(2018, 12, 31)),
    "RTHK, Reuters, DW, BBC, Asahi, ministry": (date(2020, 3, 27), date(2020, 7, 3)),
    "general English headlines": (date(2022, 6, 12), date(2022, 7, 11)),
    "CCTV evening news": (date(2022, 9, 24), date(2024, 12, 31)),
    "TASS in English, Chinese portals": (date(2025, 10, 22), date(2026, 3, 8)),
}
OVERLAPPING = "RTHK, Reuters, DW, BBC, Asahi, ministry"  # where several report at the same time
TASS = "TASS in English, Chinese portals"
# Two years each of one steady publisher: how much evidence varies.
STEADY = ((date(2018, 5, 15), date(2020, 3, 24)), (date(2022, 9, 24), date(2024, 12, 31)))
A_PUBLISHER = 4.0  # entries a day; those with fewer are not counted, but read
DRAWS = 12

# Of each indicator: its evidence X of step 6, and its cap.
Evidence = Mapping[str, tuple[float, float]]


def evidence_of(stories: Iterable[Story], side: Side, at: datetime) -> Evidence:
    found: dict[str, tuple[float, float]] = {}
    for part in score(*side, stories, sigma=1.0, at=at, method=METHOD).stories:
        x, cap = found.get(part.indicator_id, (0.0, 0.0))
        found[part.indicator_id] = (x + part.value, max(cap, METHOD.kappa * part.weight))
    return found


def within(record: Record, name: str) -> list[Signal]:
    first, last = RECORDS[name]
    return [s for s in record.signals if first <= s.effective_at.date() <= last]


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the logarithms: what is doubled brings 2^slope times as much."""
    x, y = [math.log(v) for v in sizes], [math.log(v) for v in values]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)


def evidence_at_end(record: Record, signals: Sequence[Signal], end: date) -> dict[str, float]:
    """The sum of X of each domain's deepening indicators on the last morning."""
    [(at, stories)] = pictures(record.context, signals, mornings(end, end))
    return {
        d: sum(x for x, _ in evidence_of(stories, (d, Direction.DEEPENING), at).values()) for d in DOMAINS
    }


def growth_by_publishers(record: Record) -> dict[str, object]:
    """Evidence of every choice of 1 to 6 publishers of the record in which they overlap."""
    signals, (first, last) = within(record, OVERLAPPING), RECORDS[OVERLAPPING]
    families = publishers(record, first, last)
    means: dict[str, list[float]] = {d: [] for d in DOMAINS}
    for size in range(1, len(families) + 1):
        found = [
            evidence_at_end(record, [s for s in signals if s.family in chosen], last)
            for chosen in combinations(families, size)
        ]
        for d in DOMAINS:
            means[d].append(sum(one[d] for one in found) / len(found))
    sizes = range(1, len(families) + 1)
    together = [sum(column) for column in zip(*means.values(), strict=True)]
    return {
        "publishers": families,
        "evidence": {d: rounded(v) for d, v in means.items()},
        "exponent": round(exponent(sizes, together), 3),
        "exponent_by_domain": {d: round(exponent(sizes, v), 3) for d, v in means.items()},
    }


def growth_by_entries(record: Record) -> dict[str, float]:
    """Exponent of evidence against entries, from random halves, quarters and eighths of each record."""
    rng = random.Random(7)
    found = {}
    for name, (_, last) in RECORDS.items():
        signals = within(record, name)
        shares, values = [1.0, 0.5, 0.25, 0.125], []
        for share in shares:
            draws = [
                evidence_at_end(record, [s for s in signals if kept(s, share, salt)], last)
                for salt in (rng.random() for _ in range(DRAWS if share < 1 else 1))
            ]
            values.append(sum(sum(one.values()) for one in draws) / len(draws))
        found[name] = round(exponent(shares, values), 3)
    return found


def kept(signal: Signal, share: float, salt: float) -> bool:
    """Whether a random share of the entries holds this signal's."""
    return random.Random(f"{salt}{signal.entry_id}").random() < share


def publishers(record: Record, first: date, last: date) -> list[str]:
    counts: Counter[str] = Counter()
    for day, own in record.read.items():
        if first <= day <= last:
            counts += own
    least = A_PUBLISHER * ((last - first).days + 1)
    return [family for family, number in counts.most_common() if number >= least]


def variation(record: Record) -> dict[str, object]:
    """Evidence on the busiest tenth of days over its mean, in the last year of each steady record.

    Only of domains with evidence of one certain event at least, for in fewer it is chance.
    """
    found: list[float] = []
    for first, last in STEADY:
        signals = [s for s in record.signals if first <= s.effective_at.date() <= last]
        year = mornings(last - 364 * DAY, last)
        sums: dict[str, list[float]] = {domain: [] for domain in DOMAINS}
        for at, stories in pictures(record.context, signals, year):
            for domain, own in sums.items():
                parts = evidence_of(stories, (domain, Direction.DEEPENING), at)
                own.append(sum(x for x, _ in parts.values()))
        found += [percentile(own, 0.9) / mean(own) for own in sums.values() if mean(own) >= 1]
    return {"ratios": rounded(sorted(found), 2), "median": round(median(found), 2)}


def rounded(values: Iterable[float], digits: int = 1) -> list[float]:
    return [round(value, digits) for value in values]
