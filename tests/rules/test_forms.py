from __future__ import annotations

import pytest

from monitor.rules.folding import fold
from monitor.rules.forms import TermError, forms_of


def forms(term: str) -> set[str]:
    return {pattern.strip() for pattern in forms_of(term).patterns}


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("drill", {"drill", "drills", "drilled", "drilling"}),
        ("supply", {"supply", "supplies", "supplied", "supplying"}),
        ("veto", {"vetoes", "vetoed", "vetoing"}),
        ("ban", {"bans", "banned", "banning"}),
        ("hold talks", {"hold talks", "holds talks", "held talks", "holding talks"}),
        ("take down", {"take down", "took down", "taken down", "taking down"}),
        ("memorandum", {"memoranda", "memorandums"}),
        ("defence programme", {"defense program", "defence programmes", "defense programs"}),
        ("modernise", {"modernizing", "modernised"}),
        ("cancel", {"canceled", "cancelled"}),
        ("joint air patrol", {"joint air patrols"}),
        ("go-ahead", {"go ahead", "go aheads"}),
    ],
)
def test_english_forms(term: str, expected: set[str]) -> None:
    assert expected <= forms(term)


@pytest.mark.parametrize("term", ["Russia", "S-400", "U.S.", "Joint Sea", "talks", '"found"', "=Peace"])
def test_names_quotes_and_plurals_keep_their_only_form(term: str) -> None:
    assert len(forms(term)) == 1


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("учение", {"учения", "учений", "учениями"}),
        ("военно-морское учение", {"военно морских учений", "военно морскими учениями"}),
        ("министерство обороны", {"министерства обороны", "министерством обороны"}),
        ("подписать", {"подписал", "подпишет", "подписали", "подписан"}),
        ("провести учения", {"провели учения", "проведет учения"}),
        ("Владимир Путин", {"владимира путина", "владимиром путиным"}),
        ("Си Цзиньпин", {"си цзиньпина", "си цзиньпину"}),
        ("российско-китайский", {"российско китайских", "российско китайской"}),
        ("российский и китайский", {"российских и китайских", "российские и китайские"}),
        ("научный и технический центр", {"научного и технического центра"}),
        ("соглашение о сотрудничестве", {"соглашения о сотрудничестве"}),
        ("ракета-носитель", {"ракеты носителя", "ракетой носителем"}),
        ("президент", {"президента", "президенту"}),
        ("китайский учёный", {"китайские ученые", "китайских ученых"}),
        ("в Китае", {"в китае"}),
    ],
)
def test_russian_forms(term: str, expected: set[str]) -> None:
    assert expected <= forms(term)


def test_exercises_are_not_scientists() -> None:
    assert forms("учение").isdisjoint(forms("учёный"))


def test_agreement_makes_no_mixed_forms() -> None:
    assert "военно морские учений" not in forms("военно-морское учение")
    assert "министерства оборон" not in forms("министерство обороны")


@pytest.mark.parametrize("term", ["НОАК", "СПГ", "ЧВК"])
def test_unknown_acronyms_are_kept(term: str) -> None:
    assert forms(term) == {term.lower()}


def test_boundaries() -> None:
    assert forms_of("俄軍").patterns == ("俄军",)
    assert forms_of("S-400系统").patterns == (" s 400系统",) or forms_of("S-400系统").patterns == (
        " s 400 系统",
    )
    assert forms_of("Su-35").patterns == (" su 35 ",)


@pytest.mark.parametrize(
    ("term", "code"), [("dril*", "R030"), ("…", "R016"), ("Cу-35", "R015"), ("=", "R016")]
)
def test_terms_that_cannot_be_used(term: str, code: str) -> None:
    with pytest.raises(TermError) as caught:
        forms_of(term)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("term", "forms"),
    [
        ("Россия и Китай", ["России и Китая", "Россией и Китаем", "России и Китаю"]),
        ("РФ и Китай", ["РФ и Китая", "РФ и Китаем"]),
        ("Москва и Пекин", ["Москвы и Пекина", "Москвой и Пекином"]),
        ("Российская Федерация и Китайская Народная Республика",
         ["Российской Федерации и Китайской Народной Республики"]),
    ],
)  # fmt: skip
def test_russian_nouns_joined_by_and_stand_in_one_case(term: str, forms: list[str]) -> None:
    assert {fold(form) for form in forms} <= set(forms_of(term).patterns)


def test_no_case_is_mixed_with_another() -> None:
    assert fold("России и Китай") not in forms_of("Россия и Китай").patterns
    assert fold("нефтью и газа") not in forms_of("нефть и газ").patterns


def test_a_noun_in_ing_has_a_plural() -> None:
    assert {" meetings ", " meeting "} == set(forms_of("meeting").patterns)
