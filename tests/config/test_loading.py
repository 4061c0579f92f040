from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from monitor.config import Domain, catalog_folder, load_config
from monitor.core.model import Feed, Level, Modality, Place, Recipient
from monitor.core.scoring import Methodology
from monitor.errors import ConfigError
from monitor.notifiers import open_notifier
from monitor.notifiers.file import FileNotifier
from monitor.notifiers.smtp import SmtpNotifier
from tests.config.builders import RECIPIENT, load, problems

FEED = '[[feed]]\nid = "one"\nurl = "https://example.org/feed"\n'


def test_an_empty_file_is_the_defaults_and_says_what_is_missing(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert config.storage_url.get() == f"sqlite:///{tmp_path}/entente.db"
    assert config.retain_for == timedelta(days=400)
    assert config.fetch.total == timedelta(seconds=30)
    assert config.fetch.max_bytes == 5 * 2**20
    assert (config.fetch.concurrency, config.fetch.per_host) == (64, 1)
    assert (config.fetch.min_interval, config.fetch.max_interval) == (timedelta(minutes=5), timedelta(days=1))
    assert config.schedule.poll_tick == timedelta(seconds=15)
    assert config.schedule.retention_at == time(3, 30)
    assert config.mail.options() == {"folder": tmp_path / "outbox"}
    assert config.catalog_folder == tmp_path / "indicators"
    assert [d.id for d in config.domains] == [
        "defense",
        "democracy",
        "technology",
        "economy",
        "global_influence",
    ]
    assert config.notes == (
        "there is no [[recipient]]: domains are scored, and nobody is told",
        "no [[feed]] is enabled: there is nothing to read",
    )


def test_the_default_methodology_is_that_of_the_core(tmp_path: Path) -> None:
    assert load(tmp_path, "").methodology == Methodology()


def test_other_constants_need_another_version(tmp_path: Path) -> None:
    assert problems(tmp_path, "[scoring]\nrho = 0.5\n") == [
        'config.toml:1: scoring.version: the constants differ from those of v1; name them, such as "v1-mine"'
    ]
    text = '[scoring]\nversion = "v1-mine"\nrho = 0.5\nthresholds = [10, 20, 30, 40]\ndwell = "12h"\n'
    text += "[scoring.place]\nlead = 0.9\n[scoring.modality]\nopinion = 0\n[scoring.reliability]\nE = 0.1\n"
    ours = Methodology()
    assert load(tmp_path, text).methodology == replace(
        ours,
        version="v1-mine",
        rho=0.5,
        thresholds=(10, 20, 30, 40),
        dwell=timedelta(hours=12),
        place={**ours.place, Place.LEAD: 0.9},
        modality={**ours.modality, Modality.OPINION: 0},
        reliability={**ours.reliability, "E": 0.1},
    )


def test_a_feed_with_all_its_keys(tmp_path: Path) -> None:
    text = f"""{FEED}title = "Одна лента"
language = "ru"
family = "owner"
party = "russia"
reliability = "C"
domains = ["economy", "defense"]
every = "6h"
enabled = false
"""
    assert load(tmp_path, text).feeds == (
        Feed(
            id="one",
            title="Одна лента",
            url="https://example.org/feed",
            language="ru",
            family="owner",
            party="russia",
            reliability="C",
            domains=("economy", "defense"),
            expected_every=timedelta(hours=6),
            enabled=False,
        ),
    )


def test_a_feed_with_the_least_keys(tmp_path: Path) -> None:
    (feed,) = load(tmp_path, FEED).feeds
    assert feed == Feed(id="one", title="one", url="https://example.org/feed")
    assert feed.family == "one"


@pytest.mark.parametrize("base", ["http://127.0.0.1:1200", "http://127.0.0.1:1200/"])
def test_a_path_behind_rsshub_becomes_an_address(tmp_path: Path, base: str) -> None:
    text = f'[fetch]\nrsshub = "{base}"\n[[feed]]\nid = "a"\nurl = "rsshub:/caixin/latest"\n'
    (feed,) = load(tmp_path, text).feeds
    assert (feed.url, feed.enabled) == ("http://127.0.0.1:1200/caixin/latest", True)


def test_without_rsshub_such_feeds_are_off_and_noted(tmp_path: Path) -> None:
    off = '[[feed]]\nid = "a"\nurl = "rsshub:/a"\n[[feed]]\nid = "b"\nurl = "rsshub:/b"\nenabled = false\n'
    config = load(tmp_path, RECIPIENT + FEED + off)
    assert [(feed.id, feed.enabled) for feed in config.feeds] == [("one", True), ("a", False), ("b", False)]
    assert config.notes == ("1 feed is off because fetch.rsshub is empty",)


def test_a_recipient_with_all_its_keys(tmp_path: Path) -> None:
    text = f"""{RECIPIENT}name = "Дежурный"
timezone = "Asia/Shanghai"
cadence = "weekly mon 06:00"
domains = ["defense"]
minimum_level = "notable"
"""
    assert load(tmp_path, text).recipients == (
        Recipient(
            id="watch",
            address="watch@example.org",
            name="Дежурный",
            timezone="Asia/Shanghai",
            cadences=("weekly mon 06:00",),
            domains=("defense",),
            minimum_level=Level.NOTABLE,
        ),
    )


def test_own_domains_replace_the_five_and_keep_their_order(tmp_path: Path) -> None:
    domains = '[[domain]]\nid = "arctic"\ntitle = "Arctic"\n[[domain]]\nid = "defense"\ntitle = "Defence"\n'
    config = load(tmp_path, f'{domains}{FEED}domains = ["arctic"]\n')
    assert config.domains == (Domain(id="arctic", title="Arctic"), Domain(id="defense", title="Defence"))
    (problem,) = problems(tmp_path, f'{domains}{FEED}domains = ["economy"]\n')
    assert "expected one of arctic, defense, found 'economy'" in problem


def test_paths_are_relative_to_the_file_wherever_we_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    text = '[catalog]\nfolder = "rules"\n[mail.file]\nfolder = "/var/mail/entente"\n'
    (tmp_path / "etc" / "config.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    config = load_config(Path("etc/config.toml"), {})
    assert config.catalog_folder == tmp_path / "etc" / "rules"
    assert config.mail.folder == Path("/var/mail/entente")
    assert config.storage_url.get() == f"sqlite:///{tmp_path}/etc/entente.db"


def test_the_catalog_folder_can_be_told_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert catalog_folder(path) == tmp_path / "indicators"
    path.write_text('nonsense = 1\n[catalog]\nfolder = "rules"\n')
    assert catalog_folder(path) == tmp_path / "rules"
    path.write_text("[catalog]\nfolder = 3\n")
    with pytest.raises(
        ConfigError, match=r"config\.toml:2: catalog\.folder: expected a text in quotes, found 3"
    ):
        catalog_folder(path)


def test_the_user_agent_names_the_contact_where_there_is_one(tmp_path: Path) -> None:
    assert load(tmp_path, "").fetch.user_agent("1.2") == "Entente/1.2"
    named = load(tmp_path, '[fetch]\ncontact = "https://example.org/watch"\n').fetch
    assert named.user_agent("1.2") == "Entente/1.2 (+https://example.org/watch)"


def test_a_configuration_is_frozen(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    with pytest.raises(FrozenInstanceError):
        config.feeds = ()  # type: ignore[misc]


def test_its_options_open_the_notifier_that_it_names(tmp_path: Path) -> None:
    to_files = load(tmp_path, "").mail
    text = '[mail]\nnotifier = "smtp"\nfrom_address = "a@mail.test"\n'
    text += '[mail.smtp]\nhost = "mail.test"\ntimeout = "9s"\n'
    to_server = load(tmp_path, text).mail
    assert isinstance(open_notifier(to_files.notifier, to_files.options()), FileNotifier)
    smtp = open_notifier(to_server.notifier, to_server.options())
    assert isinstance(smtp, SmtpNotifier)
    assert (smtp.host, smtp.port, smtp.sender, smtp.security) == ("mail.test", 587, "a@mail.test", "starttls")
    assert smtp.timeout_s == 9.0
