"""The functions on the tables, each on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, select

from monitor.core.changes import fingerprint
from monitor.core.model import (
    Assessment,
    Direction,
    Entry,
    Factors,
    Fetched,
    Level,
    Match,
    Message,
    Modality,
    Outcome,
    Place,
    Score,
    Span,
    Validators,
)
from monitor.storage import assessments, deliveries, digests, entries, feeds, meta, retention, schema, signals
from monitor.storage.engine import writing
from tests.core.builders import NOON, a_feed, an_entry

HOUR = timedelta(hours=1)


@pytest.fixture
def listed(connection: Connection) -> Connection:
    feeds.sync_feeds(connection, [a_feed()], at=NOON)
    return connection


def stored(connection: Connection, *new: Entry) -> dict[str, int]:
    return entries.store_new(connection, "wire", [(e, fingerprint(e)) for e in new or (an_entry(),)], at=NOON)


def a_match(**given: object) -> Match:
    values = {
        "indicator_id": "defense.patrol",
        "place": Place.TITLE,
        "modality": Modality.OCCURRED,
        "strength": 1.0,
        "spans": (Span("title", 0, 3),),
    }
    return Match(**(values | given))  # type: ignore[arg-type]


def signal_row(entry_id: int, match: Match | None = None, revision: int = 1) -> dict[str, object]:
    return signals.as_row(
        match or a_match(),
        entry_id=entry_id,
        revision=revision,
        rule_version=3,
        domain="defense",
        direction=Direction.DEEPENING,
        weight=6.0,
        half_life=timedelta(days=21),
        effective_at=NOON,
        at=NOON,
    )


class TestFeeds:
    def test_a_new_feed_is_due_at_once_and_keeps_all_that_is_configured(self, connection: Connection) -> None:
        feed = a_feed(party="russia", domains=("defense", "economy"))
        feeds.sync_feeds(connection, [feed], at=NOON)
        (state,) = feeds.due_feeds(connection, NOON)
        assert state.feed == feed

    def test_success_keeps_validators_and_the_next_time(self, listed: Connection) -> None:
        fetched = Fetched(
            outcome=Outcome.OK, validators=Validators(etag='"x"', last_modified="then"), body_hash="abc"
        )
        feeds.record_success(
            listed, "wire", fetched, at=NOON, next_poll_at=NOON + HOUR, newest_entry_at=NOON, stored=3
        )
        assert feeds.due_feeds(listed, NOON + HOUR - timedelta(seconds=1)) == []
        (state,) = feeds.due_feeds(listed, NOON + HOUR)
        assert (state.validators, state.body_hash, state.entries_stored) == (fetched.validators, "abc", 3)
        assert (state.newest_entry_at, state.succeeded_at) == (NOON, NOON)

    def test_a_truncated_answer_leaves_no_validators(self, listed: Connection) -> None:
        whole = Fetched(outcome=Outcome.OK, validators=Validators(etag='"x"'), body_hash="abc")
        cut = Fetched(outcome=Outcome.TRUNCATED, validators=Validators(etag='"y"'), body_hash="def")
        for fetched in (whole, cut):
            feeds.record_success(
                listed, "wire", fetched, at=NOON, next_poll_at=NOON, newest_entry_at=None, stored=0
            )
        (state,) = feeds.due_feeds(listed, NOON)
        assert (state.validators, state.body_hash) == (Validators(), "")

    def test_a_304_keeps_the_validators(self, listed: Connection) -> None:
        whole = Fetched(outcome=Outcome.OK, validators=Validators(etag='"x"'), body_hash="abc")
        for fetched in (whole, Fetched(outcome=Outcome.NOT_MODIFIED)):
            feeds.record_success(
                listed, "wire", fetched, at=NOON, next_poll_at=NOON, newest_entry_at=None, stored=0
            )
        (state,) = feeds.due_feeds(listed, NOON)
        assert (state.validators.etag, state.body_hash) == ('"x"', "abc")

    def test_failures_are_counted_since_the_first_and_forgotten_at_success(self, listed: Connection) -> None:
        for hour in range(3):
            at = NOON + hour * HOUR
            feeds.record_failure(listed, "wire", Outcome.TIMEOUT, "30 s", at=at, next_poll_at=at)
        (state,) = feeds.all_states(listed)
        assert (state.failures, state.failing_since, state.outcome, state.detail) == (
            3,
            NOON,
            Outcome.TIMEOUT,
            "30 s",
        )
        feeds.record_success(
            listed,
            "wire",
            Fetched(outcome=Outcome.OK),
            at=NOON,
            next_poll_at=NOON,
            newest_entry_at=None,
            stored=0,
        )
        (state,) = feeds.all_states(listed)
        assert (state.failures, state.failing_since) == (0, None)

    def test_a_new_address_is_asked_without_the_old_validators(self, listed: Connection) -> None:
        fetched = Fetched(outcome=Outcome.OK, validators=Validators(etag='"x"'), body_hash="abc")
        feeds.record_success(
            listed, "wire", fetched, at=NOON, next_poll_at=NOON + 9 * HOUR, newest_entry_at=None, stored=0
        )
        feeds.sync_feeds(listed, [a_feed(url="https://wire.example.org/new")], at=NOON)
        (state,) = feeds.due_feeds(listed, NOON)
        assert (state.validators, state.body_hash) == (Validators(), "")

    def test_a_feed_that_left_the_configuration_is_kept_and_not_polled(self, listed: Connection) -> None:
        feeds.sync_feeds(listed, [], at=NOON)
        assert feeds.due_feeds(listed, NOON) == []
        assert feeds.all_states(listed) == []
        assert stored(listed) != {}

    def test_a_disabled_feed_is_not_polled(self, connection: Connection) -> None:
        feeds.sync_feeds(connection, [a_feed(enabled=False)], at=NOON)
        assert feeds.due_feeds(connection, NOON) == []
        assert len(feeds.all_states(connection)) == 1


class TestEntries:
    def test_an_entry_is_stored_once(self, listed: Connection) -> None:
        assert stored(listed) == stored(listed)
        assert entries.count(listed) == 1

    def test_many_keys_fit_in_one_question(self, listed: Connection) -> None:
        many = [an_entry(key=f"k{n}") for n in range(1200)]
        assert len(stored(listed, *many)) == 1200
        assert len(entries.known(listed, "wire", {e.key for e in many} | {"unknown"})) == 1200

    def test_an_edit_keeps_the_text_that_it_replaces(self, listed: Connection) -> None:
        (entry_id,) = stored(listed).values()
        edited = an_entry(title="Two fleets end a joint patrol")
        before = entries.known(listed, "wire", {"wire-1"})["wire-1"]
        assert entries.store_edit(listed, before, edited, fingerprint(edited), at=NOON + HOUR) == 2
        now = entries.get_entry(listed, entry_id)
        assert now is not None
        assert (now.entry.title, now.revision) == (edited.title, 2)
        (old,) = listed.execute(select(schema.entry_revisions)).all()
        assert (old.title, old.revision, old.seen_at) == (an_entry().title, 1, NOON)

    def test_an_entry_that_changes_at_every_poll_stops_growing(self, listed: Connection) -> None:
        stored(listed)
        revisions = []
        for n in range(30):
            edited = an_entry(title=f"Edit {n}")
            before = entries.known(listed, "wire", {"wire-1"})["wire-1"]
            revisions.append(entries.store_edit(listed, before, edited, fingerprint(edited), at=NOON))
        assert revisions[:19] == list(range(2, 21))
        assert set(revisions[19:]) == {None}

    def test_a_date_in_the_future_counts_as_now_and_no_date_as_first_seen(self, listed: Connection) -> None:
        ids = stored(
            listed,
            an_entry(key="future", published_at=NOON + timedelta(days=30_000)),
            an_entry(key="none", published_at=None),
            an_entry(key="past", published_at=NOON - HOUR),
        )
        at = {key: entries.get_entry(listed, number).effective_at for key, number in ids.items()}  # type: ignore[union-attr]
        assert at == {"future": NOON, "none": NOON, "past": NOON - HOUR}

    def test_entries_are_counted_by_language_since_a_time(self, listed: Connection) -> None:
        stored(listed, an_entry(key="a"), an_entry(key="b", language="ru"))
        assert entries.counts_by_language(listed, NOON - HOUR, NOON) == {"en": 1, "ru": 1}
        assert entries.counts_by_language(listed, NOON, NOON + HOUR) == {}

    def test_an_unknown_id_is_none(self, listed: Connection) -> None:
        assert entries.get_entry(listed, 999) is None


class TestSignals:
    def test_an_entry_has_one_signal_of_an_indicator(self, listed: Connection) -> None:
        (entry_id,) = stored(listed).values()
        signals.store(listed, [signal_row(entry_id)])
        signals.store(listed, [signal_row(entry_id, revision=2)])
        (signal,) = signals.signals_of_entry(listed, entry_id)
        assert (signal.revision, signal.spans, signal.family) == (1, (Span("title", 0, 3),), "wire")
        assert signals.indicators_of(listed, [entry_id]) == {(entry_id, "defense.patrol")}

    def test_a_signal_keeps_the_text_that_raised_it(self, listed: Connection) -> None:
        (entry_id,) = stored(listed).values()
        signals.store(listed, [signal_row(entry_id)])
        edited = an_entry(title="Nothing happened", summary="", link="https://wire.example.org/9")
        before = entries.known(listed, "wire", {"wire-1"})["wire-1"]
        entries.store_edit(listed, before, edited, fingerprint(edited), at=NOON)
        signals.store(listed, [signal_row(entry_id, a_match(indicator_id="defense.calm"), revision=2)])
        texts = {s.indicator_id: (s.title, s.summary) for s in signals.signals_of_entry(listed, entry_id)}
        assert texts == {
            "defense.patrol": (an_entry().title, an_entry().summary),
            "defense.calm": ("Nothing happened", ""),
        }

    def test_signals_are_found_by_when_they_took_effect(self, listed: Connection) -> None:
        (entry_id,) = stored(listed).values()
        signals.store(listed, [signal_row(entry_id)])
        assert len(signals.signals_between(listed, NOON - HOUR, NOON)) == 1
        assert signals.signals_between(listed, NOON, NOON + HOUR) == []

    def test_each_recipient_is_told_once(self, listed: Connection) -> None:
        (entry_id,) = stored(listed).values()
        signals.store(listed, [signal_row(entry_id)])
        ids = signals.unsent_signal_ids(listed, "watch", ["defense"], since=NOON - HOUR)
        assert len(ids) == 1
        assert signals.unsent_signal_ids(listed, "watch", ["economy"], since=NOON - HOUR) == []
        number = digests.record(
            listed,
            recipient_id="watch",
            due_key="k",
            due_at=NOON,
            composed_at=NOON,
            since_at=None,
            subject="",
            levels={},
        )
        signals.stamp(listed, "watch", number, ids)
        assert signals.unsent_signal_ids(listed, "watch", ["defense"], since=NOON - HOUR) == []
        assert signals.unsent_signal_ids(listed, "other", ["defense"], since=NOON - HOUR) == ids


def an_assessment(index: float = 30.0, at: object = NOON, level: Level = Level.ROUTINE) -> Assessment:
    part = Factors(
        signal_ids=(1, 2),
        indicator_id="defense.patrol",
        weight=6.0,
        strength=0.85,
        credibility=0.48,
        recency=0.1 + 0.2,
        value=1.1,
        points=index,
    )
    scores = [Score(domain="defense", direction=d, as_of=at, index=index, stories=(part,)) for d in Direction]  # type: ignore[arg-type]
    return Assessment(
        domain="defense",
        as_of=at,
        level=level,
        level_since=NOON,
        deepening=scores[0],
        friction=scores[1],
        countermeasure=scores[2],
        coverage=0.9,
        note="held",
    )  # type: ignore[arg-type]


class TestAssessments:
    def test_an_assessment_comes_back_to_the_last_bit(self, connection: Connection) -> None:
        assessments.store_all(connection, [an_assessment()], methodology="v1", rules_revision="abc")
        assert assessments.latest(connection, NOON) == {"defense": an_assessment()}

    def test_the_latest_at_a_time_and_none_before_the_first(self, connection: Connection) -> None:
        for hours, index in ((0, 30.0), (2, 40.0)):
            assessments.store_all(
                connection,
                [an_assessment(index, NOON + hours * HOUR)],
                methodology="v1",
                rules_revision="abc",
            )
        assert assessments.latest(connection, NOON + HOUR)["defense"].deepening.index == 30.0
        assert assessments.latest(connection, NOON - HOUR) == {}

    def test_assessing_the_same_time_again_replaces(self, connection: Connection) -> None:
        for index in (30.0, 31.0):
            assessments.store_all(connection, [an_assessment(index)], methodology="v1", rules_revision="abc")
        assert assessments.latest(connection, NOON)["defense"].deepening.index == 31.0

    def test_a_week_before_the_first_assessment_reads_zero(self, connection: Connection) -> None:
        for days, index in ((0, 30.0), (7, 40.0), (15, 50.0)):
            at = NOON + timedelta(days=days)
            assessments.store_all(
                connection, [an_assessment(index, at)], methodology="v1", rules_revision="abc"
            )
        history = assessments.weekly_history(connection, "defense", NOON + timedelta(days=15), weeks=4)
        assert history == (0.0, 30.0, 40.0, 50.0)


def a_message(name: str = "1") -> Message:
    return Message(
        recipient="watch@example.org",
        message_id=f"<{name}@example.org>",
        subject="Nothing new",
        payload=b"Subject: x\r\n\r\n\x00\xff",
    )


class TestDeliveries:
    def test_a_message_leaves_once_with_its_own_bytes(self, connection: Connection) -> None:
        deliveries.enqueue(connection, a_message(), digest_id=None, at=NOON)
        claimed = deliveries.claim_next(connection, NOON, by="me")
        assert claimed is not None
        assert (claimed.message, claimed.attempts) == (a_message(), 1)
        assert deliveries.claim_next(connection, NOON, by="you") is None
        deliveries.settle_sent(connection, claimed.id, at=NOON)
        assert deliveries.claim_next(connection, NOON + timedelta(days=1), by="me") is None
        assert deliveries.counts(connection) == {"sent": 1}

    def test_a_retry_waits_for_its_time(self, connection: Connection) -> None:
        deliveries.enqueue(connection, a_message(), digest_id=None, at=NOON)
        claimed = deliveries.claim_next(connection, NOON, by="me")
        assert claimed is not None
        deliveries.settle_retry(connection, claimed.id, next_attempt_at=NOON + HOUR, error="451 later")
        assert deliveries.claim_next(connection, NOON, by="me") is None
        assert deliveries.oldest_unsent(connection) == (NOON, "451 later")
        again = deliveries.claim_next(connection, NOON + HOUR, by="me")
        assert again is not None
        assert (again.message, again.attempts) == (a_message(), 2)

    def test_an_abandoned_claim_is_taken_over_and_a_fresh_one_is_not(self, connection: Connection) -> None:
        deliveries.enqueue(connection, a_message(), digest_id=None, at=NOON)
        deliveries.claim_next(connection, NOON, by="dead")
        assert deliveries.claim_next(connection, NOON + timedelta(minutes=15), by="me") is None
        taken = deliveries.claim_next(connection, NOON + timedelta(minutes=16), by="me")
        assert taken is not None
        assert taken.message == a_message()

    def test_a_refused_message_stays_for_the_operator(self, connection: Connection) -> None:
        deliveries.enqueue(connection, a_message(), digest_id=None, at=NOON)
        claimed = deliveries.claim_next(connection, NOON, by="me")
        assert claimed is not None
        deliveries.settle_failed(connection, claimed.id, error="550 no such user")
        assert deliveries.counts(connection) == {"failed": 1}
        assert deliveries.oldest_unsent(connection) is None

    def test_many_claimants_never_claim_the_same_message(self, engine: Engine) -> None:
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


class TestRetention:
    def test_what_raised_no_signal_goes_and_never_comes_back_as_news(self, listed: Connection) -> None:
        ids = stored(listed, an_entry(key="plain"), an_entry(key="evidence"))
        signals.store(listed, [signal_row(ids["evidence"])])
        assert retention.prune(listed, before=NOON + HOUR, at=NOON) == 1
        assert retention.prune(listed, before=NOON + HOUR, at=NOON) == 0
        known = entries.known(listed, "wire", {"plain", "evidence"})
        assert known["plain"].id is None
        assert known["evidence"].id == ids["evidence"]

    def test_what_is_young_stays(self, listed: Connection) -> None:
        stored(listed)
        assert retention.prune(listed, before=NOON, at=NOON) == 0

    def test_old_assessments_are_thinned_to_the_last_of_each_day(self, connection: Connection) -> None:
        for hours in range(-48, 0, 6):
            at = NOON + hours * HOUR
            assessments.store_all(
                connection, [an_assessment(float(-hours), at)], methodology="v1", rules_revision="a"
            )
        assert retention.thin(connection, NOON) == 0
        assert retention.thin(connection, NOON + timedelta(days=31)) == 5
        left = connection.execute(
            select(schema.assessments.c.as_of).order_by(schema.assessments.c.as_of)
        ).scalars()
        assert [(NOON - at) / HOUR for at in left] == [42, 18, 6]


def test_first_seen_is_remembered(connection: Connection) -> None:
    assert meta.first_seen(connection, "recipient:watch", NOON) == NOON
    assert meta.first_seen(connection, "recipient:watch", NOON + HOUR) == NOON


def test_a_due_has_one_digest(connection: Connection) -> None:
    assert digests.last_digest(connection, "watch") is None
    digests.record(
        connection,
        recipient_id="watch",
        due_key="k",
        due_at=NOON,
        composed_at=NOON,
        since_at=None,
        subject="s",
        levels={"defense": [1, 20.0, 3.0]},
    )
    assert digests.exists(connection, "watch", "k")
    assert not digests.exists(connection, "other", "k")
    last = digests.last_digest(connection, "watch")
    assert last is not None
    assert (last.composed_at, last.levels) == (NOON, {"defense": [1, 20.0, 3.0]})
