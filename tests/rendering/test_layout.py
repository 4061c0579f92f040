from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rendering.layout import WIDTH, clip, flat, pad, width, wrap


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("中俄", 4), ("кит", 3), ("e\u0301", 1), ("，", 2)]
)
def test_width_in_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text(), st.integers(min_value=1, max_value=30))
def test_padding_fills_just_the_column(text: str, columns: int) -> None:
    assert width(pad(text, columns)) == columns


@given(st.text(), st.integers(min_value=1, max_value=30))
def test_clipping_never_exceeds_the_column(text: str, columns: int) -> None:
    assert width(clip(text, columns)) <= columns


def test_clipping_shows_that_it_clipped() -> None:
    assert clip("совместное", 5) == "совм…"
    assert clip("совместное", 10) == "совместное"


@given(st.text(), st.sampled_from(["", "    "]))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text: str, indent: str) -> None:
    lines = wrap(text, indent)
    assert all(width(line) <= WIDTH for line in lines)
    assert "".join("".join(lines).split()) == "".join(flat(text).split())


def test_a_long_chinese_sentence_breaks_between_characters() -> None:
    lines = wrap("中俄" * 40)
    assert [width(line) for line in lines] == [78, 78, 4]


def test_no_line_begins_with_a_closing_mark() -> None:
    lines = wrap("合" * 39 + "，" + "作" * 10 + "。")
    assert [line[0] for line in lines] == ["合", "合"]


def test_a_word_longer_than_a_line_is_cut() -> None:
    assert wrap("x" * 200, "  ") == ["  " + "x" * 76, "  " + "x" * 76, "  " + "x" * 48]


@pytest.mark.parametrize(
    "hostile",
    ["a\x1b[2Jb", "a\r\nb", "a\x00b", "a\u2028b", "a\u202eb", "a\u2066b", "a\x9b31mb", "a\ud800b", "a\x7fb"],
)
def test_nothing_that_a_terminal_obeys_is_left(hostile: str) -> None:
    found = flat(hostile)
    assert found.isprintable()
    assert found[0] == "a"
    assert found[-1] == "b"


def test_joiners_inside_a_word_stay() -> None:
    assert flat("ab\u200dcd") == "ab\u200dcd"


@given(st.text(alphabet="中俄B2 ，。）（“”", max_size=200))
def test_chinese_lines_fit_and_lose_nothing_but_blanks(text: str) -> None:
    lines = wrap(f"中{text}中", columns=20, closed=True)
    assert all(width(line) <= 20 for line in lines)
    assert "".join("".join(lines).split()) == "".join(f"中{text}中".split())


def test_brackets_stay_with_what_they_hold() -> None:
    assert wrap("新增事件（B2）", columns=12, closed=True) == ["新增事件", "（B2）"]
    assert wrap("新增事件（B2）", columns=12) == ["新增事件（B2", "）"]
