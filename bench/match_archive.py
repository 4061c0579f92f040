"""Entries matched per second on one core with this catalogue, on the real archive (not in this project).

python bench/match_archive.py [FOLDER OF *.jsonl.gz]
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from monitor.app import bundled_catalog, load_rules
from monitor.sources.lines import Line, read_lines

RESULTS = Path(__file__).parent / "results" / "match_archive.json"
ARCHIVE = Path(__file__).parents[2] / "shared" / "corpora" / "archive"


def main() -> None:
    os.sched_setaffinity(0, {0})
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ARCHIVE
    if not folder.is_dir():
        sys.exit(f"{folder}: no archive here; name its folder")
    started = time.perf_counter()
    catalog, rules = load_rules(bundled_catalog())
    loaded = time.perf_counter() - started
    result: dict[str, object] = {
        "indicators": len(catalog.indicators),
        "forms": rules.patterns,
        "load_s": loaded,
        "files": {},
    }
    rates, matched = [], Counter[str]()
    total = seconds = 0.0
    for path in sorted(folder.glob("*.jsonl.gz")):
        lines = read_lines(path)
        texts = [
            (str(x.value.get("title", "")), str(x.value.get("summary") or ""))
            for x in lines
            if isinstance(x, Line)
        ]
        times = []
        for _ in range(3):
            started = time.perf_counter()
            found = [rules.match(title, summary) for title, summary in texts]
            times.append(time.perf_counter() - started)
        matched.update(match.indicator_id for matches in found for match in matches)
        spent = statistics.median(times)
        total, seconds = total + len(texts), seconds + spent
        rates.append(len(texts) / spent)
        result["files"][path.name] = {  # type: ignore[index]
            "entries": len(texts),
            "entries_s": round(len(texts) / spent),
            "characters_mean": round(statistics.mean(len(t) + len(s) for t, s in texts)),
            "matched": sum(map(bool, found)),
        }
    result |= {
        "entries": int(total),
        "entries_s": round(total / seconds),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "indicators_that_fired": len(matched),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
