from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.digest import Earlier, FeedTrouble, LanguageCoverage
from monitor.core.model import Dating, Direction, Level, Modality
from monitor.core.surprise import Surprise
from monitor.rendering import domains, stories, words
from tests.rendering.digests import (
    COVERAGE,
    DUE,
    LINES,
    a_development,
    a_digest,
    a_first_digest,
    a_quote,
    a_reading,
    a_stronger,
)


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (7.0, "+7"), (-1.2, "−1"), (0.2, "0"), (-0.4, "0"), (0.6, "+1")]
)
def test_changes_are_signed_whole_numbers(value: float | None, text: str) -> None:
    assert words.change(value) == text


def test_times_in_the_zone_of_the_reader() -> None:
    assert words.local(DUE, "Europe/Moscow") == "23 Nov 08:00 MSK"
    assert words.local_long(DUE, "Asia/Shanghai") == "Monday 23 November 2026, 13:00 CST (05:00Z)"
    assert words.local_long(DUE, "UTC") == "Monday 23 November 2026, 05:00 UTC"
    assert words.zulu(DUE - timedelta(hours=7, minutes=20)) == "22 Nov 21:40Z"


def test_summer_time_is_named() -> None:
    assert words.local(DUE.replace(month=7), "Europe/Vilnius") == "23 Jul 08:00 EEST"


def test_the_period_of_the_first_digest_has_no_beginning() -> None:
    assert words.period(a_digest()) == "since 22 Nov 07:00 EET"
    assert words.period(a_first_digest()) == "first digest, nothing to compare with"


def test_a_late_digest_says_how_late() -> None:
    assert words.late(a_digest(composed_at=DUE + timedelta(minutes=9))) == ""
    assert words.late(a_digest(composed_at=DUE + timedelta(hours=26, minutes=5))).startswith(
        "Late by 26 h 05 min"
    )


@pytest.mark.parametrize(
    ("entries", "healthy", "expected", "worth"),
    [
        (10, 10, 10, "strong evidence"),
        (10, 8, 10, "fair evidence"),
        (10, 1, 10, "weak evidence"),
        (0, 10, 10, "no evidence"),
        (10, 0, 10, "no evidence"),
    ],
)
def test_what_silence_is_worth(entries: int, healthy: int, expected: int, worth: str) -> None:
    part = LanguageCoverage(language="zh", entries=entries, feeds_healthy=healthy, feeds_expected=expected)
    assert words.silence(part) == worth


def test_languages_that_no_feed_is_expected_in_are_not_listed() -> None:
    stray = LanguageCoverage(language="x-stray", entries=1, feeds_healthy=0, feeds_expected=0)
    coverage = replace(COVERAGE, languages=(*COVERAGE.languages, stray))
    assert [part.language for part in words.languages(coverage)] == ["en", "ru", "zh"]


def test_a_feed_in_trouble() -> None:
    assert words.trouble(COVERAGE.down[0]) == "Gazette Four since 21 Nov 05:00Z (http error: HTTP 503)"
    never = FeedTrouble(title="Portal Six", since=None, reason="dns")
    assert words.trouble(never) == "Portal Six (dns)"


@pytest.mark.parametrize(
    ("publishers", "parties", "text"),
    [
        (1, 0, "1 publisher"),
        (1, 1, "1 publisher, a party"),
        (2, 2, "2 publishers, all parties"),
        (3, 1, "3 publishers, 1 of them a party"),
        (3, 2, "3 publishers, 2 of them parties"),
    ],
)
def test_sources_of_a_story(publishers: int, parties: int, text: str) -> None:
    assert stories.sources(a_development(publishers=publishers, parties=parties)) == text


def test_facts_name_what_is_unusual() -> None:
    plain = stories.facts(a_development())
    assert plain == ["B2, probably true", "3 publishers, 2 of them parties", "+6.1 points"]
    unusual = a_development(direction=Direction.FRICTION, modality=Modality.DENIED, is_new=False)
    assert stories.facts(unusual)[2:] == ["6.1 points", "friction", "denied", "continuing"]


def test_the_organ_of_a_state_is_named_as_one() -> None:
    quote = a_quote(feed_title="Agency Two", party="china", reliability="C", language="zh")
    assert stories.origin(quote) == "zh · Agency Two (C, organ of China) · 23 Nov 02:00Z"
    assert stories.origin(a_quote()) == "en · Daily Three (B) · 23 Nov 02:00Z"


