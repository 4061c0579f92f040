"""The engine against evaluators that only have to be right, on many made-up queries and texts.

    python bench/rules_laws.py [PAIRS]

First generated (query, text) pairs against the naive evaluator of the tests;
then a generated archive, every rule asked of every entry without the gate that
rules most of them out. Exits with 1 at the first difference, and prints it.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from rules_data import made

from monitor.rules.engine import answer_rule, compile_rules
from monitor.rules.explain import written
from monitor.rules.parsing import parse_query
from monitor.rules.query import And, AtLeast, Leaf, Near, Node, Or, Scope, Within
from monitor.rules.text import Text
from tests.rules.builders import catalog, indicator
from tests.rules.naive import Naive, atoms_of
from tests.rules.test_matching import LISTS

RESULTS = Path(__file__).parent / "results" / "rules_laws.json"
TEXTS_PER_QUERY = 25
WORDS = ["alpha", "beta", "gamma", "delta", "word", "other", "中俄", "俄中国", "国", "中"]
QUOTED = {
    name: {"en": [term if term >= "\u4e00" else f'"{term}"' for term in terms]}
    for name, terms in LISTS.items()
}


def a_leaf(rng: random.Random) -> Leaf:
    return Leaf(rng.choice(sorted(LISTS)))


def a_side(rng: random.Random) -> Node:
    """What may stand beside NEAR: a list, some of them, one in a scope."""
    kind = rng.randrange(4)
    if kind == 0:
        return Or(tuple(Leaf(name) for name in rng.sample(sorted(LISTS), 2)))
    return Within(a_leaf(rng), rng.choice(list(Scope))) if kind == 1 else a_leaf(rng)


def a_query(rng: random.Random, depth: int = 3) -> Node:
    kind = rng.randrange(7 if depth else 3)
    if kind == 0:
        return a_side(rng)
    if kind == 1:
        return Near(a_side(rng), a_side(rng), rng.randint(1, 6), rng.random() < 0.5)
    if kind == 2:
        return AtLeast(rng.randint(1, 3), a_leaf(rng))
    if kind == 3:
        return Within(a_query(rng, depth - 1), rng.choice(list(Scope)))
    several = tuple(a_query(rng, depth - 1) for _ in range(rng.randint(2, 3)))
    if kind == 4:
        return Or(several)
    return And(several, (a_query(rng, depth - 1),) if rng.random() < 0.4 else ())


def a_text(rng: random.Random) -> tuple[str, str]:
    def sentence() -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(1, 7))).capitalize()

    paragraphs = [". ".join(sentence() for _ in range(rng.randint(1, 3))) for _ in range(rng.randint(0, 3))]
    return sentence(), "\n".join(paragraphs)


def check_pairs(pairs: int, rng: random.Random) -> tuple[int, int]:
    """How many pairs agree, and how many of them match."""
    done = matched = 0
    while done < pairs:
        query = a_query(rng)
        text = written(query)
        rules = compile_rules(catalog(indicator(text), lists=QUOTED))
        parsed = parse_query(text)
        for _ in range(TEXTS_PER_QUERY):
            title, summary = a_text(rng)
            expected = Naive(atoms_of(title, summary), LISTS).place(parsed)
            found = [match.place.value for match in rules.match(title, summary)]
            if found != ([expected] if expected else []):
                sys.exit(f"{text}\n{title!r}\n{summary!r}\nengine {found}, naive {expected}")
            done += 1
            matched += bool(found)
    return done, matched


def check_archive(rules: int, terms: int, entries: int) -> tuple[int, int]:
    """How many (rule, entry) pairs agree with and without the gate, and how many of them match."""
    made_up, archive = made(rules, terms, entries)
    compiled = compile_rules(made_up)
    matched = 0
    for entry in archive:
        found = compiled.find(Text(entry.title, entry.summary))
        expected = {rule.indicator.id for rule in compiled.rules if answer_rule(rule, found)}
        gated = {match.indicator_id for match in compiled.match(entry.title, entry.summary)}
        if gated != expected:
            sys.exit(f"{entry}\nwith the gate {sorted(gated)}, without {sorted(expected)}")
        matched += len(expected)
    return len(compiled.rules) * len(archive), matched


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    started = time.perf_counter()
    done, matched = check_pairs(pairs, random.Random(1))
    asked, in_archive = check_archive(300, 5_000, 1_000)
    result = {
        "pairs": done,
        "pairs_that_match": matched,
        "archive_pairs": asked,
        "archive_matches": in_archive,
        "differences": 0,
        "seconds": round(time.perf_counter() - started),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
