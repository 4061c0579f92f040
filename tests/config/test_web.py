"""[web]: no door without a port, no link without a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import load_config
from monitor.errors import ConfigError

BASE = '[[recipient]]\nid = "watch"\naddress = "watch@example.org"\n[[feed]]\nid = "a"\nurl = "https://a.example.org/"\n'
SECRET = {"LINK_SECRET": "sixteen bytes or more"}


def loaded(folder: Path, text: str, environ: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    path = folder / "config.toml"
    path.write_text(BASE + text, encoding="utf-8")
    return load_config(path, SECRET if environ is None else environ).web


def test_there_is_no_door_unless_a_port_is_named(tmp_path: Path) -> None:
    assert (loaded(tmp_path, "").port, loaded(tmp_path, "").public_url) == (None, "")


def test_a_door_with_links(tmp_path: Path) -> None:
    text = '[web]\nport = 8080\nsecret_env = "LINK_SECRET"\npublic_url = "https://watch.example.org"\n'
    web = loaded(tmp_path, text)
    assert (web.host, web.port, web.secret.get()) == ("127.0.0.1", 8080, SECRET["LINK_SECRET"])
    assert SECRET["LINK_SECRET"] not in repr(web)


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [
        ("[web]\nport = 8080\n", {}, "expected a secret of 16 bytes or more"),
        ('[web]\nport = 8080\nsecret_env = "LINK_SECRET"\n', {}, "LINK_SECRET"),
        ('[web]\nport = 8080\nsecret_env = "S"\n', {"S": "short"}, "expected a secret of 16 bytes or more"),
        (
            '[web]\npublic_url = "https://a.example"\nsecret_env = "LINK_SECRET"\n',
            SECRET,
            "nothing would answer",
        ),
    ],
)
def test_what_could_not_work_is_said(tmp_path: Path, text: str, environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        loaded(tmp_path, text, environ)
