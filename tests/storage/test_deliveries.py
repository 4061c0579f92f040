from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine

from monitor.core.model import Delivery
from monitor.storage import deliveries
from monitor.storage.engine import writing
from tests.core.builders import NOON
from tests.storage.builders import HOUR, a_message


def _claimed(connection: Connection) -> Delivery:
    deliveries.enqueue(connection, a_message(), digest_id=None, at=NOON)
    claimed = deliveries.claim_next(connection, NOON, by="me")
    assert claimed is not None
    return claimed


def test_a_message_leaves_once_with_its_own_bytes(connection: Connection) -> None:
    claimed = _claimed(connection)
    assert (claimed.message, claimed.attempts) == (a_message(), 1)
    assert deliveries.claim_next(connection, NOON, by="you") is None
    deliveries.settle_sent(connection, claimed.id, at=NOON)
    assert deliveries.claim_next(connection, NOON + timedelta(days=1), by="me") is None
    assert deliveries.counts(connection) == {"sent": 1}


def test_a_retry_waits_for_its_time(connection: Connection) -> None:
    claimed = _claimed(connection)
    assert deliveries.settle_retry(connection, claimed, next_attempt_at=NOON + HOUR, error="451 later")
    assert deliveries.claim_next(connection, NOON, by="me") is None
    assert deliveries.oldest_unsent(connection) == (NOON, "451 later")
    again = deliveries.claim_next(connection, NOON + HOUR, by="me")
    assert again is not None
    assert (again.message, again.attempts) == (a_message(), 2)


def test_an_abandoned_claim_is_taken_over_and_a_fresh_one_is_not(connection: Connection) -> None:
    deliveries.enqueue(connection, a_message(), digest_id=None, at=NOON)
    deliveries.claim_next(connection, NOON, by="dead")
    assert deliveries.claim_next(connection, NOON + timedelta(minutes=15), by="me") is None
    taken = deliveries.claim_next(connection, NOON + timedelta(minutes=16), by="me")
    assert taken is not None
    assert taken.message == a_message()


def test_a_refused_message_stays_for_the_operator(connection: Connection) -> None:
    claimed = _claimed(connection)
    assert deliveries.settle_failed(connection, claimed, error="550 no such user")
    assert deliveries.counts(connection) == {"failed": 1}
    assert deliveries.oldest_unsent(connection) is None


def test_a_refusal_is_found_by_the_time_of_its_last_try(connection: Connection) -> None:
    deliveries.settle_failed(connection, _claimed(connection), error="550 no such user")
    words = "watch@example.org: 550 no such user"
    assert deliveries.refused_between(connection, NOON - HOUR, NOON) == words
    assert deliveries.refused_between(connection, NOON, NOON + HOUR) == ""
    # A clock that was ahead has dated it.
    assert deliveries.refused_between(connection, NOON - 2 * HOUR, NOON - HOUR) == ""


def test_a_message_is_overtaken_by_what_left_since_it_was_written(connection: Connection) -> None:
    claimed = _claimed(connection)
    for name, minutes in (("before", 0), ("after", 1)):
        deliveries.enqueue(connection, a_message(name), digest_id=None, at=NOON)
        other = deliveries.claim_next(connection, NOON, by="me")
        assert other is not None
        deliveries.settle_sent(connection, other.id, at=NOON + timedelta(minutes=minutes))
        assert deliveries.is_overtaken(connection, claimed) is (name == "after")


def test_a_claim_knows_whether_the_last_answer_got_lost(connection: Connection) -> None:
    claimed = _claimed(connection)
    assert not claimed.was_unknown
    deliveries.settle_retry(connection, claimed, next_attempt_at=NOON, error="no answer", state="unknown")
    again = deliveries.claim_next(connection, NOON, by="me")
    assert again is not None
    assert again.was_unknown


def test_a_cancelled_message_never_leaves(connection: Connection) -> None:
    claimed = _claimed(connection)
    assert deliveries.settle_cancelled(connection, claimed, reason="unsubscribed")
    assert deliveries.claim_next(connection, NOON + timedelta(days=9), by="me") is None
    assert deliveries.oldest_unsent(connection) is None


