from __future__ import annotations

import pytest

from monitor.rules.engine import compile_rules
from monitor.rules.explain import why
from monitor.rules.parsing import parse_query
from monitor.rules.query import written
from tests.rules.builders import ACTORS, catalog, indicator

LISTS = ACTORS | {"sport": {"en": ["football"]}}


@pytest.mark.parametrize(
    ("query", "title", "missing"),
    [
        ("@russia AND @china", "Russia and China", ""),
        ("@russia AND @china", "Russia alone", "@china"),
        ("(@russia NEAR/2 @china) AND @sport", "Russia, far far away from China", "@russia NEAR/2 @china"),
        ("(@russia OR @china) AND @sport", "Japan", "@russia OR @china"),
        ("@russia AND NOT @china", "Russia and China", "NOT @china"),
        ("(@russia AND @china) IN sentence", "Russia. China", "(@russia AND @china) IN sentence"),
        ("@russia", "Russian football", "except sport (football)"),
    ],
)
def test_the_part_that_decided(query: str, title: str, missing: str) -> None:
    rules = compile_rules(catalog(indicator(query, except_=["sport"]), lists=LISTS))
    explanation = why(rules, title)[0]
    assert (explanation.missing, explanation.matched) == (missing, not missing)
    assert explanation.matched == bool(rules.match(title))


def test_matches_come_first_then_the_nearest_misses() -> None:
    made = [
        indicator("@china AND @sport", id="a.far"),
        indicator("@russia AND @sport", id="b.near"),
        indicator("@russia", id="c.match"),
    ]
    found = why(compile_rules(catalog(*made, lists=LISTS)), "Russia")
    assert [e.indicator_id for e in found] == ["c.match", "b.near", "a.far"]
    assert found[1].lists == {"russia": ("russia",), "sport": ()}


@pytest.mark.parametrize(
    "query",
    [
        "@a",
        "@a AND (@b OR @c) AND NOT @d",
        "(@a THEN/3 @b) IN sentence",
        '((@a OR "b c") NEAR/8 @c) NEAR/2 @d',
        "ATLEAST/2 @a AND @b IN title",
        "(@a IN title) IN sentence",
    ],
)
def test_a_written_query_reads_as_the_same_tree(query: str) -> None:
    once = written(parse_query(query))
    assert written(parse_query(once)) == once
    assert [w for w in once if w.isalnum()] == [w for w in query if w.isalnum()]
