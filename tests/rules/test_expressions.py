from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.catalog import Term
from monitor.rules.engine import compile_rules
from monitor.rules.expressions import compile_expression
from monitor.rules.folding import fold
from monitor.rules.forms import TermError, check_term, forms_of
from tests.rules.builders import catalog, indicator


def found(title: str, summary: str, *terms: str | Term) -> list[str]:
    made = indicator("@x", terms={"x": {"en": list(terms)}})
    texts = {"title": title, "summary": summary}
    matches = compile_rules(catalog(made)).match(title, summary)
    return [texts[span.field][span.start : span.end] for match in matches for span in match.spans]


@pytest.mark.parametrize(
    ("pattern", "text", "words"),
    [
        (r"su \d\d", "Two Su-35 and a SU 57M; then su–34.", ["Su-35", "su–34"]),
        (r"SU \d\d", "Two Su-35", ["Su-35"]),
        (r"s|s 400", "The S-400 system", ["S-400"]),
        (r"ту \d+", "Полёт Ту-95 над морем, Ту-160", ["Ту-95", "Ту-160"]),
        (r"歼 ?\d+", "三架歼-16与歼20", ["歼-16", "歼20"]),
        (r"俄.{0,1}联演", "中俄举行联演", []),
        (r"俄.{0,2}联演", "中俄军队联演", ["俄军队联演"]),
        (r"man", "A human, a woman", []),
        (r" +man +", "A man", ["man"]),
        (r"alpha[^x]+beta", "alpha\nbeta", []),
    ],
)
def test_an_expression_finds_whole_words_of_the_folded_text(
    pattern: str, text: str, words: list[str]
) -> None:
    title, _, summary = text.partition("\n")
    assert found(title, summary, f"re:{pattern}") == words


def test_an_expression_and_terms_in_one_list() -> None:
    assert found("Su-35 and a bomber", "", "re:su \\d\\d", "bomber") == ["Su-35", "bomber"]


def test_an_expression_counts_only_outside_of_the_words_it_is_not_meant_in() -> None:
    term = Term(text=r"re:j \d\d", not_in=("J-10 Street",))
    assert found("A J-16 over J-10 Street", "", term) == ["J-16"]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(?=a)b", "look-around"),
        (r"(?<!a)b", "look-around"),
        (r"(a)\1", "references to groups"),
        (r"(a", "missing )"),
        (r"a{1,2000}", "repetition"),
        (r"a*", "empty text"),
        (r"a|", "empty text"),
        (r"\b", "empty text"),
        (r"$", "empty text"),
        ("a" * 201, "200 characters"),
    ],
)
def test_what_is_refused(pattern: str, reason: str) -> None:
    for refuse in (check_term, forms_of):
        with pytest.raises(TermError, match=reason.replace(")", r"\)")) as error:
            refuse(f"re:{pattern}")
        assert error.value.code == "R032"


def test_an_expression_may_have_what_a_term_may_not() -> None:
    check_term(r"re:c(?:айт|ентр) \d?")


@given(st.text(st.sampled_from("ab 1中俄é\n"), max_size=30))
def test_places_are_those_of_the_characters(text: str) -> None:
    folded = fold(text.replace("\n", " "))
    for start, end in compile_expression("[a中]1?|é").places(folded, folded.encode()):
        assert folded[start:end] in ("a", "中", "é", "a1", "中1")


def test_hostile_text_is_searched_no_more_than_a_bounded_number_of_times() -> None:
    folded = fold("x " * 100_000)
    assert len(list(compile_expression("x(.*y)?").places(folded, folded.encode()))) == 200
