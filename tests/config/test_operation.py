"""[heartbeat] and [backup]."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.builders import load, problems

URL = "https://switch.example.org/secret-name"


def test_neither_is_on_unless_it_is_asked_for(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert config.heartbeat.url.get() == ""
    assert config.backup.folder is None


def test_the_address_of_the_switch_comes_from_outside_the_file(tmp_path: Path) -> None:
    config = load(tmp_path, '[heartbeat]\nurl_env = "SWITCH"\nevery = "1m"\n', {"SWITCH": URL})
    assert (config.heartbeat.url.get(), config.heartbeat.every) == (URL, timedelta(minutes=1))
    assert URL not in repr(config)
    (tmp_path / "switch").write_text(URL)
    (tmp_path / "switch").chmod(0o600)
    assert load(tmp_path, '[heartbeat]\nurl_file = "switch"\n').heartbeat.url.get() == URL


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [
        ('url_env = "SWITCH"', {}, "SWITCH is not set"),
        ('url_env = "SWITCH"', {"SWITCH": "ftp://switch.example.org/secret-name"}, "http or https address"),
        ('url_env = "SWITCH"\nurl_file = "switch"', {"SWITCH": URL}, "found both"),
        (f'url_env = "{URL}"', {}, "expected the name of an environment variable"),
        (f'url = "{URL}"', {}, 'unknown key; did you mean "url_env"'),
    ],
)
def test_what_is_wrong_is_said_without_the_address(
    tmp_path: Path, text: str, environ: dict[str, str], words: str
) -> None:
    found = "\n".join(problems(tmp_path, f"[heartbeat]\n{text}\n", environ))
    assert words in found
    assert "secret-name" not in found


def test_backups_go_beside_the_configuration(tmp_path: Path) -> None:
    backup = load(tmp_path, '[backup]\nfolder = "kept"\nevery = "6h"\nkeep = 3\n').backup
    assert (backup.folder, backup.every, backup.keep) == (tmp_path / "kept", timedelta(hours=6), 3)
