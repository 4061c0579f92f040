from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.core.model import Modality
from monitor.rules.engine import compile_rules
from monitor.rules.text import Text
from monitor.rules.years import past_years
from tests.rules.builders import ACTORS, catalog, indicator

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("The treaty was signed in 1996.", ["1996"]),
        ("Договор подписан в 2008 году, в 1996-м и в 2001 г.", ["2008", "1996", "2001"]),
        ("2001年签署条约", ["2001"]),
        ("In 2024, in 2025, in 2026, in 2030", []),
        ("In 2024 they met", ["2024"]),
        ("Trade grew from 50 in 2015 to 240 in 2025", []),
        ("A pact of 2015. Signed in 2010. A new one in 2026.", ["2010"]),
        ("Since 2014; room 1996; some 2001 men", []),
        ("с 2014 года; после 2015 года", []),
        ("自2001年以来，2014年起", []),
        ("in 3000 and in 1200", []),
    ],
)
def test_dates_long_past(text: str, years: list[str]) -> None:
    read = Text(text)
    assert [read.folded[start:end] for start, end in past_years(read, AT)] == years


@pytest.mark.parametrize(
    ("title", "modality"),
    [
        ("In 2014 Moscow and Beijing signed a contract", Modality.RETROSPECTIVE),
        ("В 2014 году Россия и Китай подписали контракт", Modality.RETROSPECTIVE),
        ("2014年俄罗斯海军和中国", Modality.RETROSPECTIVE),
        ("In 2026 Moscow and Beijing signed a contract", Modality.OCCURRED),
        ("Moscow and Beijing signed. In 2014 it rained", Modality.OCCURRED),
        (f"In 2014 it rained {'so ' * 12}before Moscow and Beijing signed", Modality.OCCURRED),
        ("Moscow denied a pact with Beijing in 2014", Modality.DENIED),
    ],
)
def test_a_year_long_past_beside_the_match_makes_it_retrospective(title: str, modality: Modality) -> None:
    lists = ACTORS | {"denied": {"en": ["deny"]}}
    rules = compile_rules(catalog(indicator("@russia AND @china"), lists=lists))
    assert rules.match(title, at=AT)[0].modality is modality
    if modality is Modality.RETROSPECTIVE:
        assert rules.match(title)[0].modality is Modality.OCCURRED


def test_a_year_that_is_part_of_the_match_is_its_name() -> None:
    made = indicator("@x", terms={"x": {"en": ["exercise in 2021"]}})
    match = compile_rules(catalog(made)).match("The exercise in 2021", at=AT)[0]
    assert match.modality is Modality.OCCURRED
