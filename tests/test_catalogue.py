"""The catalogue that is shipped: sound, broad, and proven by its own examples."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from functools import cache

import pytest

from monitor.app import bundled_catalog, load_rules
from monitor.rules.catalog import LANGUAGES, Catalog
from monitor.rules.examples import ExampleResult, failure_text, run_examples
from monitor.rules.labels import load_measures
from monitor.rules.linting import check_folder
from monitor.rules.loading import read_catalog
from monitor.rules.page import catalogue_page

FOLDER = bundled_catalog()
DOMAINS = ("defense", "democracy", "technology", "economy", "global_influence")
INDICATORS = sorted(
    f"{path.parent.name}.{path.stem}"
    for path in FOLDER.glob("*/*.toml")
    if not path.name.startswith("_") and path.parent.name != "_lists"
    # A composite is made of indicators that are proven.
    if "\n[compose]\n" not in path.read_text(encoding="utf-8")
)


@cache
def results() -> dict[str, list[ExampleResult]]:
    """Every example of every indicator, run once through the engine."""
    by_indicator: dict[str, list[ExampleResult]] = {}
    for result in run_examples(*load_rules(FOLDER)):
        by_indicator.setdefault(result.indicator_id, []).append(result)
    return by_indicator


@cache
def catalog() -> Catalog:
    return read_catalog(FOLDER)[0]


def test_the_catalogue_has_no_problem() -> None:
    assert [str(problem) for problem in read_catalog(FOLDER)[1]] == []


def test_every_change_of_meaning_has_raised_its_version() -> None:
    report = check_folder(FOLDER, date(2026, 11, 25))
    assert [str(problem) for problem in report.problems] == []


@pytest.mark.parametrize("indicator", INDICATORS)
def test_every_example_of_an_indicator_holds(indicator: str) -> None:
    if not catalog().indicators[indicator].is_matched:
        pytest.skip("a draft, or retired")
    failed = [failure_text(result) for result in results()[indicator] if not result.passed]
    assert failed == []


@pytest.mark.parametrize("indicator", INDICATORS)
def test_an_indicator_is_proven_in_every_language(indicator: str) -> None:
    found = catalog().indicators[indicator]
    proofs = Counter((example.language, example.must_match) for example in found.examples)
    for language in LANGUAGES:
        assert proofs[language, True] >= 2
        assert proofs[language, False] >= 2


def test_all_five_domains_are_covered() -> None:
    counts = Counter(indicator.domain for indicator in catalog().indicators.values())
    assert set(counts) == set(DOMAINS)
    assert sum(counts.values()) >= 40
    assert min(counts.values()) >= 8


def test_directions_are_apart() -> None:
    directions = Counter(str(indicator.direction) for indicator in catalog().indicators.values())
    assert set(directions) == {"deepening", "friction", "countermeasure"}


def checklist() -> dict[str, dict[str, str]]:
    with (FOLDER / "checklist.csv").open(encoding="utf-8", newline="") as lines:
        return {row["id"]: row for row in csv.DictReader(lines)}


def test_every_row_of_the_checklist_is_covered_and_no_other_is_named() -> None:
    named = {row for indicator in catalog().indicators.values() for row in indicator.checklist}
    assert named == set(checklist())
    assert len(named) == 216


def test_an_indicator_stands_in_the_domain_of_its_rows() -> None:
    rows = checklist()
    for indicator in catalog().indicators.values():
        assert {rows[row]["domain"] for row in indicator.checklist} == {indicator.domain}


def test_either_actor_suffices_only_where_the_checklist_says_so() -> None:
    rows = checklist()
    for indicator in catalog().indicators.values():
        needs_both = all("russia+china" in rows[row]["actors_required"] for row in indicator.checklist)
        assert (indicator.id, indicator.actors) == (indicator.id, "both" if needs_both else "either")


def test_the_page_is_that_of_this_catalogue() -> None:
    root = FOLDER.parent
    measured = load_measures(root / "bench" / "results" / "catalogue.json")
    page = (root / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert page == catalogue_page(catalog(), measured), "make page"
