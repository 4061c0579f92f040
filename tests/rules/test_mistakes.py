from __future__ import annotations

from monitor.rules.engine import compile_rules
from monitor.rules.evaluation import Label
from monitor.rules.mistakes import mistakes
from tests.rules.builders import catalog, indicator

CATALOG = catalog(
    indicator('"drill" AND "fleet"', id="defense.drill", checklist=["D1"]),
    indicator('"deal"', id="economy.deal", checklist=["E1"]),
)
RULES = compile_rules(CATALOG)


def row(title: str, *checklist: str, summary: str = "") -> Label:
    return Label(id=title, language="en", title=title, summary=summary, checklist=checklist)


def told(*rows: Label) -> list[str]:
    predictions = {r.id: [m.indicator_id for m in RULES.match(r.title, r.summary)] for r in rows}
    return list(mistakes(rows, predictions, CATALOG, RULES))


def test_a_miss_names_the_missing_part_and_what_was_found() -> None:
    (block,) = told(row("a drill at sea", "D1"))
    assert block.startswith("MISSED a drill at sea en sure, labelled D1")
    assert 'silent: defense.drill: missing "fleet"' in block
    assert "found @drill drill" in block.replace('"', "")


def test_an_alarm_shows_the_marked_words_of_title_and_summary() -> None:
    (block,) = told(row("fleet news", summary="of a drill"))
    assert block.startswith("ALARM fleet news en sure, labelled no signal")
    assert "wrong: defense.drill (D1)" in block
    assert "[fleet] news" in block
    assert "of a [drill]" in block


def test_a_wrong_id_shows_both_sides() -> None:
    (block,) = told(row("a deal on a drill", "D1"))
    assert block.startswith("WRONG ID")
    assert "wrong: economy.deal (E1)" in block
    assert "silent: defense.drill" in block


def test_one_right_and_one_wrong_is_listed_last_and_right_rows_are_not() -> None:
    right = row("a fleet drill", "D1")
    both = row("a fleet drill deal", "E1")
    blocks = told(both, right, row("a deal"))
    assert [block.split()[0] for block in blocks] == ["ALARM", "MORE"]
    assert "right: economy.deal" in blocks[1]
    assert "wrong: defense.drill" in blocks[1]
