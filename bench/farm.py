"""What the measurements of polling share: a context with many feeds in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from monitor import app
from monitor.config import load_config
from monitor.services.context import Context

FETCH = {"allow": ["127.0.0.1"], "host_pause": "0s", "per_host": 64}


def context_in(
    folder: Path, urls: Sequence[str], *, database: str = "", catalog: Path | None = None, **fetch: object
) -> Context:
    """A new database with feeds f0 and on: SQLite and the shipped catalogue unless others are named."""
    keys = "".join(f"{name} = {json.dumps(value)}\n" for name, value in (FETCH | fetch).items())
    tables = "".join(
        f'[[feed]]\nid = "f{number}"\nurl = {json.dumps(url)}\nlanguage = "en"\n'
        for number, url in enumerate(urls)
    )
    text = (
        f"[storage]\nurl = {json.dumps(database or f'sqlite:///{folder}/entente.db')}\n[fetch]\n{keys}"
        f"[catalog]\nfolder = {json.dumps(str(catalog or app.bundled_catalog()))}\n{tables}"
    )
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return app.open_context(load_config(folder / "config.toml", {}))


def address(number: int, port: int, path: str = "/feed") -> str:
    """Feed `number` on a loopback host of its own, so that no feed waits for another one's host."""
    return f"http://127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}:{port}{path}"
