"""The version lock: a meaning cannot change under a version that is in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.rules.linting import check_folder, lock_folder
from tests.rules.builders import SOUND_LISTS, write_catalog
from tests.rules.test_linting import TODAY, VISIT, changed, check, codes


def test_versions_must_rise_with_their_meaning(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path)
    assert lock_folder(folder) == (4, [])
    assert check_folder(folder, TODAY).problems == ()
    heavier = changed("weight    = 6", "weight    = 7")
    report = check(tmp_path, defense__naval_drill=heavier)
    (problem,) = report.problems
    assert (problem.code, problem.line, problem.help) == ("R004", 3, "write version = 2")
    before = (folder / "lock").read_bytes()
    assert [p.code for p in lock_folder(folder)[1]] == ["R004"]
    assert (folder / "lock").read_bytes() == before
    raised = changed("version   = 1", "version   = 2", heavier)
    assert codes(check(tmp_path, defense__naval_drill=raised)) == ["R009"]
    assert lock_folder(folder) == (4, [])
    assert check_folder(folder, TODAY).problems == ()
    lowered = check(tmp_path, defense__naval_drill=heavier)
    assert [(p.code, p.help) for p in lowered.problems] == [("R004", "write version = 3")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Joint naval drill"', '"Naval drill of the two"'),
        ('"Shows practice at sea"', '"They practise at sea"'),
        ('query  = "@russia AND @china AND @drill"', 'query  = """@russia\n AND @china AND @drill"""'),
        ('status    = "active"', 'status    = "test"'),
        ('text = "Japan begins a naval drill"', 'text = "Korea begins a naval drill"'),
    ],
)
def test_words_for_people_are_no_meaning(tmp_path: Path, old: str, new: str) -> None:
    lock_folder(write_catalog(tmp_path))
    assert codes(check(tmp_path, defense__naval_drill=changed(old, new))) == []


def test_a_shared_list_has_a_version_of_its_own(tmp_path: Path) -> None:
    lock_folder(write_catalog(tmp_path))
    assert (
        codes(
            check(tmp_path, _lists__actors=changed('"Russia", "Moscow"', '"Moscow", "Russia"', SOUND_LISTS))
        )
        == []
    )
    longer = changed('"Russia", "Moscow"', '"Russia", "Moscow", "Kremlin"', SOUND_LISTS)
    report = check(tmp_path, _lists__actors=longer)
    assert [(p.code, p.line, p.where) for p in report.problems] == [("R004", 1, "russia.version")]
    raised = changed('title = "Russia"', 'title = "Russia"\nversion = 2', longer)
    assert codes(check(tmp_path, _lists__actors=raised)) == ["R009"]


def test_a_removed_id_is_remembered(tmp_path: Path) -> None:
    folder = write_catalog(tmp_path, defense__visit=VISIT)
    lock_folder(folder)
    (folder / "defense" / "visit.toml").unlink()
    assert lock_folder(folder) == (5, [])
    report = check(tmp_path, defense__visit=changed("weight    = 6", "weight    = 2", VISIT))
    assert codes(report) == ["R004"]


@pytest.mark.parametrize("line", ["defense.naval-drill 1", "defense.naval-drill x " + "0" * 64])
def test_a_broken_lock_is_named(tmp_path: Path, line: str) -> None:
    folder = write_catalog(tmp_path)
    (folder / "lock").write_text(f"# made by hand\n{line}\n", encoding="utf-8")
    problem = next(p for p in check_folder(folder, TODAY).problems if p.is_error)
    assert (problem.code, problem.path, problem.line) == ("R000", str(folder / "lock"), 2)
    before = (folder / "lock").read_bytes()
    assert lock_folder(folder)[1] == [problem]
    assert (folder / "lock").read_bytes() == before
