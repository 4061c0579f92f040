"""The shipped catalogue on real text (not in this project): labels, background, cited headlines, events.

    python bench/catalogue.py [SHARED FOLDER] [--alarms N]

Rows whose id ends in c, d, e or f are measured apart: nobody read them before
the catalogue was frozen. --alarms prints N alarms on one-state headlines, drawn
at random, for a person to judge by the labelling guide. The alarms of headlines
that name neither state are always printed.
"""

from __future__ import annotations

import csv
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from monitor.app import bundled_catalog, load_rules
from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules
from monitor.rules.evaluation import Evaluation, Label, Measure, evaluate, table
from monitor.rules.labels import load_labels
from monitor.sources.lines import Line, read_lines

RESULTS = Path(__file__).parent / "results" / "catalogue.json"
SHARED = Path(__file__).parents[2] / "shared"
UNREAD = tuple("cdef")
WITHIN = timedelta(days=2)

# Which checklist rows are right for an event, and how an entry reads that reports one of both states.
KINDS = {
    "exercise": (
        ("DEF-07", "DEF-08", "DEF-09", "DEF-11", "DEF-12", "DEF-31", "DEF-32"),
        "учени|манев|exercise|drill|man(?:oe)?uv|演习|演练|联演",
    ),
    "air patrol": (("DEF-13",), "патрул|patrol|巡航|巡逻|bomber|бомбардировщ"),
    "naval patrol": (("DEF-09",), "патрул|patrol|巡航|巡逻"),
    "UNSC double veto": (("DEM-14",), "вето|veto|否决|заблокирова|block"),
    "summit": (("GLO-01", "GLO-02"), "Си Цзиньпин|Xi |习近平"),
    "agreement": (("TEC-13", "TEC-15", "TEC-30", "GLO-02"), "соглаш|agree|GLONASS|ГЛОНАСС|Beidou|北斗|协定"),
    "statement": (("GLO-02", "GLO-03"), "совместное заявлен|joint statement|联合声明"),
    "arms transfer": (("DEF-01",), "С-400|S-400"),
}
NAMES_BOTH = re.compile(
    "(?is)(?=.*(?:russia|росси|рф|俄|putin|путин|普京))(?=.*(?:chin|кита|кнр|中|xi jin|си цзин|习近平))"
)


@dataclass(frozen=True)
class Text:
    day: str
    title: str
    summary: str
    names: str = ""

    @property
    def text(self) -> str:
        return f"{self.title} {self.summary}"


def texts(paths: Iterable[Path]) -> Iterator[Text]:
    for path in paths:
        for line in read_lines(path):
            if isinstance(line, Line):
                row = line.value
                yield Text(
                    str(row.get("date", ""))[:10],
                    str(row["title"]),
                    str(row.get("summary") or ""),
                    str(row.get("names", "")),
                )


def figures(measure: Measure) -> dict[str, float]:
    return {
        "precision": round(measure.precision, 3),
        "recall": round(measure.recall, 3),
        "f1": round(measure.f1, 3),
    }


def summary(found: Evaluation) -> dict[str, Any]:
    def part(name: str, rows: str) -> dict[str, Any]:
        one = (found.sure_rows if rows == "sure" else found.all_rows)[name]
        return {
            "rows": one.rows,
            "signal": figures(one.signal),
            "domain": figures(one.domain),
            "checklist": figures(one.checklist),
            "domains": {name: figures(measure) for name, measure in one.domains.items()},
            "actors": {name: figures(measure) for name, measure in one.actors.items()},
        }

    return {rows: {name: part(name, rows) for name in found.all_rows} for rows in ("sure", "all")}


def labelled(path: Path, catalog: Catalog, rules: Rules) -> tuple[dict[str, Any], Evaluation]:
    rows = load_labels(path)
    predictions = {r.id: [m.indicator_id for m in rules.match(r.title, r.summary)] for r in rows}

    def measured(chosen: list[Label]) -> Evaluation:
        return evaluate(chosen, predictions, catalog)

    whole = measured(rows)
    unread = measured([r for r in rows if r.id.endswith(UNREAD)])
    read = measured([r for r in rows if not r.id.endswith(UNREAD)])
    halves = {
        name: {
            "rows": half.sure_rows["all"].rows,
            "signal": figures(half.sure_rows["all"].signal),
            "domain": figures(half.sure_rows["all"].domain),
            "checklist": figures(half.sure_rows["all"].checklist),
        }
        for name, half in (("read", read), ("unread", unread))
    }
    print(table(whole))
    return summary(whole) | {"sure_halves": halves}, whole


