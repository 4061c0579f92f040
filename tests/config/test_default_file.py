"""The config.toml that we ship."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest

from monitor.config import Config, load_config

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "config.toml").read_text(encoding="utf-8")
PROPOSED = ROOT.parent / "shared" / "feeds" / "feeds.csv"


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(ROOT / "config.toml", {})


def test_it_loads_without_any_environment_and_says_what_is_off(config: Config) -> None:
    assert config.notes == ("5 feeds are off because fetch.rsshub is empty",)


def test_it_sends_nothing_anywhere_before_somebody_edits_it(config: Config) -> None:
    assert config.mail.notifier == "file"
    assert [recipient.address for recipient in config.recipients] == ["watch@example.org"]


def test_its_feeds_are_in_the_three_languages_and_from_both_parties(config: Config) -> None:
    enabled = [feed for feed in config.feeds if feed.enabled]
    assert len(config.feeds) == 150
    assert len(enabled) == 105
    assert {"en", "ru", "zh"} <= {feed.language for feed in enabled}
    assert {"russia", "china", None} == {feed.party for feed in enabled}
    for domain in config.domains:
        assert sum(domain.id in (feed.domains or (domain.id,)) for feed in enabled) >= 20


def test_no_grade_is_left_unknown(config: Config) -> None:
    assert [feed.id for feed in config.feeds if feed.reliability == "F"] == []


def test_it_writes_no_default_twice_in_a_feed() -> None:
    for table in tomllib.loads(TEXT)["feed"]:
        assert table.get("enabled") is not True
        assert table.get("every") != "1d"
        assert table.get("domains") != []


def test_its_lines_fit_a_terminal() -> None:
    too_long = [line for line in TEXT.split("\n") if len(line) > 110 and not line.startswith("url")]
    assert too_long == []


@pytest.mark.skipif(not PROPOSED.exists(), reason="the proposed feeds are not beside this checkout")
def test_its_feeds_are_the_proposed_ones(config: Config) -> None:
    with PROPOSED.open(encoding="utf-8") as file:
        proposed = {row["id"]: row for row in csv.DictReader(file)}
    assert {feed.id for feed in config.feeds} == set(proposed)
    for feed in config.feeds:
        row = proposed[feed.id]
        assert feed.title == row["title"]
        assert feed.reliability == row["reliability"]
        assert feed.family == row["publisher_family"]
        assert (feed.party or "none") == row["party"]
        assert set(feed.domains or [d.id for d in config.domains]) == set(row["domains"].split(";"))
        assert feed.expected_every.total_seconds() == 3600 * int(row["expected_interval_hours"])
        behind_rsshub = feed.url.startswith("rsshub:")
        assert behind_rsshub == row["url"].startswith("https://rsshub.app/")
        assert feed.enabled == (row["evidence"] != "list" and not behind_rsshub)
