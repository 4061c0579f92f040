from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from monitor.core.model import Fetched, Validators
from monitor.core.outcome import Outcome
from monitor.storage import feeds, schema
from tests.core.builders import NOON, a_feed
from tests.storage.builders import HOUR, store, succeed


def test_a_new_feed_is_due_at_once_and_keeps_all_that_is_configured(connection: Connection) -> None:
    feed = a_feed(party="russia", domains=("defense", "economy"))
    feeds.sync_feeds(connection, [feed], at=NOON)
    (state,) = feeds.due_feeds(connection, NOON)
    assert state.feed == feed


def test_success_keeps_validators_and_the_next_time(listed: Connection) -> None:
    fetched = Fetched(
        outcome=Outcome.OK, validators=Validators(etag='"x"', last_modified="then"), body_hash="abc"
    )
    succeed(listed, fetched, next_poll_at=NOON + HOUR, newest_entry_at=NOON, stored=3)
    assert feeds.due_feeds(listed, NOON + HOUR - timedelta(seconds=1)) == []
    (state,) = feeds.due_feeds(listed, NOON + HOUR)
    assert (state.validators, state.body_hash, state.entries_stored) == (fetched.validators, "abc", 3)
    assert (state.newest_entry_at, state.succeeded_at) == (NOON, NOON)


def test_a_truncated_answer_leaves_no_validators(listed: Connection) -> None:
    whole = Fetched(outcome=Outcome.OK, validators=Validators(etag='"x"'), body_hash="abc")
    cut = Fetched(outcome=Outcome.TRUNCATED, validators=Validators(etag='"y"'), body_hash="def")
    for fetched in (whole, cut):
        succeed(listed, fetched)
    (state,) = feeds.due_feeds(listed, NOON)
    assert (state.validators, state.body_hash) == (Validators(), "")


def test_a_304_keeps_the_validators(listed: Connection) -> None:
    whole = Fetched(outcome=Outcome.OK, validators=Validators(etag='"x"'), body_hash="abc")
    for fetched in (whole, Fetched(outcome=Outcome.NOT_MODIFIED)):
        succeed(listed, fetched)
    (state,) = feeds.due_feeds(listed, NOON)
    assert (state.validators.etag, state.body_hash) == ('"x"', "abc")


def test_failures_are_counted_since_the_first_and_forgotten_at_success(listed: Connection) -> None:
    for hour in range(3):
        at = NOON + hour * HOUR
        feeds.record_failure(listed, "wire", Outcome.TIMEOUT, "30 s", at=at, next_poll_at=at)
    (state,) = feeds.all_states(listed)
    assert (state.failures, state.failing_since) == (3, NOON)
    assert (state.outcome, state.detail) == (Outcome.TIMEOUT, "30 s")
    succeed(listed, Fetched(outcome=Outcome.OK))
    (state,) = feeds.all_states(listed)
    assert (state.failures, state.failing_since) == (0, None)


def test_a_failure_leaves_validators_and_entries_alone(listed: Connection) -> None:
    succeed(listed, Fetched(outcome=Outcome.OK, validators=Validators(etag='"x"'), body_hash="abc"), stored=3)
    feeds.record_failure(listed, "wire", Outcome.NOT_A_FEED, "text/html", at=NOON, next_poll_at=NOON)
    (state,) = feeds.all_states(listed)
    assert (state.validators.etag, state.body_hash, state.entries_stored) == ('"x"', "abc", 3)
    assert state.succeeded_at == NOON


def test_a_new_address_is_asked_without_the_old_validators(listed: Connection) -> None:
    fetched = Fetched(outcome=Outcome.OK, validators=Validators(etag='"x"'), body_hash="abc")
    succeed(listed, fetched, next_poll_at=NOON + 9 * HOUR)
    feeds.sync_feeds(listed, [a_feed(url="https://wire.example.org/new")], at=NOON)
    (state,) = feeds.due_feeds(listed, NOON)
    assert (state.validators, state.body_hash) == (Validators(), "")


def test_a_feed_that_left_the_configuration_is_kept_and_not_polled(listed: Connection) -> None:
    feeds.sync_feeds(listed, [], at=NOON)
    assert feeds.due_feeds(listed, NOON) == []
    assert feeds.all_states(listed) == []
    assert store(listed) != {}


def test_a_disabled_feed_is_not_polled(connection: Connection) -> None:
    feeds.sync_feeds(connection, [a_feed(enabled=False)], at=NOON)
    assert feeds.due_feeds(connection, NOON) == []
    assert len(feeds.all_states(connection)) == 1


def test_a_feed_that_comes_back_goes_on_where_it_stood(listed: Connection) -> None:
    succeed(listed, Fetched(outcome=Outcome.OK, validators=Validators(etag='"x"')))
    for configured in ([], [a_feed()]):
        feeds.sync_feeds(listed, configured, at=NOON + HOUR)
    (state,) = feeds.all_states(listed)
    assert (state.validators.etag, state.next_poll_at) == ('"x"', NOON)


def test_what_the_configuration_changes_is_taken_over_and_the_rest_kept(listed: Connection) -> None:
    succeed(listed, Fetched(outcome=Outcome.OK, validators=Validators(etag='"x"')), next_poll_at=NOON + HOUR)
    changed = a_feed(title="Wire, renamed", reliability="C", domains=("economy",))
    feeds.sync_feeds(listed, [changed], at=NOON)
    (state,) = feeds.all_states(listed)
    assert (state.feed, state.validators.etag, state.next_poll_at) == (changed, '"x"', NOON + HOUR)


def test_a_large_configuration_comes_and_goes(connection: Connection) -> None:
    many = [a_feed(id=f"f{number}") for number in range(2_000)]
    feeds.sync_feeds(connection, many, at=NOON)
    assert len(feeds.all_states(connection)) == 2_000
    assert len(feeds.due_feeds(connection, NOON, limit=10)) == 10
    feeds.sync_feeds(connection, many[:1], at=NOON)
    assert [state.feed.id for state in feeds.all_states(connection)] == ["f0"]


def test_the_longest_due_comes_first_and_what_has_no_time_before_it(connection: Connection) -> None:
    feeds.sync_feeds(connection, [a_feed(id=name) for name in "abc"], at=NOON)
    for name, due_at in (("a", NOON), ("b", None), ("c", NOON - HOUR)):
        row = schema.feeds.update().where(schema.feeds.c.id == name)
        connection.execute(row.values(next_poll_at=due_at))
    assert [state.feed.id for state in feeds.due_feeds(connection, NOON)] == ["b", "c", "a"]
