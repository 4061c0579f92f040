from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Span
from monitor.rendering.marks import Run, runs, starred

places = st.integers(min_value=0, max_value=40)
any_spans = st.lists(st.builds(Span, st.sampled_from(["title", "summary"]), places, places), max_size=8)


def marked(text: str, *spans: Span) -> list[str]:
    return [run.text for run in runs(text, spans, "title") if run.marked]


@given(st.text(max_size=30), any_spans)
def test_the_runs_joined_give_the_text_again(text: str, spans: list[Span]) -> None:
    found = runs(text, spans, "title")
    assert "".join(run.text for run in found) == text
    assert all(run.text for run in found)


@given(st.text(max_size=30), any_spans)
def test_a_character_is_marked_when_a_span_covers_it_or_it_is_a_blank_between(
    text: str, spans: list[Span]
) -> None:
    flags = [run.marked for run in runs(text, spans, "title") for _ in run.text]
    covered = [
        any(span.field == "title" and span.start <= position < span.end for span in spans)
        for position in range(len(text))
    ]
    assert all(text[at].isspace() for at in range(len(text)) if flags[at] and not covered[at])
    assert all(flags[at] for at in range(len(text)) if covered[at])


@given(st.text(max_size=30), any_spans)
def test_marked_and_other_runs_take_turns(text: str, spans: list[Span]) -> None:
    flags = [run.marked for run in runs(text, spans, "title")]
    assert all(one != other for one, other in pairwise(flags))


def test_neighbouring_words_are_one_mark() -> None:
    assert marked("a naval exercise at sea", Span("title", 2, 7), Span("title", 8, 16)) == ["naval exercise"]
    assert marked("中俄海军", Span("title", 0, 2), Span("title", 2, 4)) == ["中俄海军"]
    assert marked("naval, exercise", Span("title", 0, 5), Span("title", 7, 15)) == ["naval", "exercise"]


def test_spans_at_both_edges() -> None:
    assert runs("abcd", [Span("title", 0, 1), Span("title", 3, 4)], "title") == [
        Run(text="a", marked=True),
        Run(text="bc", marked=False),
        Run(text="d", marked=True),
    ]


def test_overlapping_spans_mark_each_character_once() -> None:
    assert marked("abcdef", Span("title", 1, 4), Span("title", 2, 5)) == ["bcde"]


def test_a_span_beyond_the_end_marks_what_there_is() -> None:
    assert marked("abc", Span("title", 2, 99), Span("title", 50, 60)) == ["c"]


def test_characters_outside_the_basic_plane_count_as_one() -> None:
    assert marked("🚢🚢 патруль", Span("title", 3, 10)) == ["патруль"]


def test_spans_of_the_other_field_are_left_alone() -> None:
    assert marked("abc", Span("summary", 0, 3)) == []


def test_plain_text_marks_with_asterisks() -> None:
    assert starred("joint patrol today", [Span("title", 0, 12)], "title") == "*joint patrol* today"
