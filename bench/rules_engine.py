"""Entries matched per second on one core, beside a regex per rule, flashtext and PostgreSQL tsqueries.

    python bench/rules_engine.py

Data is made up (rules_data.py). flashtext is no dependency of ours: name the
Python of an environment that has it in FLASHTEXT_PYTHON. PostgreSQL is asked
where ENTENTE_TEST_POSTGRES names a server. What is missing is left out.
The peers get the forms that we expand, and answer less: flashtext only finds
the terms; PostgreSQL and the regexes answer AND, OR and NOT, but no NEAR.
"""

from __future__ import annotations

import gc
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from rules_data import Entry, made

from monitor.rules.catalog import Catalog
from monitor.rules.engine import compile_rules
from monitor.rules.folding import fold
from monitor.rules.forms import forms_of
from monitor.rules.query import And, Leaf, Near, Node, Or

RESULTS = Path(__file__).parent / "results" / "rules_engine.json"
SIZES = ((300, 5_000), (10_000, 50_000))
ENTRIES = 3_000

FLASHTEXT = """
import json, sys, time
from flashtext import KeywordProcessor
data = json.load(open(sys.argv[1], encoding="utf-8"))
processor = KeywordProcessor()
for form in data["forms"]:
    processor.add_keyword(form)
times = []
for _ in range(3):
    started = time.process_time()
    for text in data["texts"]:
        processor.extract_keywords(text, span_info=True)
    times.append(time.process_time() - started)
print(len(data["texts"]) / sorted(times)[1])
"""


def rate(entries: list[Entry], work: Callable[[Entry], object], rounds: int = 5) -> float:
    """Entries per second of processor time, median of several rounds."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        for entry in entries:
            work(entry)
        times.append(time.process_time() - started)
    return len(entries) / statistics.median(times)


def ours(catalog: Catalog, entries: list[Entry]) -> dict[str, object]:
    started = time.process_time()
    rules = compile_rules(catalog)
    build = time.process_time() - started
    gc.collect()
    matched = sum(len(rules.match(e.title, e.summary)) for e in entries)
    by_language = {
        name: round(
            rate([e for e in entries if e.language == name], lambda e: rules.match(e.title, e.summary))
        )
        for name in ("en", "ru", "zh")
    }
    return {
        "forms": rules.patterns,
        "build_s": round(build, 2),
        "entries_s": round(rate(entries, lambda e: rules.match(e.title, e.summary))),
        **{f"entries_s_{name}": value for name, value in by_language.items()},
        "fold_entries_s": round(rate(entries, lambda e: (fold(e.title), fold(e.summary)))),
        "matches_per_entry": round(matched / len(entries), 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def patterns_of(catalog: Catalog, name: str) -> list[str]:
    terms = [t for of_language in catalog.lists[name].terms.values() for t in of_language]
    return sorted({pattern for term in terms for pattern in forms_of(term.text).patterns})


def a_regex_per_rule(catalog: Catalog, entries: list[Entry]) -> float:
    """The lists of each query as one compiled alternation each, asked in the query's order."""
    compiled = {
        name: re.compile("|".join(map(re.escape, patterns_of(catalog, name)))) for name in _named(catalog)
    }
    queries = [indicator.query for indicator in catalog.indicators.values()]

    def holds(node: Node, text: str) -> bool:
        match node:
            case Leaf(name):
                return compiled[name].search(text) is not None
            case And(items, excluded):
                return all(holds(i, text) for i in items) and not any(holds(i, text) for i in excluded)
            case Or(items):
                return any(holds(i, text) for i in items)
            case Near(left, right):
                return holds(left, text) and holds(right, text)
        raise TypeError(node)

    def work(entry: Entry) -> object:
        text = fold(f"{entry.title} {entry.summary}")
        return [q for q in queries if holds(q, text)]

    few = entries[: max(3, 3_000 // len(queries))]
    return rate(few, work, rounds=3)


def _named(catalog: Catalog) -> list[str]:
    queries = " ".join(i.query_text for i in catalog.indicators.values())
    return sorted(set(re.findall(r"@(\w+)", queries)))


def flashtext(catalog: Catalog, entries: list[Entry]) -> float | None:
    python = os.environ.get("FLASHTEXT_PYTHON")
    if not python:
        return None
    forms = sorted({p.strip() for name in _named(catalog) for p in patterns_of(catalog, name)})
    texts = [fold(f"{e.title} {e.summary}") for e in entries]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.json"
        data.write_text(json.dumps({"forms": forms, "texts": texts}), encoding="utf-8")
        run = subprocess.run([python, "-c", FLASHTEXT, str(data)], capture_output=True, text=True, check=True)
    return float(run.stdout)


def tsquery(node: Node, catalog: Catalog) -> str:
    """A query of stems, NEAR as AND."""
    match node:
        case Leaf(name):
            terms = catalog.lists[name].terms
            texts = [re.findall(r"\w+", t.text) for language in ("en", "ru") for t in terms[language]]
            phrases = ("(" + " <-> ".join(f"'{word}'" for word in words) + ")" for words in texts if words)
            return f"({' | '.join(phrases)})"
        case And(items, excluded):
            parts = [*(tsquery(i, catalog) for i in items), *("!" + tsquery(e, catalog) for e in excluded)]
            return f"({' & '.join(parts)})"
        case Or(items):
            return f"({' | '.join(tsquery(i, catalog) for i in items)})"
        case Near(left, right):
            return f"({tsquery(left, catalog)} & {tsquery(right, catalog)})"
    raise TypeError(node)


def postgresql(catalog: Catalog, entries: list[Entry]) -> float | None:
    """Stored tsqueries of the terms' stems, English and Russian, `@@` for every rule; wall time."""
    url = os.environ.get("ENTENTE_TEST_POSTGRES")
    if not url:
        return None
    import psycopg

    texts = [f"{e.title} {e.summary}" for e in entries if e.language != "zh"]
    texts = texts[: max(20, 60_000 // len(catalog.indicators))]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create temp table rules (id text, query tsquery)")
        for indicator in catalog.indicators.values():
            query = tsquery(indicator.query, catalog)
            connection.execute(
                "insert into rules values (%s, to_tsquery('russian', %s))", (indicator.id, query)
            )
        connection.execute("analyze rules")
        connection.execute("set max_parallel_workers_per_gather = 0")
        times = []
        for _ in range(3):
            started = time.perf_counter()
            for text in texts:
                connection.execute(
                    "select id from rules where to_tsvector('russian', %s) @@ query", (text,)
                ).fetchall()
            times.append(time.perf_counter() - started)
    return len(texts) / statistics.median(times)


def main() -> None:
    os.sched_setaffinity(0, {0})
    sizes = []
    for rules, terms in SIZES:
        catalog, entries = made(rules, terms, ENTRIES)
        result = {"rules": rules, "terms": terms, "entries": len(entries), **ours(catalog, entries)}
        characters = [len(e.title) + len(e.summary) for e in entries]
        result["characters_mean"] = round(statistics.mean(characters))
        peers = {
            "a_regex_per_rule": a_regex_per_rule(catalog, entries),
            "flashtext_terms_only": flashtext(catalog, entries),
            "postgresql_tsqueries": postgresql(catalog, entries),
        }
        for name, value in peers.items():
            if value is not None:
                result[name] = {
                    "entries_s": round(value, 1),
                    "times_slower": round(result["entries_s"] / value, 1),
                }
        sizes.append(result)
        print(json.dumps(result, indent=1), flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"python": sys.version.split()[0], "sizes": sizes}, indent=1) + "\n")


if __name__ == "__main__":
    main()
