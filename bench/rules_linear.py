"""Time of matching against length, for texts made to be slow; the exponent shows that it is linear.

    python bench/rules_linear.py

One catalog with dense NEAR, THEN and ATLEAST, an expression, exclusions and
modality; texts of 12,500 to 200,000 characters. An exponent of 1 is linear, of
2 quadratic.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from monitor.rules.catalog import Term
from monitor.rules.engine import Rules, compile_rules
from tests.rules.builders import catalog, indicator

RESULTS = Path(__file__).parent / "results" / "rules_linear.json"
LENGTHS = (12_500, 25_000, 50_000, 100_000, 200_000)
AT = datetime(2026, 1, 1, tzinfo=UTC)
LISTS = {
    "russia": {
        "en": ["Russia", "Moscow"],
        "ru": ["Россия"],
        "zh": [Term(text="俄", not_in=("俄亥俄", "白俄罗斯"))],
    },
    "china": {"en": ["China", "Beijing"], "ru": ["Китай"], "zh": ["中国", "中俄"]},
    "drill": {"en": ["naval drill", "patrol"], "ru": ["учение"], "zh": ["联演"]},
    "type": {"en": [r"re:su \d+(.*x)?"]},
    "sport": {"en": ["football"]},
    "denied": {"en": ["deny"]},
    "planned": {"en": ["will"]},
}
QUERIES = {
    "a.near": "@russia NEAR/20 @china",
    "a.then": "(@russia THEN/9 @china) IN sentence",
    "a.nested": "(@russia NEAR/9 @china) NEAR/20 @drill",
    "a.atleast": "ATLEAST/3 @drill",
    "a.all": "(@russia AND @china AND @drill) IN paragraph",
    "a.type": "@type AND @russia",
}
TEXTS = {
    "dense NEAR": "Russia China ",
    "dense repetition of one actor": "Russia ",
    "all keywords": "Russia China naval drill patrol Moscow will deny football ",
    "sentences": "Russia met China. ",
    "paragraphs": "Russia met China.\n",
    "no spaces, Latin": "russiachina",
    "no spaces, Han": "俄亥俄中俄联演",
    "one character": "a",
    "one Han character": "俄",
    "full stops": ".",
    "marks on one letter": "\u0301",
    "masked": "白俄罗斯 ",
    "years": "in 1996 Russia ",
    "expression": "su 35 ",
}


def rules() -> Rules:
    made = [
        indicator(query, id=id, except_=["sport"] if id == "a.all" else []) for id, query in QUERIES.items()
    ]
    return compile_rules(catalog(*made, lists=LISTS))


def seconds(compiled: Rules, text: str) -> float:
    times = []
    for _ in range(3):
        started = time.process_time()
        compiled.match("Russia, China", text, AT)
        times.append(time.process_time() - started)
    return statistics.median(times)


def exponent(times: list[float]) -> float:
    """The slope of log time over log length: what the time grows by where the length doubles, as a power."""
    points = [(math.log(n), math.log(max(t, 1e-6))) for n, t in zip(LENGTHS, times, strict=True)]
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def main() -> None:
    os.sched_setaffinity(0, {0})
    compiled = rules()
    result = {}
    for name, unit in TEXTS.items():
        texts = [(unit * (length // len(unit) + 1))[:length] for length in LENGTHS]
        times = [seconds(compiled, text) for text in texts]
        repetitions = seconds(compiled, unit * 20_000)
        result[name] = {
            "ms": [round(t * 1000, 2) for t in times],
            "exponent": round(exponent(times), 2),
            "ms_of_20000_repetitions": round(repetitions * 1000, 1),
        }
        print(name, result[name], flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps({"characters": LENGTHS, "texts": result}, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
