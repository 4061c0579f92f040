"""A small catalog and configuration on a real database, for the tests of the services."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.config import load_config
from monitor.core.health import PollLimits
from monitor.core.model import FeedState, Fetched
from monitor.rules.engine import compile_rules
from monitor.rules.loading import load_catalog
from monitor.services.context import Context
from monitor.storage import feeds
from monitor.storage.engine import writing
from tests.core.builders import NOON

LISTS = """
[both]
title = "Both states"
en = ["Russia and China"]
ru = ["Россия и Китай"]
zh = ["中俄"]
"""
INDICATOR = """
id = "{domain}.{name}"
title = "{title}"
version = 3
status = "active"
direction = "{direction}"
weight = 6
why = "for the tests"
half_life = "21d"
requirement = "Does it work?"
checklist = ["DEF-08"]
[terms.topic]
en = {en}
ru = {ru}
zh = {zh}
[match]
query = "@both AND @topic"
"""
EXAMPLES = """
[[example]]
lang = "{lang}"
expect = "{expect}"
text = "{text}"
why = "for the tests"
"""
TEXTS = {"en": "Russia and China {}", "ru": "Россия и Китай {}", "zh": "中俄{}"}

CONFIG = """
[[recipient]]
id = "watch"
address = "watch@example.org"
timezone = "UTC"
cadence = "daily 06:00"

[[feed]]
id = "wire"
title = "Sample Wire"
url = "https://wire.example.org/feed"
language = "en"
reliability = "B"
every = "6h"

[[feed]]
id = "ribao"
title = "Sample Ribao"
url = "https://ribao.example.org/feed"
language = "zh"
reliability = "C"
party = "china"
every = "6h"
"""


def write_catalog(folder: Path) -> Path:
    """Two indicators: a patrol (defense, deepening) and a quarrel (economy, friction)."""
    (folder / "_lists").mkdir(parents=True)
    (folder / "_lists" / "lists.toml").write_text(LISTS, encoding="utf-8")
    write_indicator(folder, "defense", "patrol", "deepening", {"en": "patrol", "ru": "патруль", "zh": "巡航"})
    write_indicator(folder, "economy", "quarrel", "friction", {"en": "quarrel", "ru": "ссора", "zh": "争吵"})
    for order, domain in enumerate(("defense", "democracy", "technology", "economy", "global_influence")):
        (folder / domain).mkdir(exist_ok=True)
        text = f'id = "{domain}"\ntitle = "{domain}"\norder = {order}\n'
        (folder / domain / "_domain.toml").write_text(text, encoding="utf-8")
    return folder


def write_indicator(folder: Path, domain: str, name: str, direction: str, words: dict[str, str]) -> None:
    lists = {language: f'["{word}"]' for language, word in words.items()}
    text = INDICATOR.format(domain=domain, name=name, title=name.title(), direction=direction, **lists)
    for language, word in words.items():
        text += EXAMPLES.format(lang=language, expect="match", text=TEXTS[language].format(word))
        text += EXAMPLES.format(lang=language, expect="no-match", text=word)
    (folder / domain).mkdir(exist_ok=True)
    (folder / domain / f"{name}.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def context(engine: Engine, tmp_path: Path) -> Context:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    config = load_config(tmp_path / "config.toml", {})
    catalog = load_catalog(write_catalog(tmp_path / "indicators"))
    with writing(engine) as connection:
        feeds.sync_feeds(connection, config.feeds, at=NOON)
    return Context(
        config=config,
        catalog=catalog,
        rules=compile_rules(catalog),
        engine=engine,
        method=config.methodology,
        poll_limits=PollLimits(shortest=timedelta(minutes=5), longest=timedelta(hours=24)),
    )


def holding(fetched: Fetched | Exception):  # type: ignore[no-untyped-def]
    """A source whose every feed holds the same, or fails in the same way."""

    async def source(state: FeedState) -> Fetched:
        if isinstance(fetched, Exception):
            raise fetched
        return fetched

    return source
