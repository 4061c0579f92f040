"""No rule file, however broken, gives anything but coded problems at a place of its text."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.rules.codes import CODES
from monitor.rules.display import block
from monitor.rules.linting import Report, check_folder
from tests.rules.builders import SOUND_INDICATOR, SOUND_LISTS, write_catalog
from tests.rules.mutations import DEEP, broken
from tests.rules.test_linting import COMPOSITE, VISIT


def check(**files: str) -> Report:
    with TemporaryDirectory() as folder:
        return check_folder(write_catalog(Path(folder), **files), date(2026, 11, 24))


def assert_placed(report: Report) -> None:
    for problem in report.problems:
        assert problem.code in CODES
        assert problem.line >= 1, problem
        assert problem.column >= 1, problem
        assert block(problem).startswith(problem.severity)


@given(st.integers(0, 2**32), st.sampled_from(["rule", "list", "composite"]))
@settings(max_examples=60, deadline=None)
def test_broken_files(seed: int, kind: str) -> None:
    rng = random.Random(seed)
    match kind:
        case "rule":
            report = check(defense__naval_drill=broken(SOUND_INDICATOR, rng))
        case "list":
            report = check(_lists__actors=broken(SOUND_LISTS, rng))
        case _:
            report = check(defense__visit=VISIT, defense__together=broken(COMPOSITE, rng))
    assert_placed(report)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (DEEP, "R017"),
        ("@russia NEAR/500 @china", "R031"),
        (" OR ".join(["@russia"] * 10_000), None),
        (" AND ".join(["@russia"] * 10_000), None),
        ("(" * 100_000, "R017"),
        ("@r" + "a" * 100_000, "R005"),
    ],
)
def test_extreme_queries(query: str, code: str | None) -> None:
    report = check(defense__naval_drill=SOUND_INDICATOR.replace("@russia AND @china AND @drill", query))
    assert [problem.code for problem in report.problems] == ([code] if code else [])
    assert_placed(report)


def test_arrays_nested_too_deeply() -> None:
    report = check(defense__naval_drill=f"x = {'[' * 100_000}")
    assert [problem.code for problem in report.problems] == ["R001"]
