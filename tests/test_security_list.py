"""The security papers say nothing that the project does not hold."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
# Requirements of levels 1 and 2 by chapter, OWASP ASVS 5.0.0.
CHAPTERS = {1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29}
CHAPTERS |= {11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16, 17: 7}
ANSWERS = {"test", "design", "operator", "not applicable", "open"}


def rows() -> list[dict[str, str]]:
    with (TOP / "docs" / "asvs.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def names_of_tests() -> set[str]:
    sources = (path.read_text(encoding="utf-8") for path in (TOP / "tests").rglob("test_*.py"))
    return {name for source in sources for name in re.findall(r"def (test_\w+)", source)}


def test_every_requirement_of_levels_1_and_2_is_answered_once() -> None:
    ids = [row["id"] for row in rows()]
    assert len(set(ids)) == len(ids)
    assert Counter(int(name[1:].split(".")[0]) for name in ids) == CHAPTERS
    assert Counter(row["level"] for row in rows()) == {"1": 70, "2": 183}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_an_answer_is_a_test_that_exists_or_a_reason(row: dict[str, str]) -> None:
    assert row["answer"] in ANSWERS
    if row["answer"] == "test":
        assert row["tests"]
        assert set(row["tests"].split()) <= names_of_tests()
    else:
        assert not row["tests"]
        assert row["note"]


def test_the_bill_of_materials_is_what_is_locked() -> None:
    bom = json.loads((TOP / "docs" / "sbom.cdx.json").read_text(encoding="utf-8"))
    listed = {(part["name"], part["version"]) for part in bom["components"]}
    lock = (TOP / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE))
    assert listed == locked
