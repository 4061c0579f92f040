from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.digest import Digest
from monitor.rendering import render_text
from monitor.rendering.layout import WIDTH, width
from tests.rendering.digests import (
    COVERAGE,
    LINES,
    a_development,
    a_digest,
    a_first_digest,
    a_full_digest,
    a_quiet_digest,
    a_quote,
    a_rich_digest,
    a_weekly_digest,
)

HOSTILE = "\x1b]0;owned\x07 \x1b[2J\r\nFrom: x\u202egnitset " + "слово中文" * 60


def a_hostile_digest() -> Digest:
    quote = a_quote(title=HOSTILE, summary=HOSTILE, feed_title=HOSTILE, language=HOSTILE)
    development = a_development(indicator_title=HOSTILE, quotes=(quote,), indicator_id=HOSTILE)
    trouble = replace(COVERAGE.down[0], title=HOSTILE, reason=HOSTILE)
    return a_digest(
        developments=(development,),
        also=(development,),
        held_back=(HOSTILE,),
        lines=tuple(replace(line, title=HOSTILE, note=HOSTILE) for line in LINES),
        coverage=replace(COVERAGE, down=(trouble,), frozen=(trouble,)),
    )


def test_the_bottom_line_stands_before_the_table_before_the_evidence_before_the_coverage() -> None:
    text = render_text(a_digest(held_back=("1 in cool-down",)))
    order = [
        "Monday 23 November 2026, 07:00 EET (05:00Z)",
        "DEFENSE ROSE FROM ROUTINE TO NOTABLE",
        "Confidence in the reporting: moderate",
        "Deepening   Friction",
        "WHAT CHANGED",
        "EVIDENCE: DEFENSE",
        "EVIDENCE: ECONOMY",
        "HELD BACK",
        "COVERAGE",
        "Methodology v1, rules 3f9c2ab, next digest 24 Nov 07:00 EET.",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_a_row_of_the_table() -> None:
    assert "Defense          ▲ Notable↑  43 (+7)     4 (0)      ▂▃▃▄▄▆▇  9 (2-5)       95%\n" in render_text(
        a_digest()
    )


def test_an_unusual_week_is_said_with_what_is_usual() -> None:
    text = " ".join(render_text(a_digest()).split())
    assert (
        "9 new stories this week; usual 2 to 5; a week like this is expected about once in 8 months" in text
    )
    assert "in brackets the usual number" in text
    assert text.count("a week like this") == 1


def test_a_change_is_told_in_its_causes_and_our_own_edits_apart() -> None:
    assert "Deepening +7: new stories +9, decay −3, rules +1\n" in render_text(a_digest())


def test_without_a_baseline_the_digest_says_so() -> None:
    assert "the baseline is forming" in " ".join(render_text(a_quiet_digest()).split())


def test_the_original_sentence_with_matched_words_its_source_and_its_link() -> None:
    text = render_text(a_digest())
    assert "*中俄*海军编队在太平洋西部海域开展*联合巡航*" in text
    assert "ru · Agency One (C, organ of Russia) · 22 Nov 21:00Z\n      https://one.example.org/1\n" in text
    assert "why: monitor explain 4711 (defense.joint-naval-exercise v4)" in text


def test_what_changed_is_told_by_kind_news_first_and_our_own_edits_last() -> None:
    text = render_text(a_rich_digest())
    changes = text[text.index("WHAT CHANGED") : text.index("EVIDENCE")]
    assert changes == (
        "WHAT CHANGED since 22 Nov 07:00 EET\n"
        "New      Defense: Joint naval patrol or exercise; also               B2 · +6.1\n"
        "         Technology: Shared early warning\n"
        "New      Economy: Chinese banks refuse Russian payments              B3 · +1.4\n"
        "         (friction)\n"
        "Stronger Technology: Chips through a third country; 1 more      C3 → B2 · +1.4\n"
        "         publisher\n"
        "Fading   Global influence: Heads of state visit, 14 days old              −1.3\n"
        "Ours     Defense: rules +1\n"
        "Ours     Democracy: State media share a studio; found by a           C3 · +1.1\n"
        "         later rule\n"
        "Ours     Defense: Arms delivery, marked routine\n"
        "Ours     rules 3f9c2ab, before 1c0ffee\n"
        "\n"
    )


def test_an_empty_digest_says_what_was_read_and_lists_nothing() -> None:
    text = render_text(a_quiet_digest())
    assert "\nNOTHING NEW IN ANY DOMAIN\n" in text
    assert "41 of 43 feeds healthy, 1,912 entries read." in text
    assert "WHAT CHANGED" not in text
    assert "EVIDENCE" not in text
    assert "Chinese             4 of 6                 110   weak evidence" in text


def test_the_first_digest_compares_with_nothing() -> None:
    text = render_text(a_first_digest())
    assert "first digest" in text
    assert "since your last digest" not in text
    assert "None" not in text


def test_what_there_is_no_room_for_is_counted() -> None:
    text = render_text(a_full_digest())
    assert "and 7 more that there was no room for" in text
    assert text.count("and 12 more: monitor status") == 2
    assert text.count("Gazette 7 ") == 2
    assert "Gazette 8 " not in text


@pytest.mark.parametrize(
    "digest",
    [
        a_digest(),
        a_rich_digest(),
        a_weekly_digest(),
        a_quiet_digest(),
        a_first_digest(),
        a_full_digest(),
        a_hostile_digest(),
    ],
)
def test_no_line_but_a_link_is_wider_than_78_columns(digest: Digest) -> None:
    lines = [line for line in render_text(digest).split("\n") if not line.startswith("      http")]
    assert max(map(width, lines)) <= WIDTH


def test_a_terminal_finds_nothing_to_obey() -> None:
    text = render_text(a_hostile_digest())
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "\nFrom:" not in text


def test_sections_are_divided_by_one_empty_line() -> None:
    for digest in (a_digest(), a_quiet_digest(), a_full_digest()):
        assert "\n\n\n" not in render_text(digest)
        assert "\n\nCOVERAGE\n" in render_text(digest)


def test_a_sample_says_that_nothing_of_it_happened() -> None:
    assert render_text(a_digest(is_sample=True)).startswith("SAMPLE.")
    assert "invented" not in render_text(a_digest())
