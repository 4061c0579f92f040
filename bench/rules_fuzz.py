"""Broken rule files by the thousand: each must give coded problems at a place, never a traceback.

python bench/rules_fuzz.py [HOW MANY FILES [SEED]]
"""

from __future__ import annotations

import json
import random
import sys
import time
import traceback
from collections import Counter
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from monitor.rules.display import block
from monitor.rules.linting import check_folder
from tests.rules.builders import SOUND_INDICATOR, SOUND_LISTS, write_catalog
from tests.rules.mutations import broken
from tests.rules.test_linting import COMPOSITE, VISIT

RESULTS = Path(__file__).parent / "results" / "rules_fuzz.json"
KINDS = {
    "defense/naval-drill.toml": SOUND_INDICATOR,
    "_lists/actors.toml": SOUND_LISTS,
    "defense/together.toml": COMPOSITE,
}


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rng = random.Random(seed)
    codes: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    with TemporaryDirectory() as name:
        folder = write_catalog(Path(name), defense__visit=VISIT, defense__together=COMPOSITE)
        for number in range(many):
            path, sound = rng.choice(list(KINDS.items()))
            (folder / path).write_text(broken(sound, rng), encoding="utf-8")
            started = time.perf_counter()
            found, problem_codes = checked(folder)
            slowest = max(slowest, time.perf_counter() - started)
            outcomes[found] += 1
            codes.update(problem_codes)
            if found in ("traceback", "unplaced"):
                kept = Path(name).with_name(f"rules-fuzz-{seed}-{number}.toml")
                kept.write_bytes((folder / path).read_bytes())
                print(f"{found}: {path} kept as {kept}")
            (folder / path).write_text(sound, encoding="utf-8")
    result = {
        "files": many,
        "seed": seed,
        "outcomes": dict(outcomes),
        "slowest_s": round(slowest, 3),
        "problems_by_code": dict(sorted(codes.items())),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


def checked(folder: Path) -> tuple[str, list[str]]:
    """How the check of one broken file ended, and the codes of its problems."""
    try:
        report = check_folder(folder, date(2026, 11, 24))
        for problem in report.problems:
            block(problem)
    except Exception:  # noqa: BLE001  what is counted here is exactly the exception nobody expects
        traceback.print_exc()
        return "traceback", []
    if not report.problems:
        return "still sound", []
    placed = all(problem.line and problem.column for problem in report.problems)
    return "placed" if placed else "unplaced", [problem.code for problem in report.problems]


if __name__ == "__main__":
    main()