def background(path: Path, rules: Rules, alarms_shown: int) -> dict[str, Any]:
    rows, fired, by_indicator = Counter[str](), Counter[str](), Counter[str]()
    one_state: list[str] = []
    for entry in texts([path]):
        rows[entry.names] += 1
        names = [match.indicator_id for match in rules.match(entry.title, entry.summary)]
        if not names:
            continue
        fired[entry.names] += 1
        by_indicator.update(names)
        shown = f"{', '.join(names)} | {entry.title} | {entry.summary[:160]}"
        if entry.names == "none":
            print("names neither:", shown)
        else:
            one_state.append(shown)
    for shown in random.Random(1).sample(one_state, min(alarms_shown, len(one_state))):
        print("names one:", shown)
    return {
        "rows": dict(rows),
        "fired": dict(fired),
        "neither_one_in": round(rows["none"] / fired["none"]) if fired["none"] else None,
        "by_indicator": dict(by_indicator.most_common()),
    }


def cited(path: Path, catalog: Catalog, rules: Rules) -> dict[str, Any]:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["indicator_ids"].strip()]
    domain_of = {row: one.domain for one in catalog.indicators.values() for row in one.checklist}
    right = missed = 0
    for row in rows:
        wanted = {domain_of[id] for id in re.findall(r"[A-Z]{3}-\d\d", row["indicator_ids"])}
        found = {catalog.indicators[m.indicator_id].domain for m in rules.match(row["title"])}
        right += bool(wanted & found)
        missed += not found
        if not wanted & found:
            print("cited:", row["indicator_ids"], "|", row["title"], "|", sorted(found))
    return {"rows": len(rows), "right_domain": right, "share": round(right / len(rows), 3), "silent": missed}


def events(path: Path, archive: Path, catalog: Catalog, rules: Rules) -> dict[str, Any]:
    """Events that an entry of the archive reports, and those of them with a signal of a right indicator."""
    by_day: dict[str, list[Text]] = {}
    for entry in texts(sorted(archive.glob("*.jsonl.gz"))):
        by_day.setdefault(entry.day, []).append(entry)
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    answers: dict[str, str] = {}
    for row in rows:
        ids, words = KINDS[row["type"]]
        first = date.fromisoformat(row["date_start"]) - WITHIN
        last = date.fromisoformat(row["date_end"]) + WITHIN
        days = ((first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1))
        window = [entry for day in days for entry in by_day.get(day, ())]
        reporting = [
            e for e in window if re.search(words, e.text, re.IGNORECASE) and NAMES_BOTH.search(e.text)
        ]
        hits = [e for e in window if _is_right(e, ids, catalog, rules)]
        answers[row["id"]] = "seen" if hits else "not seen" if reporting else "not reported"
        if reporting and not hits:
            print("event:", row["id"], row["event"])
            for entry in reporting[:5]:
                print("      ", entry.day, entry.text[:200])
    counts = Counter(answers.values())
    return {
        "events": len(rows),
        **counts,
        "share_of_reported": round(counts["seen"] / (counts["seen"] + counts["not seen"]), 3),
        "by_event": answers,
    }


def _is_right(entry: Text, ids: tuple[str, ...], catalog: Catalog, rules: Rules) -> bool:
    found = rules.match(entry.title, entry.summary)
    return any(set(ids) & set(catalog.indicators[match.indicator_id].checklist) for match in found)


def main() -> None:
    words = sys.argv[1:]
    alarms = int(words.pop(words.index("--alarms") + 1)) if "--alarms" in words else 0
    folders = [word for word in words if word != "--alarms"]
    shared = Path(folders[0]) if folders else SHARED
    if not (shared / "corpora").is_dir():
        sys.exit(f"{shared}: no corpora here; name the folder that holds corpora/ and report/")
    corpora = shared / "corpora"
    catalog, rules = load_rules(bundled_catalog())
    labels, whole = labelled(corpora / "labels.jsonl", catalog, rules)
    result = {
        "catalog": {"indicators": len(catalog.indicators), "revision": catalog.revision},
        "labels": labels,
        "background": background(corpora / "background.jsonl.gz", rules, alarms),
        "cited": cited(shared / "report" / "cited-headlines.csv", catalog, rules),
        "events": events(corpora / "events.csv", corpora / "archive", catalog, rules),
        "indicators": {
            name: asdict(measure)
            for name, measure in whole.indicators.items()
            if measure.predicted or measure.labelled
        },
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    shown: Mapping[str, Any] = {name: result[name] for name in ("background", "cited", "events")}
    print(json.dumps(shown | {"halves": labels["sure_halves"]}, indent=1))


if __name__ == "__main__":
    main()
