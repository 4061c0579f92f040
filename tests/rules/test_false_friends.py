"""Words that look like our subject and are not, on the lists that come with the program."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.app import bundled_catalog
from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules, compile_rules
from monitor.rules.loading import read_catalog
from tests.rules.builders import indicator

SWIFT = "economy.swift-alternative"


@pytest.fixture(scope="module")
def bundled() -> Catalog:
    return read_catalog(bundled_catalog())[0]


@pytest.fixture(scope="module")
def rules(bundled: Catalog) -> Rules:
    """A rule for each list in question, and the indicator that looks for SWIFT."""
    made = {name: indicator(f"@{name}", id=f"list.{name}") for name in ("russia", "china", "drill")}
    swift = bundled.indicators[SWIFT]
    return compile_rules(replace(bundled, indicators={**{i.id: i for i in made.values()}, SWIFT: swift}))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Учёные показали прибор", []),
        ("Совещание учёных закрыто", []),
        ("Учения закончились", ["list.drill"]),
        ("俄亥俄州下雪", []),
        ("白俄罗斯下雪", []),
        ("白俄羅斯下雪", []),
        ("埃塞俄比亚下雪", []),
        ("俄勒冈州下雪", []),
        ("俄罗斯下雪", ["list.russia"]),
        ("俄與白俄羅斯下雪", ["list.russia"]),
        ("A new joint opens beside the harbour", []),
        ("The band plays every joint from Moscow to Beijing", ["list.china", "list.russia"]),
        ("Snow in China", ["list.china"]),
        ("Taylor Swift sings for the President of Russia in China", ["list.china", "list.russia"]),
        ("Taylor Swift и её песни в России и Китае", ["list.china", "list.russia"]),
    ],
)
def test_what_a_text_speaks_of(rules: Rules, text: str, ids: list[str]) -> None:
    assert sorted(match.indicator_id for match in rules.match(text)) == ids
