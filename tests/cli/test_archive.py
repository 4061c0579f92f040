"""`monitor rules` on the stored archive, as an analyst runs it on a catalogue under git."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor import app
from monitor.__main__ import cli
from monitor.core.model import Fetched
from monitor.core.outcome import Outcome
from monitor.services.poll import record_poll
from monitor.storage import feeds
from monitor.storage.engine import reading
from tests.core.builders import an_entry
from tests.services.conftest import CONFIG, write_catalog

TITLES = ("Russia and China begin a patrol", "Russia and China hold a drill", "China and Russia: patrol")


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=Analyst", "-c", "user.email=analyst@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration, a catalogue under git, and three stored entries of yesterday."""
    write_catalog(tmp_path / "indicators")
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "indicators")
    git(tmp_path, "commit", "--quiet", "--message", "rules")
    context = app.open_context(app_config(tmp_path))
    yesterday = app.now() - timedelta(days=1)
    found = tuple(an_entry(key=t, title=t, summary="", link="", published_at=yesterday) for t in TITLES)
    with reading(context.engine) as connection:
        state = next(s for s in feeds.all_states(connection) if s.feed.id == "wire")
    record_poll(context, state, Fetched(outcome=Outcome.OK, entries=found), app.now(), 0.0)
    context.engine.dispose()
    return tmp_path


def app_config(folder: Path):  # type: ignore[no-untyped-def]
    from monitor.config import load_config

    return load_config(folder / "config.toml", {})


def run(folder: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["--config", str(folder / "config.toml"), "rules", *arguments])
    assert result.exit_code == 0, result.output
    return result


def widen(folder: Path) -> None:
    rule = folder / "indicators" / "defense" / "patrol.toml"
    text = rule.read_text(encoding="utf-8")
    rule.write_text(text.replace('en = ["patrol"]', 'en = ["patrol", "drill"]'), encoding="utf-8")


def test_diff_shows_what_an_edit_would_do(folder: Path) -> None:
    widen(folder)
    text = run(folder, "diff", "HEAD").stdout
    assert "gained" in text
    assert "defense.patrol" in text
    assert "Russia and China hold a drill" in text
    assert "digests that would differ: 1 of 90" in text
    found = json.loads(run(folder, "diff", "HEAD", "--json").stdout)
    assert [row[2] for row in found["gained"]] == ["Russia and China hold a drill"]
    assert found["lost"] == []


def test_backtest_counts_what_the_rules_take(folder: Path) -> None:
    text = run(folder, "backtest", "--since", "30d").stdout
    assert "3 entries (en 3)" in text
    assert "defense index" in text


def test_verdicts_among_what_an_edit_loses(folder: Path) -> None:
    command = ["--config", str(folder / "config.toml"), "verdict", "1", "false"]
    assert CliRunner().invoke(cli, command).exit_code == 0
    rule = folder / "indicators" / "defense" / "patrol.toml"
    rule.write_text(rule.read_text(encoding="utf-8").replace('"@both AND @topic"', '"@both AND \\"none\\""'))
    text = run(folder, "diff", "HEAD").stdout
    assert "marked false" in text
    assert "Russia and China begin a patrol  (marked false)" in text
    rows = {row["name"]: row for row in json.loads(run(folder, "diff", "HEAD", "--json").stdout)["rows"]}
    assert rows["marked false"] == {"name": "marked false", "before": 1, "after": 0, "gained": 0, "lost": 1}


def test_forms_are_counted_in_the_archive(folder: Path) -> None:
    text = run(folder, "explain", "defense.patrol", "--archive", "--lang", "en").stdout
    assert "en  patrol: patrol (2), " in text
    assert "(" not in run(folder, "explain", "defense.patrol", "--lang", "en").stdout


def test_a_term_that_the_archive_holds_is_proved(folder: Path) -> None:
    rule = folder / "indicators" / "defense" / "patrol.toml"
    text = rule.read_text(encoding="utf-8")
    rule.write_text(text.replace('en = ["patrol"]', 'en = ["patrol", "drill", "parade"]'), encoding="utf-8")
    idle = run(folder, "check", "--all").stdout
    assert ("'drill' is hit by no example" in idle, "'parade' is hit by no example" in idle) == (True, True)
    idle = run(folder, "check", "--all", "--archive").stdout
    assert "'drill'" not in idle
    assert "'parade' is hit by no example of its own and by no stored entry" in idle


def test_an_unknown_revision_is_said(folder: Path) -> None:
    result = CliRunner().invoke(cli, ["--config", str(folder / "config.toml"), "rules", "diff", "no-such"])
    assert (result.exit_code, "no-such" in result.stderr) == (1, True)


def test_near_misses_are_listed_with_the_example(folder: Path) -> None:
    text = run(folder, "near-misses").stdout
    assert "China and Russia: patrol" in text
    assert "like defense.patrol: Russia and China patrol" in text


def test_rematch_stores_what_later_rules_find(folder: Path) -> None:
    widen(folder)
    assert "1 retro signals stored" in run(folder, "rematch").stdout
    assert "0 retro signals stored" in run(folder, "rematch").stdout