def test_a_message_of_unknown_outcome_waits_like_the_others(connection: Connection) -> None:
    claimed = _claimed(connection)
    deliveries.settle_retry(
        connection, claimed, next_attempt_at=NOON + HOUR, error="cut after the dot", state="unknown"
    )
    assert deliveries.counts(connection) == {"unknown": 1}
    assert deliveries.oldest_unsent(connection) == (NOON, "cut after the dot")
    assert deliveries.claim_next(connection, NOON, by="me") is None
    again = deliveries.claim_next(connection, NOON + HOUR, by="me")
    assert again is not None
    assert again.message == a_message()


@pytest.mark.parametrize("years", [10, 50])
def test_what_a_wrong_clock_put_off_for_years_leaves_when_it_is_right_again(
    connection: Connection, years: int
) -> None:
    wrong = NOON + timedelta(days=365 * years)
    for name in ("new", "claimed"):
        deliveries.enqueue(connection, a_message(name), digest_id=None, at=wrong)
    assert deliveries.claim_next(connection, wrong, by="dead") is not None
    assert [deliveries.claim_next(connection, NOON, by="me") is not None for _ in range(3)] == [
        True,
        True,
        False,
    ]


def test_a_process_that_slept_through_its_claim_brings_nothing_back(connection: Connection) -> None:
    claimed = _claimed(connection)
    assert deliveries.is_held(connection, claimed)
    taken = deliveries.claim_next(connection, NOON + HOUR, by="you")
    assert taken is not None
    assert not deliveries.is_held(connection, claimed)
    for _ in range(2):  # while the other one is at it, and after
        late = {"next_attempt_at": NOON + HOUR, "error": "timeout"}
        assert not deliveries.settle_retry(connection, claimed, **late)
        assert not deliveries.settle_failed(connection, claimed, error="550 no such user")
        assert not deliveries.settle_cancelled(connection, claimed, reason="unsubscribed")
        deliveries.settle_sent(connection, taken.id, at=NOON + HOUR)
    assert deliveries.claim_next(connection, NOON + 9 * HOUR, by="me") is None
    assert deliveries.counts(connection) == {"sent": 1}


def test_what_was_handed_over_counts_as_sent_whoever_has_the_claim(connection: Connection) -> None:
    claimed = _claimed(connection)
    taken = deliveries.claim_next(connection, NOON + HOUR, by="you")
    assert taken is not None
    assert deliveries.settle_sent(connection, claimed.id, at=NOON + HOUR)
    assert not deliveries.settle_retry(connection, taken, next_attempt_at=NOON, error="timeout")
    assert not deliveries.settle_sent(connection, taken.id, at=NOON + 2 * HOUR)
    assert deliveries.counts(connection) == {"sent": 1}


def test_a_message_that_was_given_up_can_be_put_back_and_one_that_was_sent_cannot(
    connection: Connection,
) -> None:
    claimed = _claimed(connection)
    deliveries.put_back(connection, [claimed.id], next_attempt_at=NOON)
    assert deliveries.counts(connection) == {"claimed": 1}
    deliveries.settle_failed(connection, claimed, error="550 no such user")
    deliveries.put_back(connection, [claimed.id], next_attempt_at=NOON)
    assert deliveries.counts(connection) == {"pending": 1}


def test_the_message_that_waits_longest_leaves_first(connection: Connection) -> None:
    for name, hours in (("late", 1), ("early", 0)):
        deliveries.enqueue(connection, a_message(name), digest_id=None, at=NOON + hours * HOUR)
    order = [deliveries.claim_next(connection, NOON + HOUR, by="me") for _ in range(3)]
    assert [one and one.message.message_id for one in order] == [
        "<early@example.org>",
        "<late@example.org>",
        None,
    ]


def test_many_claimants_never_claim_the_same_message(engine: Engine) -> None:
    with writing(engine) as connection:
        for number in range(40):
            deliveries.enqueue(connection, a_message(str(number)), digest_id=None, at=NOON)
    claimed: list[int] = []

    def claim() -> None:
        while True:
            with writing(engine) as connection:
                delivery = deliveries.claim_next(connection, NOON, by="thread")
            if delivery is None:
                return
            claimed.append(delivery.id)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 40
