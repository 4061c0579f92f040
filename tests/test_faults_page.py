"""docs/faults.md: each number once and in order, shown by what exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = re.findall(
    r"^\| (\d+) \| (.*) \| (.*) \| (.*) \|$", (ROOT / "docs" / "faults.md").read_text("utf-8"), re.M
)


def test_each_fault_stands_once_and_in_order() -> None:
    numbers = [int(number) for number, *_ in ROWS]
    assert numbers == sorted(set(numbers))
    assert {*range(1, 11), *range(53, 63), 74, *range(79, 87)} <= set(numbers)


def test_what_shows_a_fault_exists() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    known = set(re.findall(r"def (test_\w+)", sources))
    for number, _, _, shown in ROWS:
        named = re.findall(r"`([^`]+)`", shown)
        assert named, number
        for name in named:
            if name.startswith("test_"):
                assert name.partition("[")[0] in known, (number, name)
            elif "/" in name:
                assert (ROOT / name).exists(), (number, name)
