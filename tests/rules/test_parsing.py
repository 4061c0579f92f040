from __future__ import annotations

import pytest

from monitor.rules.parsing import DEEPEST, QueryError, parse_query
from monitor.rules.query import And, AtLeast, Leaf, Near, Or, Scope, Within


def test_tree() -> None:
    near = Near(Or((Leaf("a", 2), Leaf("b", 8))), Leaf('"x y"', 19), 8, False)
    assert parse_query('((@a OR @b) NEAR/8 "x y") AND NOT @c') == And((near,), (Leaf("c", 34),))


def test_in_binds_tightest() -> None:
    assert parse_query("@a AND @b IN title") == And((Leaf("a", 0), Within(Leaf("b", 7), Scope.TITLE)))
    assert parse_query("ATLEAST/2 @a") == AtLeast(2, Leaf("a", 10))
    assert parse_query("@a THEN/3 @b") == Near(Leaf("a", 0), Leaf("b", 10), 3, True)


@pytest.mark.parametrize(
    ("query", "code", "column"),
    [
        ("", "R010", 0),
        ("@a @b", "R010", 3),
        ("@a and @b", "R010", 3),
        ("@a AND", "R010", 6),
        ("(@a", "R010", 3),
        ("@a)", "R010", 2),
        ("()", "R010", 1),
        ("word", "R010", 0),
        ('@a AND "open', "R010", 7),
        ('@a AND ""', "R010", 7),
        ("@a IN headline", "R010", 6),
        ("@a IN title IN body", "R010", 12),
        ("ATLEAST/2 (@a)", "R010", 10),
        ("@a NEAR/0 @b", "R010", 3),
        ("@a NEAR/99999999999999999999 @b", "R010", 3),
        ("@a NEAR @b", "R010", 3),
        ("@a AND @b OR @c", "R011", 10),
        ("@a AND @b NEAR/5 @c", "R011", 10),
        ("@a NEAR/5 @b AND @c", "R011", 13),
        ("@a NEAR/5 @b NEAR/5 @c", "R011", 13),
        ("NOT @a", "R012", 0),
        ("@a OR NOT @b", "R012", 6),
        ("@a NEAR/5 NOT @b", "R012", 10),
        ("@a AND NOT NOT @b", "R012", 11),
        ("NOT @a AND NOT @b", "R012", 0),
        ("@a AND (NOT @b)", "R012", 8),
        ("@a NEAR/5 (@b AND @c)", "R013", 3),
        ("@a NEAR/61 @b", "R031", 3),
        ("(" * 60 + "@a" + ")" * 60, "R017", DEEPEST + 1),
        ("(" * 100_000, "R017", DEEPEST + 1),
        ("NOT " * 100_000, "R012", 4),
    ],
)
def test_refusals_name_the_column(query: str, code: str, column: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    assert (caught.value.code, caught.value.column) == (code, column)


def test_not_may_come_first_beside_a_positive_term() -> None:
    assert parse_query("NOT @a AND @b") == And((Leaf("b", 11),), (Leaf("a", 4),))
