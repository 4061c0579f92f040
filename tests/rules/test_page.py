"""The page for analysts: what it shows can be written so."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from monitor.rules.codes import ALLOWABLE, WARNINGS
from monitor.rules.forms import check_term
from monitor.rules.linting import check_folder
from monitor.rules.parsing import parse_query
from tests.rules.builders import SOUND_LISTS, VISITS, write_catalog

PAGE = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text(encoding="utf-8")
INDICATOR, LIST, COMPOSITE, ALLOW = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_its_files_make_a_catalog_without_a_problem(tmp_path: Path) -> None:
    china = SOUND_LISTS[SOUND_LISTS.index("[china]") :]
    folder = write_catalog(
        tmp_path,
        _lists__actors=f"{LIST}{china}[pair]\nzh = ['中俄']\n",
        **{"defense__joint-naval-exercise": INDICATOR, "defense__drill-and-visit": COMPOSITE},
        **{f"defense__{name}": VISITS.format(name=name) for name in ("visit", "talks")},
    )
    assert check_folder(folder, date(2026, 11, 24)).problems == ()


def test_its_allow_silences(tmp_path: Path) -> None:
    one = 'zh = ["俄"]\n'
    folder = write_catalog(tmp_path, _lists__one=f"[one]\n{one}{ALLOW}")
    assert check_folder(folder, date(2026, 11, 24)).problems == ()


QUERIES = PAGE.split("## Query")[1].split("## Composites")[0]


@pytest.mark.parametrize("row", re.findall(r"^\| `([^|]*)` \| ", QUERIES, re.MULTILINE))
def test_its_queries_are_read(row: str) -> None:
    for query in row.split("`, `"):
        parse_query(re.sub(r"\b([AB])\b", r"@\1", query))


@pytest.mark.parametrize("term", ["naval drill", "военное учение", "=Joint Sea", "=«Восток»", r"re:su \d+"])
def test_its_terms_are_accepted(term: str) -> None:
    assert f'"{term}"'.replace("\\", "\\\\") in PAGE
    check_term(term)


def test_it_names_the_warnings_and_the_judgements() -> None:
    warnings, judgements = (
        set(re.findall(r"R0\d\d", line))
        for line in (
            next(line for line in PAGE.splitlines() if line.endswith("are warnings.")),
            next(line for line in PAGE.splitlines() if "are judgements." in line),
        )
    )
    assert (warnings, judgements) == (set(WARNINGS), set(ALLOWABLE))
