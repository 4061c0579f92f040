from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from monitor.storage import assessments
from tests.core.builders import NOON
from tests.storage.builders import HOUR, an_assessment, keep


def test_an_assessment_comes_back_to_the_last_bit(connection: Connection) -> None:
    keep(connection, an_assessment())
    assert assessments.latest(connection, NOON) == {"defense": an_assessment()}


def test_the_latest_at_a_time_and_none_before_the_first(connection: Connection) -> None:
    keep(connection, an_assessment(30.0), an_assessment(40.0, at=NOON + 2 * HOUR))
    assert assessments.latest(connection, NOON + HOUR)["defense"].deepening.index == 30.0
    assert assessments.latest(connection, NOON + 2 * HOUR)["defense"].deepening.index == 40.0
    assert assessments.latest(connection, NOON - HOUR) == {}


def test_each_domain_has_a_latest_of_its_own(connection: Connection) -> None:
    keep(connection, an_assessment(30.0, at=NOON + HOUR), an_assessment(50.0, domain="economy"))
    found = assessments.latest(connection, NOON + HOUR)
    assert {domain: one.deepening.index for domain, one in found.items()} == {
        "defense": 30.0,
        "economy": 50.0,
    }


def test_assessing_the_same_time_again_replaces(connection: Connection) -> None:
    for index in (30.0, 31.0):
        keep(connection, an_assessment(index))
    assert assessments.latest(connection, NOON)["defense"].deepening.index == 31.0


def test_a_week_before_the_first_assessment_has_no_number(connection: Connection) -> None:
    for days, index in ((0, 30.0), (7, 40.0), (15, 50.0)):
        keep(connection, an_assessment(index, at=NOON + timedelta(days=days)))
    history = assessments.weekly_history(connection, "defense", NOON + timedelta(days=15), weeks=4)
    assert [pair and pair[0] for pair in history] == [None, 30.0, 40.0, 50.0]


def test_those_made_at_certain_times_with_one_methodology_come_back_in_order(connection: Connection) -> None:
    first, second = an_assessment(30.0), an_assessment(40.0, at=NOON + HOUR)
    keep(connection, second, first, an_assessment(50.0, at=NOON + 2 * HOUR))
    times = [second.as_of, first.as_of]
    assert assessments.made_at(connection, "defense", times, "v1") == [first, second]
    assert assessments.made_at(connection, "defense", times, "v2") == []
    assert assessments.made_at(connection, "economy", times, "v1") == []
