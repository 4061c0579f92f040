from __future__ import annotations

from dataclasses import replace

from monitor.core.model import Level
from monitor.rendering import subject
from tests.rendering.digests import (
    COVERAGE,
    LINES,
    a_development,
    a_digest,
    a_first_digest,
    a_quiet_digest,
    a_stronger,
)


def test_a_raised_level_leads() -> None:
    assert subject(a_digest()) == (
        "[RU-CN] Defense up to Notable (43, +7); 4 domains steady - 23 Nov 07:00 EET"
    )


def test_a_lowered_level_says_down_and_stays_ascii() -> None:
    line = replace(LINES[0], level=Level.QUIET, deepening=9.0, deepening_change=-12.0)
    assert subject(a_digest(lines=(line, LINES[1]))) == (
        "[RU-CN] Defense down to Quiet (9, -12); 1 domain steady - 23 Nov 07:00 EET"
    )


def test_of_several_moves_the_gravest_is_named_and_the_rest_counted() -> None:
    second = replace(LINES[1], previous_level=Level.QUIET)
    assert "Defense up to Notable (43, +7), 1 more moved; 0 domains steady" in subject(
        a_digest(lines=(second, LINES[0]))
    )


def test_new_stories_without_a_move() -> None:
    digest = a_digest(lines=LINES[1:], also=(a_development(),), omitted=2)
    assert subject(digest).startswith("[RU-CN] 5 new stories, no level changed - ")
    assert "1 new story, no level changed" in subject(
        a_digest(lines=LINES[1:], developments=(a_development(),))
    )


def test_nothing_new_says_how_much_was_read() -> None:
    assert subject(a_quiet_digest(timezone="Europe/Moscow")) == (
        "[RU-CN] Nothing new; 41 of 43 feeds healthy - 23 Nov 08:00 MSK"
    )


def test_the_first_digest_tells_the_state() -> None:
    assert subject(a_first_digest()) == (
        "[RU-CN] First digest: Defense Notable (43); 2 new stories - 23 Nov 07:00 EET"
    )


def test_a_sample_says_so_first() -> None:
    assert subject(a_digest(is_sample=True)).startswith("[SAMPLE] [RU-CN] Defense up")


def test_one_line_of_at_most_120_characters_that_keeps_its_date() -> None:
    line = replace(LINES[0], title="Very long\r\nBcc: other@example.org\x00 " * 9)
    found = subject(a_digest(lines=(line,)))
    assert len(found) == 120
    assert found.isprintable()
    assert found.endswith("... - 23 Nov 07:00 EET")


def test_no_word_of_a_feed_gets_in() -> None:
    base = a_digest().developments[0]
    quotes = tuple(replace(quote, title="MARKED", feed_title="MARKED") for quote in base.quotes)
    assert "MARKED" not in subject(a_digest(lines=LINES[1:], developments=(replace(base, quotes=quotes),)))


def test_a_known_story_that_is_stronger_is_told_where_nothing_is_new() -> None:
    digest = a_digest(lines=LINES[1:], developments=(a_stronger(),))
    assert subject(digest).startswith("[RU-CN] 1 known story stronger, no level changed - ")


def test_too_little_reading_is_said_once() -> None:
    poor = replace(COVERAGE, feeds_healthy=26)
    assert "; 4 domains steady; only 60% of feeds read - " in subject(a_digest(coverage=poor))
    assert subject(a_quiet_digest(coverage=poor)).startswith("[RU-CN] Nothing new; 26 of 43 feeds healthy - ")
