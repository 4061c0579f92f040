"""What verdicts suggest of a rule."""

from __future__ import annotations

import pytest

from monitor.core.review import Verdict, suggestion


@pytest.mark.parametrize(
    ("true", "routine", "false", "begins"),
    [
        (0, 0, 4, ""),
        (4, 0, 1, ""),
        (3, 0, 2, "narrow the rule"),
        (0, 3, 2, "narrow the rule"),
        (2, 3, 0, "lower its weight"),
        (3, 3, 0, ""),
        (0, 0, 0, ""),
    ],
)
def test_five_verdicts_or_more_suggest_something_where_the_rule_is_often_wrong(
    true: int, routine: int, false: int, begins: str
) -> None:
    said = suggestion({Verdict.TRUE: true, Verdict.ROUTINE: routine, Verdict.FALSE: false})
    assert said.startswith(begins)
    assert bool(said) is bool(begins)
