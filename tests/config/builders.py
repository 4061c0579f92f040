"""Short ways to a loaded configuration, or to the problems of one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from monitor.config import Config, load_config
from monitor.errors import ConfigError

RECIPIENT = '[[recipient]]\nid = "watch"\naddress = "watch@example.org"\n'


def load(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Config:
    """What a file of this text is loaded as."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, environ or {})


def problems(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with a file of this text, without its folder."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, environ)
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]
