from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.rules.query import Scope
from monitor.rules.text import Text
from tests.rules.test_folding import ALPHABET

characters = st.sampled_from(ALPHABET + ".!?。；") | st.characters(exclude_categories=["Cs"])
hard_text = st.text(characters, max_size=60)


@given(hard_text, hard_text)
@example("A.  's B! C", "。\u0301x。’s. Z")
def test_sentences_are_the_text_cut_between_words(title: str, summary: str) -> None:
    text = Text(title, summary)
    for part in text.paragraphs:
        inside = [w for w in text.sentences if part[0] <= w[0] and w[1] <= part[1]]
        assert [low for low, _ in inside[1:]] == [high for _, high in inside[:-1]]
        assert (inside[0][0], inside[-1][1]) == part
        for low, _ in inside[1:]:
            assert text.folded[low - 1] == " "
            assert text.folded[low] not in " \n"


@given(hard_text, hard_text)
def test_the_lead_is_the_first_sentence_below_the_title(title: str, summary: str) -> None:
    text = Text(title, summary)
    below = [window for window in text.sentences if window[0] >= text.paragraphs[0][1]]
    assert text.windows(Scope.LEAD) == below[:1]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Mr. Li met Gen. Ivanov. They spoke!", ["mr li met gen ivanov", "they spoke"]),
        ("Ушли в 5 г. Москвы. Потом пришли?! Да", ["ушли в 5 г москвы", "потом пришли", "да"]),
        ("舰队出发。到达！", ["舰队出发", "到达"]),
        ("", [""]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    read = Text(text)
    assert [read.folded[low:high].strip() for low, high in read.sentences] == sentences
