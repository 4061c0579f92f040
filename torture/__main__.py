"""`python -m torture`: play rounds, print one JSON line; exit 1 where an invariant was violated."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path

from torture.databases import find_programs, own_server
from torture.game import Where, play
from torture.mutants import MUTANTS
from torture.plan import LONG, QUICK
from torture.report import summary


def main() -> int:
    """Run from the command line."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended
    if options.mutants:
        return _hunt(options)
    with where(options.db, options.server) as place:
        began, rounds, number = time.time(), [], 0
        result: dict[str, object] = {}
        while not rounds or time.time() - began < 60 * options.minutes:
            plan = QUICK if options.quick else LONG
            if options.seconds:
                plan = replace(plan, seconds=options.seconds)
            found = play(options.seed + number, plan, place, options.mutant, options.keep)
            rounds.append(found)
            number += 1
            lives, violations = len(found.evidence.lives), len(found.violations)
            print(f"round {number}: {lives} lives, {violations} violations", file=sys.stderr)
            result = summary(rounds, database=options.db, seed=options.seed)
            result["minutes"] = round((time.time() - began) / 60, 1)
            if options.out:
                options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            if options.quick:
                break
    print(json.dumps(result))
    return 1 if result["violations"] else 0


def _hunt(options: argparse.Namespace) -> int:
    """Play the short form with each planted fault; 1 where one was caught by fewer than nine in ten seeds."""
    names = [options.mutant] if options.mutant else sorted(MUTANTS)
    caught: dict[str, dict[str, list[str]]] = {name: {} for name in names}
    with where(options.db, options.server) as place:
        for seed, name in product(range(options.seed, options.seed + options.mutants), names):
            found = play(seed, QUICK, place, name)
            caught[name][str(seed)] = sorted({broken for broken, _ in found.violations})
            print(f"{name} {seed}: {' '.join(caught[name][str(seed)]) or 'not caught'}", file=sys.stderr)
            by_name = {one: f"{_catches(one, by)} of {len(by)}" for one, by in caught.items()}
            result = {"database": options.db, "caught": by_name, "by": caught}
            if options.out:
                options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return int(any(10 * _catches(name, by) < 9 * len(by) for name, by in caught.items()))


def _catches(name: str, by_seed: dict[str, list[str]]) -> int:
    return sum(MUTANTS[name].told_by in found for found in by_seed.values())


@contextmanager
def where(db: str, server_url: str) -> Iterator[Where]:
    """The database server: none for SQLite, a given one, or one of our own, which can be crashed."""
    if db == "sqlite":
        yield Where()
        return
    programs = find_programs()
    if server_url or programs is None:
        yield Where(server_url=server_url or "postgresql:///postgres")
        return
    with tempfile.TemporaryDirectory(prefix="entente-postgresql-") as parent:
        Path(parent).chmod(0o755)
        with own_server(Path(parent) / "server", programs) as server:
            yield Where(server_url=server.url, server=server)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=30, help="rounds begin until then")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--seconds", type=float, help="of kills in a round, instead of the plan's")
    parser.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--server", default="", help="URL of a PostgreSQL server; else one is started")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), default="", help="plant a fault")
    parser.add_argument("--mutants", type=int, default=0, metavar="SEEDS", help="play every planted fault")
    parser.add_argument("--out", type=Path, help="write the result here too")
    parser.add_argument("--keep", type=Path, help="where the files of a violated round go")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
