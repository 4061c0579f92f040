from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.rules.evaluation import Label, evaluate, table
from monitor.rules.labels import load_labels, load_measures
from tests.rules.builders import catalog, indicator

CATALOG = catalog(
    indicator('"a"', id="defense.a", checklist=["D1", "D2"]),
    indicator('"b"', id="defense.b", checklist=["D3"]),
    indicator('"c"', id="economy.c", checklist=["E1"]),
)


def label(
    id: str, checklist: list[str], domains: list[str], language: str = "en", sure: bool = True
) -> Label:
    return Label(
        id=id,
        language=language,
        title="x",
        checklist=tuple(checklist),
        domains=tuple(domains),
        is_sure=sure,
    )


ROWS = [
    label("hit", ["D2", "D3"], ["defense"]),
    label("wrong id", ["E1"], ["economy"]),
    label("missed", ["D1"], ["defense"], language="ru"),
    label("alarm", [], [], language="ru", sure=False),
    label("quiet", [], []),
]
PREDICTIONS = {
    "hit": ["defense.a", "economy.c"],
    "wrong id": ["defense.b"],
    "alarm": ["economy.c"],
    "quiet": [],
}


def test_counts_over_all_rows() -> None:
    part = evaluate(ROWS, PREDICTIONS, CATALOG).all_rows["all"]
    assert (part.rows, part.signal.predicted, part.signal.right, part.signal.labelled) == (5, 3, 2, 3)
    assert (part.domain.predicted, part.domain.right, part.domain.labelled) == (4, 1, 3)
    assert (part.checklist.predicted, part.checklist.right) == (4, 1)
    assert (part.checklist.labelled, part.checklist.found) == (3, 1)
    assert part.domains["economy"].precision == 0.0
    assert part.domains["defense"].recall == pytest.approx(1 / 2)


def test_ratios() -> None:
    signal = evaluate(ROWS, PREDICTIONS, CATALOG).all_rows["all"].signal
    assert signal.precision == pytest.approx(2 / 3)
    assert signal.recall == pytest.approx(2 / 3)
    assert signal.f1 == pytest.approx(2 / 3)


def test_parts_by_language_and_certainty() -> None:
    result = evaluate(ROWS, PREDICTIONS, CATALOG)
    assert result.all_rows["ru"].signal.precision == 0.0
    assert result.sure_rows["ru"].signal.predicted == 0
    assert result.sure_rows["all"].signal.precision == 1.0
    assert (result.missed, result.false_alarms) == (("missed",), ("alarm",))


def test_two_indicators_right_on_one_row_find_it_once() -> None:
    part = evaluate(ROWS[:1], {"hit": ["defense.a", "defense.b"]}, CATALOG).all_rows["all"]
    assert (part.checklist.right, part.checklist.found) == (2, 1)
    assert part.checklist.recall == 1.0


def test_nothing_to_count_is_zero_not_an_error() -> None:
    part = evaluate([], {}, CATALOG).all_rows["all"]
    assert (part.rows, part.signal.precision, part.signal.recall, part.signal.f1) == (0, 0.0, 0.0, 0.0)


def test_table_and_json_say_the_same() -> None:
    result = evaluate(ROWS, PREDICTIONS, CATALOG)
    assert "all rows, all                  5  0.67/0.67/0.67" in table(result)
    plain = json.loads(json.dumps(result.to_dict()))
    assert plain["all_rows"]["all"]["signal"]["f1"] == pytest.approx(2 / 3)
    assert plain["missed"] == ["missed"]


def test_labels_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    row = {
        "id": "1",
        "lang": "zh",
        "title": "题",
        "indicators": ["D1"],
        "domains": ["defense"],
        "certainty": "borderline",
    }
    path.write_text(json.dumps(row) + "\n\n", encoding="utf-8")
    assert load_labels(path) == [
        Label(id="1", language="zh", title="题", checklist=("D1",), domains=("defense",), is_sure=False)
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [("{", "not JSON"), ("[]", "an object"), ('{"id": 1}', "missing lang, title"),
     ('{"id": 1, "lang": "en", "title": "", "indicators": "D1", "domains": []}', "indicators: expected")],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text("\n" + line, encoding="utf-8")
    with pytest.raises(InputError, match=f"labels.jsonl:2: .*{said}"):
        load_labels(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        load_labels(tmp_path / "nowhere")


def test_indicators_that_either_actor_satisfies_are_graded_apart() -> None:
    mixed = catalog(
        indicator('"a"', id="defense.a", checklist=["D1"]),
        indicator('"b"', id="defense.b", checklist=["D2"], actors="either"),
    )
    rows = [label("1", ["D1", "D2"], ["defense"]), label("2", ["D2"], ["defense"]), label("3", [], [])]
    found = evaluate(rows, {"1": ["defense.a"], "2": ["defense.b"], "3": ["defense.b"]}, mixed)
    both, either = (found.sure_rows["all"].actors[actors] for actors in ("both", "either"))
    assert (both.predicted, both.right, both.labelled, both.found) == (1, 1, 1, 1)
    assert (either.predicted, either.right, either.labelled, either.found) == (2, 1, 2, 1)
    assert "actors: either" in table(found)


def test_each_indicator_is_measured_by_itself() -> None:
    found = evaluate(ROWS, PREDICTIONS, CATALOG).indicators
    assert (found["defense.b"].predicted, found["defense.b"].right) == (1, 0)
    assert (found["defense.b"].labelled, found["defense.b"].found) == (1, 0)
    assert (found["defense.a"].labelled, found["defense.a"].found) == (2, 1)


def test_measures_are_read_back_from_what_eval_writes(tmp_path: Path) -> None:
    result = evaluate(ROWS, PREDICTIONS, CATALOG)
    file = tmp_path / "measured.json"
    file.write_text(json.dumps(result.to_dict()), encoding="utf-8")
    assert load_measures(file) == result.indicators
    file.write_text('{"indicators": {"defense.a": {"predicted": "x"}}}', encoding="utf-8")
    with pytest.raises(InputError, match="not what `monitor rules eval --json` writes"):
        load_measures(file)
