"""What leaves at once and what is held back, and that nobody can be flooded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.alerts import AlertLimits, Occasion, Silence, Told, Verb, decide
from monitor.core.model import Level
from tests.core.builders import NOON

HOUR = timedelta(hours=1)
LIMITS = AlertLimits()


def rise(level: Level = Level.ELEVATED) -> Occasion:
    return Occasion(
        key=f"level defense {level}",
        subject="defense",
        domain="defense",
        title="Defense up",
        level=level,
        signal_ids=(),
    )


STORY = Occasion(
    key="story defense.patrol 7",
    subject="defense.patrol",
    domain="defense",
    title="Joint patrol",
    level=Level.QUIET,
    signal_ids=(7,),
)


def silence(subject: str, hours: int = 1) -> Silence:
    ends_at = NOON + hours * HOUR
    return Silence(id=1, subject=subject, owner="ann", reason="known drill", starts_at=NOON, ends_at=ends_at)


def told(subject: str, hours_ago: float, level: Level = Level.QUIET, by: str = "") -> Told:
    return Told(subject=subject, level=level, sent_at=NOON - hours_ago * HOUR, acknowledged_by=by)


def verb(occasion: Occasion, *silences: Silence, told: tuple[Told, ...] = (), mails: int = 0) -> Verb:
    return decide(occasion, silences=silences, told=told, mails_this_hour=mails, at=NOON, limits=LIMITS).verb


def test_news_leaves_at_once() -> None:
    assert verb(rise()) is Verb.SEND
    assert verb(STORY) is Verb.SEND


def test_a_silence_covers_its_subject_and_the_domain_of_it_until_it_ends() -> None:
    assert verb(STORY, silence("defense.patrol")) is Verb.SILENCED
    assert verb(STORY, silence("defense")) is Verb.SILENCED
    assert verb(STORY, silence("economy")) is Verb.SEND
    assert verb(STORY, silence("defense", hours=0)) is Verb.SEND
    words = decide(
        STORY, silences=[silence("defense")], told=[], mails_this_hour=0, at=NOON, limits=LIMITS
    ).reason
    assert words == "silenced by ann until 2026-11-23 13:00Z: known drill"


def test_the_same_subject_cools_down_for_four_hours() -> None:
    assert verb(STORY, told=(told("defense.patrol", 3.9),)) is Verb.COOLING
    assert verb(STORY, told=(told("defense.patrol", 4.1),)) is Verb.SEND
    assert verb(STORY, told=(told("economy.quarrel", 0.1),)) is Verb.SEND


def test_a_higher_level_goes_past_cool_down_and_acknowledgement() -> None:
    elevated = told("defense", 1, Level.ELEVATED, by="ann")
    assert verb(rise(), told=(elevated,)) is Verb.ACKNOWLEDGED
    assert verb(rise(Level.MARKED), told=(elevated,)) is Verb.SEND


def test_an_acknowledgement_holds_until_the_domain_clears() -> None:
    acknowledged = told("defense", 100, Level.MARKED, by="ann")
    still, cleared = NOON - 200 * HOUR, NOON - 50 * HOUR
    assert verb(replace(rise(Level.MARKED), stands_since=still), told=(acknowledged,)) is Verb.ACKNOWLEDGED
    assert verb(replace(rise(), stands_since=cleared), told=(acknowledged,)) is Verb.SEND


def test_what_cleared_within_the_cool_down_still_cools_and_escapes_by_a_higher_level() -> None:
    an_hour_ago = told("defense", 1, Level.ELEVATED, by="ann")
    long_ago = told("defense", 300, Level.MARKED)
    cleared = NOON - HOUR / 2
    assert verb(replace(rise(), stands_since=cleared), told=(an_hour_ago, long_ago)) is Verb.COOLING
    higher = replace(rise(Level.MARKED), stands_since=cleared)
    assert verb(higher, told=(an_hour_ago, long_ago)) is Verb.SEND


def test_a_storm_is_held_and_looked_at_again() -> None:
    assert verb(STORY, mails=5) is Verb.SEND
    assert verb(STORY, mails=6) is Verb.STORM


@given(st.lists(st.sampled_from([rise(), rise(Level.MARKED), STORY]), max_size=60), st.integers(1, 10))
def test_nobody_gets_more_mails_an_hour_than_the_limit(occasions: list[Occasion], most: int) -> None:
    limits = AlertLimits(cool_down=timedelta(0), most_per_hour=most)
    mails = 0
    for occasion in occasions:
        decision = decide(occasion, silences=[], told=[], mails_this_hour=mails, at=NOON, limits=limits)
        mails += decision.verb is Verb.SEND
    assert mails <= most
