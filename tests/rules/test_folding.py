from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.folding import fold, fold_keeping_case, fold_with_offsets, offsets_of

# Letters of our languages, and the characters that make folding hard.
ALPHABET = (
    "aAéÉsS'’‘` .,-_\n\tыЫёЁйЙ\u0301\u0306\u0308\u00ad\u200b\ufeff\ufe0f«»“”—…1９½ﬁ"
    "中國俄聯乾亁，。、・々カﾞが🇷🇺🇨🇳İıßΣςſKΆ\u0345\u1100\u1161\u11a8กำ\u0915\u093cʼ\u0344𠀀\U0002f800"
)
hard_text = st.text(st.sampled_from(ALPHABET) | st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Russia's navy", " russia navy "),
        ("Russia’s NAVY", " russia navy "),
        ("RUSSIA'S", " russia "),
        ("U.S. vs US", " u s vs us "),
        ("don't", " don t "),
        ("Ёлка, учёные", " елка ученые "),
        ("Кита\u0301й", " китай "),
        ("воен\u00adный", " военный "),
        ("S-400交付中国", " s 400 交付中国 "),
        ("SWIFT系统", " swift 系统 "),
        ("中國、俄羅斯聯合軍演", " 中国 俄罗斯联合军演 "),
        ("Ｓ－４００", " s 400 "),
        ("弗拉基米尔・普京", " 弗拉基米尔 普京 "),
        ("#Russia_China", " russia china "),
        ("🇷🇺🇨🇳talks", " 🇷🇺🇨🇳 talks "),
        ("İstanbul", " istanbul "),
        ("", "  "),
        ("?!", "  "),
        ("…", "  "),
        ("№ 5, «Ёж»™", " no 5 еж tm "),
    ],
)
def test_examples(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(hard_text)
def test_fast_and_careful_folding_agree(text: str) -> None:
    assert fold_with_offsets(text).text == fold(text)


@given(hard_text)
def test_every_folded_word_comes_from_the_original_piece_it_points_to(text: str) -> None:
    traced = fold_with_offsets(text)
    at = 1
    for word in traced.text.split():
        start, end = traced.original(at, at + len(word))
        assert 0 <= start < end <= len(text)
        assert word in fold(text[start:end])
        at += len(word) + 1


@given(hard_text | st.text(st.sampled_from("aAéЫёЁйsS'’ .,-_\n\t«№™\u00ad9"), max_size=40))
def test_quick_offsets_are_the_careful_ones(text: str) -> None:
    quick, careful = offsets_of(text, fold(text)), fold_with_offsets(text)
    for place, character in enumerate(careful.text):
        if character != " ":
            assert quick.original(place, place + 1) == careful.original(place, place + 1)


@given(hard_text, st.data())
def test_original_pieces_keep_their_order(text: str, data: st.DataObject) -> None:
    traced = fold_with_offsets(text)
    places = [i for i, c in enumerate(traced.text) if c != " "]
    if len(places) < 2:
        return
    one, other = sorted(data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places))))
    assert traced.original(one, one + 1)[0] <= traced.original(other, other + 1)[0]


@given(hard_text)
def test_folding_folded_text_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(fold(once)) == fold(once)


@pytest.mark.parametrize(
    ("text", "word", "original"),
    [
        ("The Кремль’s «учёные»", "ученые", "учёные"),
        ("Кита\u0301й и РФ", "китай", "Кита\u0301й"),
        ("S-400交付中國。", "中国", "中國"),
        ("ﬁre in Ｂeijing", "beijing", "Ｂeijing"),
        ("zero\u200bwidth", "zerowidth", "zero\u200bwidth"),
    ],
)
def test_spans_lead_back_to_the_original(text: str, word: str, original: str) -> None:
    traced = fold_with_offsets(text)
    at = traced.text.index(word)
    start, end = traced.original(at, at + len(word))
    assert text[start:end] == original


def test_case_is_kept_on_request() -> None:
    assert fold_keeping_case("«Морское  взаимодействие—2025»") == "Морское взаимодействие 2025"
    assert fold_keeping_case("US") != fold_keeping_case("us")


def test_a_long_hostile_word_takes_no_long_time() -> None:
    text = "e\u0301" * 100_000 + "한" * 100_000
    assert fold_with_offsets(text).text == fold(text)
