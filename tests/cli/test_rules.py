"""`monitor rules` for what tests/cli/test_commands.py does not run: the lock, reports for machines."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from monitor.__main__ import cli
from tests.rules.builders import SOUND_INDICATOR, write_catalog
from tests.rules.test_linting import COMPOSITE, VISIT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_catalog(tmp_path / "indicators", defense__visit=VISIT, defense__together=COMPOSITE)


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["rules", "--catalog", str(folder), *arguments])


def test_check_then_lock_then_a_change_without_a_version(folder: Path) -> None:
    first = run(folder, "check")
    assert "lock is missing" in first.stdout
    assert "2 indicators, 1 composites, 3 shared lists, 0 problems, 0 warnings" in first.stdout
    assert run(folder, "lock").stdout == f"{folder / 'lock'}: 6 versions\n"
    write_catalog(folder, defense__naval_drill=SOUND_INDICATOR.replace("weight    = 6", "weight    = 7"))
    checked = run(folder, "check")
    assert (checked.exit_code, "error R004" in checked.stdout) == (2, True)
    refused = run(folder, "lock")
    assert refused.exit_code == 2
    assert "= help: write version = 2" in refused.stderr
    assert "the lock is unchanged" in refused.stderr


def test_check_as_json_has_every_field(folder: Path) -> None:
    write_catalog(folder, defense__naval_drill=SOUND_INDICATOR.replace("@china AND", "@chin AND"))
    (problem,) = json.loads(run(folder, "check", "--json").stdout)
    assert problem == {
        "path": str(folder / "defense" / "naval-drill.toml"),
        "line": 18,
        "column": 23,
        "width": 5,
        "code": "R005",
        "where": "match.query",
        "message": "unknown list 'chin'",
        "help": "did you mean 'china'?",
        "source": 'query  = "@russia AND @chin AND @drill"',
        "severity": "error",
    }


def test_warnings_do_not_fail_and_all_lists_idle_terms(folder: Path) -> None:
    result = run(folder, "check", "--all")
    assert result.exit_code == 0
    assert "warning R022 'Moscow' is hit by no example of any indicator" in result.stdout


def test_examples_end_with_their_coverage(folder: Path) -> None:
    result = run(folder, "test")
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    assert rows["defense.visit"] == ["1", "1", "1/1", "1", "0", "1/1", "1", "0", "1/1"]


def test_examples_for_machines(folder: Path, tmp_path: Path) -> None:
    wrong = SOUND_INDICATOR.replace("Russia and China begin", "Japan and Korea begin")
    write_catalog(folder, defense__naval_drill=wrong)
    result = run(folder, "test", "--json", "--junit", str(tmp_path / "junit.xml"))
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    failed = [example for example in found["examples"] if not example["passed"]]
    assert [(example["indicator"], example["missing"]) for example in failed] == [
        ("defense.naval-drill", "@russia")
    ]
    assert failed[0]["spans"] == [{"field": "title", "start": 24, "end": 35}]
    assert {row["language"] for row in found["coverage"]} == {"en", "ru", "zh"}
    tree = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (tree.get("tests"), tree.get("failures")) == ("8", "1")


def test_a_composite_is_explained_by_its_parts(folder: Path) -> None:
    assert run(folder, "explain", "defense.together").stdout.splitlines()[1:] == [
        "all of these within 14 days:",
        "  defense.naval-drill (1 indicators)",
        "  defense.visit (1 indicators)",
    ]
    assert "did you mean defense.together?" in run(folder, "explain", "defense.togethr").stderr
