from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.language import guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The two fleets sailed to the strait", "en"),
        ("Fleets of both countries", "en"),
        ("Флоты двух стран вышли в пролив", "ru"),
        ("Объявлены учения", "ru"),
        ("两国舰队驶入海峡", "zh"),
        ("兩國艦隊駛入海峽", "zh"),
        ("C919客机交付东航 Boeing", "zh"),
        ("SWIFT系统", "zh"),
        ("Путин: Huawei и ZTE", "ru"),
        ("Флоти двох країн вийшли в море", "uk"),
        ("Україна та її союзники", "uk"),
        ("Дзве краіны і іх флоты", "be"),
        ("Беларусь у паветранай прасторы ўжо", "be"),
        ("Двете държави са в пролива", "bg"),
        ("Њихове земље", "sr"),
        ("Қазақстан және Қытай", "kk"),
        ("両国の艦隊が海峡に入った", "ja"),
        ("양국 함대가 해협에 진입했다", "ko"),
        ("Die Flotten sind nicht in der Straße", "de"),
        ("Les flottes des deux pays sont dans le détroit", "fr"),
        ("Las flotas del sur y los barcos", "es"),
        ("Xi Putin summit", "und"),
        ("الأسطولان في المضيق", "und"),
        ("", "und"),
        ("2026 — 100 %", "und"),
    ],
)
def test_guesses(text: str, language: str) -> None:
    assert guess_language(text) == language


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text: str) -> None:
    assert guess_language(text) in {
        *("en", "ru", "zh", "uk", "be", "bg", "sr", "mk", "kk", "mn", "ja", "ko"),
        *("de", "fr", "es", "it", "pt", "pl", "tr", "und"),
    }


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert guess_language("Флоты двух стран " * 300 + "the fleet of the sea " * 10_000) == "ru"
