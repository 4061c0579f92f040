"""Developer's tool: `python -m monitor.rules [folder [id prefix]]` checks a catalog and runs its examples."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from monitor.rules.catalog import Catalog
from monitor.rules.engine import compile_rules
from monitor.rules.examples import failure_text, run_examples
from monitor.rules.loading import read_catalog


def main(folder: Path, chosen: str = "") -> int:
    """Print every problem, then every failing example of the sound indicators; 1 where there is any.

    `chosen` is the beginning of the ids whose examples are run.
    """
    catalog, problems = read_catalog(folder)
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    errors = [problem for problem in problems if problem.is_error]
    if any("_lists" in problem.path for problem in errors):
        sys.stdout.write(f"{len(errors)} problems; examples are run when the shared lists have none\n")
        return 1
    unsound = {f"{Path(p.path).parent.name}.{Path(p.path).stem}" for p in errors}
    sound = {k: i for k, i in catalog.indicators.items() if k not in unsound and k.startswith(chosen)}
    failed = _run(replace(catalog, indicators=sound))
    sys.stdout.write(f"{len(errors)} problems, {len(unsound)} files left out\n")
    return 1 if errors or failed else 0


def _run(catalog: Catalog) -> int:
    started = time.monotonic()
    rules = compile_rules(catalog)
    took = time.monotonic() - started
    results = run_examples(catalog, rules)
    failed = [result for result in results if not result.passed]
    for result in failed:
        sys.stdout.write(f"{failure_text(result)}\n")
    sys.stdout.write(
        f"{len(catalog.indicators)} indicators, {len(catalog.lists)} shared lists, {rules.patterns} forms "
        f"(compiled in {took:.1f} s); {len(results)} examples, {len(failed)} failed; "
        f"revision {catalog.revision}\n"
    )
    return len(failed)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(main(Path(arguments[0] if arguments else "indicators"), *arguments[1:2]))