def test_publishers_that_are_not_quoted_are_counted() -> None:
    assert stories.why(a_development()) == "why"
    assert stories.why(a_development(publishers=4)) == "1 more publisher, and why"


def test_charts_grow_with_the_index() -> None:
    assert domains.bars((0, 25, 50)) == [4, 50, 100]
    assert domains.bars((50, 100)) == [50, 100]
    assert domains.sparkline((0, 25, 50)) == "▁▄█"
    assert domains.bars(()) == []


def test_a_domain_that_could_hardly_be_read_is_pointed_out() -> None:
    assert [domains.unread(line, LINES) for line in LINES] == [
        *("", "", "", "only 55% of its feeds could be read", "")
    ]
    weak = tuple(replace(line, coverage=0.4) for line in LINES)
    assert [domains.unread(line, weak) for line in weak] == [""] * 5


def test_countermeasures_are_named_where_there_are_any() -> None:
    assert domains.countermeasures(LINES) == "Countermeasures by others: Economy 11."
    assert domains.countermeasures(LINES[:1]) == ""


def test_arrows_and_every_level_have_a_face() -> None:
    assert [domains.arrow(line) for line in LINES[:2]] == ["↑", ""]
    assert domains.arrow(replace(LINES[0], level=Level.QUIET)) == "↓"
    assert domains.arrow(replace(LINES[0], previous_level=None)) == ""
    assert len({domains.SHAPES[level] for level in Level}) == len(Level)
    assert len({domains.COLOURS[level] for level in Level}) == len(Level)


def test_a_source_without_a_grade_is_shown_as_that() -> None:
    assert stories.origin(a_quote(reliability="F")) == "en · Daily Three (F, not graded) · 23 Nov 02:00Z"


def test_a_date_that_is_not_the_publishers_says_so() -> None:
    assert stories.origin(a_quote(dating=Dating.MISSING)).endswith(
        "23 Nov 02:00Z, when first seen: it has no date"
    )
    assert stories.origin(a_quote(dating=Dating.FUTURE)).endswith("its date lies in the future")


def test_what_a_known_story_has_gained() -> None:
    def told(**given: object) -> Earlier:
        values = {"grade": "B2", "publishers": 2, "modality": Modality.OCCURRED, "points": 2.0}
        return Earlier(**(values | given))  # type: ignore[arg-type]

    assert stories.gained(a_stronger()) == ["1 more publisher"]
    assert stories.standing(a_stronger()) == "stronger: 1 more publisher, was C3"
    assert stories.gained(a_stronger(earlier=told(modality=Modality.PLANNED))) == ["was planned"]
    assert stories.gained(a_stronger(earlier=told(grade="C2"))) == ["a better source"]
    assert stories.gained(a_stronger(earlier=told())) == ["fits a further indicator"]
    assert stories.gained(a_stronger(earlier=None)) == ["fits a further indicator"]


def test_a_further_indicator_has_its_own_points() -> None:
    assert (
        stories.reading(a_reading(), "Technology") == "Also Technology: Shared early warning (B2, 1.7 points)"
    )
    strain = a_reading(direction=Direction.FRICTION)
    assert "(friction, B2, 1.7 points)" in stories.reading(strain, "Technology")


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100%"), (0.999, "99%"), (0.604, "60%"), (0.0, "0%"), (0.001, "0%")]
)
def test_a_share_that_is_not_all_is_never_shown_as_all(share: float, text: str) -> None:
    assert words.percent(share) == text


def test_a_zone_that_vanished_since_shows_utc() -> None:
    assert words.local(DUE, "Europe/Nowhere") == "23 Nov 05:00 UTC"
    assert words.lost_zone(a_digest()) == ""


def test_a_domain_that_cannot_be_compared_yet_is_pointed_out_among_those_that_can() -> None:
    fresh = replace(LINES[0], history=(None,) * 6 + (9.0,))
    assert domains.forming(fresh, LINES) == "baseline forming: not assessed before this week"
    assert domains.forming(fresh, (fresh, fresh)) == ""
    uncounted = replace(LINES[0], week=Surprise(3))
    assert domains.forming(uncounted, LINES) == "baseline forming"
    assert domains.forming(uncounted, (uncounted,)) == ""
    assert [domains.forming(line, LINES) for line in LINES] == [""] * 5


def test_a_week_without_a_number_has_no_bar() -> None:
    assert domains.bars((None, 25)) == [0, 50]
    assert domains.sparkline((None, 0, 50)) == "·▁█"
    assert domains.numbers((None, 25.4)) == "none, 25"
