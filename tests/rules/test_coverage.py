from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from monitor.rules.catalog import Example
from monitor.rules.coverage import Coverage, coverage_table, example_coverage
from monitor.rules.engine import compile_rules
from monitor.rules.examples import run_examples
from monitor.rules.junit import junit
from monitor.rules.loading import load_catalog
from tests.rules.builders import SOUND_INDICATOR, catalog, indicator, write_catalog


def test_terms_count_where_an_example_of_their_own_hits_them() -> None:
    one = indicator(
        "@a", id="defense.one", terms={"a": {"en": ["fleet", "never said"]}},
        examples=[Example(language="en", must_match=True, text="Two fleets sail by the harbour")],
    )  # fmt: skip
    two = indicator(
        "@a", id="defense.two", terms={"a": {"en": ["harbour"]}},
        examples=[Example(language="en", must_match=False, text="Nothing here")],
    )  # fmt: skip
    found = example_coverage(catalog(one, two, lists={"shared": {"en": ["harbour", "sail", "idle"]}}))
    row = {(c.indicator_id, c.language): c for c in found.indicators}
    assert row["defense.one", "en"] == Coverage(
        indicator_id="defense.one", language="en", positive=1, negative=0, terms=2, hit=1
    )
    assert row["defense.two", "en"].hit == 0
    assert [(idle.indicator_id, idle.term.text) for idle in found.idle] == [
        ("defense.one", "never said"),
        ("defense.two", "harbour"),
        ("", "idle"),
    ]
    assert found.idle[0].key == ("terms", "a", "en", 1)
    assert found.terms == 6


def test_drafts_prove_nothing() -> None:
    draft = indicator(
        '"x"', status="draft", examples=[Example(language="en", must_match=True, text="x idle")]
    )
    found = example_coverage(catalog(draft, lists={"shared": {"en": ["idle"]}}))
    assert (found.indicators, len(found.idle)) == ((), 1)


def test_table() -> None:
    rows = [
        Coverage(indicator_id="defense.one", language=language, positive=2, negative=1, terms=10, hit=7)
        for language in ("en", "ru", "zh")
    ]
    head, row = coverage_table(rows).split("\n")
    assert head.split() == ["en", "+", "-", "terms", "ru", "+", "-", "terms", "zh", "+", "-", "terms"]
    assert row.split() == ["defense.one", *["2", "1", "7/10"] * 3]
    assert len(head) == len(row)


def test_junit_is_xml_whatever_the_examples_hold(tmp_path: Path) -> None:
    text = SOUND_INDICATOR.replace("Russia and China begin", 'Japan & <Korea> \\u0000 \\"begin\\"')
    made = load_catalog(write_catalog(tmp_path, defense__naval_drill=text))
    tree = ElementTree.fromstring(junit(run_examples(made, compile_rules(made))))
    assert (tree.get("tests"), tree.get("failures")) == ("4", "1")
    (suite,) = tree
    failed = [case for case in suite if len(case)]
    assert len(suite) == 4
    assert [case.get("classname") for case in failed] == ["defense.naval-drill"]
    assert "missing: @russia" in (failed[0][0].text or "")
    assert 'Japan & <Korea> \ufffd "begin"' in (failed[0].get("name") or "")
