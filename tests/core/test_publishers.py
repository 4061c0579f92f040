"""Corroboration counts publishers that saw for themselves: an agency's text passed on is the agency's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.publishers import with_origins
from monitor.core.scoring import Methodology, credibility
from monitor.core.stories import group_stories
from tests.core.builders import a_signal

METHOD = Methodology()
TEXT = (
    "The two fleets left their harbour at dawn and set course for the northern strait, where "
    "they will rehearse the defence of convoys for nine days"
)


@pytest.mark.parametrize(
    ("text", "family", "party"),
    [
        ("MOSCOW, 3 November. /TASS/. The two fleets left", "tass", "russia"),
        ("МОСКВА, 3 ноября. /ТАСС/. Корабли вышли", "tass", "russia"),
        ("新华社北京11月3日电 两国军舰启航", "xinhua", "china"),
        ("TOKYO (Reuters) - The two fleets left", "reuters", None),
        ("SEOUL (AP) — The two fleets left", "ap", None),
    ],
)
def test_the_agency_that_a_text_names_is_its_voice(text: str, family: str, party: str | None) -> None:
    (found,) = with_origins([a_signal(summary=text, family="daily", party=None)])
    assert (found.voice, found.voice_party) == (family, party)
    assert (found.family, found.party) == ("daily", None)


def test_an_agency_speaks_for_itself() -> None:
    (found,) = with_origins([a_signal(summary="/TASS/. The two fleets left", family="tass", party="russia")])
    assert found.passes_on == ""


def test_a_text_that_only_mentions_an_agency_is_its_papers_own() -> None:
    (found,) = with_origins([a_signal(summary="The Xinhua building opens to visitors", family="daily")])
    assert found.voice == "daily"


def test_a_copy_of_a_text_is_no_second_witness() -> None:
    first = a_signal(id=1, summary=TEXT, family="one")
    copy = a_signal(id=2, summary=TEXT.replace("nine", "ten"), family="two")
    own = a_signal(
        id=3, summary="Sailors wave from the pier: a reader's film of a grey morning", family="three"
    )
    voices = [signal.voice for signal in with_origins([first, copy, own])]
    assert voices == ["one", "one", "three"]


def test_short_texts_may_be_alike_by_chance() -> None:
    titles = [a_signal(id=n, title="Two fleets begin a patrol", summary="", family=f"f{n}") for n in (1, 2)]
    assert [signal.voice for signal in with_origins(titles)] == ["f1", "f2"]


def test_a_reprint_of_a_party_does_not_corroborate_it() -> None:
    tass = a_signal(id=1, summary="/TASS/. The fleets left", family="tass", party="russia", reliability="C")
    paper = replace(tass, id=2, family="daily", party=None, reliability="B")
    witness = replace(paper, summary="Our reporter saw the fleets leave")
    (reprinted,) = group_stories([tass, paper])
    (witnessed,) = group_stories([tass, witness])
    assert credibility(reprinted.signals, METHOD) <= METHOD.party_cap
    assert credibility(witnessed.signals, METHOD) > METHOD.party_cap
