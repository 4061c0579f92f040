"""Assess, compose and deliver on a real database, with a clock and a mailbox of the tests' own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from sqlalchemy import select

from monitor.core.digest import Digest
from monitor.core.model import Entry, Fetched, Level, Message, Recipient
from monitor.core.outcome import Outcome
from monitor.core.review import Verdict
from monitor.core.surprise import Surprise
from monitor.errors import DeliveryError
from monitor.rendering import render, subject
from monitor.services.assess import assess
from monitor.services.compose import compose_due, compose_now, preview
from monitor.services.context import Context
from monitor.services.deliver import Result, deliver_all, retry_wait
from monitor.services.poll import record_poll
from monitor.services.retain import retain
from monitor.storage import assessments, deliveries, digests, feeds, signals, story_edits, verdicts
from monitor.storage.engine import reading, writing
from monitor.storage.schema import deliveries as outbox
from tests.core.builders import NOON, an_entry
from tests.storage.builders import an_assessment, keep

DAY = timedelta(days=1)
SIX = datetime.fromisoformat("2026-11-24T06:00:00+00:00")
PATROL = an_entry(title="Russia and China begin a patrol", summary="", published_at=NOON)


def record(context: Context, *found: Entry, feed_id: str = "wire", at: datetime = NOON) -> None:
    with reading(context.engine) as connection:
        state = next(s for s in feeds.all_states(connection) if s.feed.id == feed_id)
    record_poll(context, state, Fetched(outcome=Outcome.OK, entries=found), at, 0.0)


class Mailbox:
    """A notifier that keeps what it is given, or fails as it is told."""

    def __init__(self, *failures: DeliveryError) -> None:
        self.sent: list[Message] = []
        self.failures = list(failures)

    def send(self, message: Message) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)


def delivered(context: Context, mailbox: Mailbox, at: datetime = SIX) -> list[Result]:
    reports = deliver_all(context, mailbox, now=lambda: at, jitter=lambda: 1.0, claimant="test")
    return [report.result for report in reports]


def body(message: Message) -> str:
    part = message_from_bytes(message.payload, policy=default).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def with_recipients(context: Context, *recipients: Recipient) -> Context:
    return replace(context, config=replace(context.config, recipients=recipients))


class TestAssess:
    def test_signals_raise_their_domain_and_nothing_else(self, context: Context) -> None:
        record(context, PATROL)
        found = assess(context, NOON).assessments
        assert found["defense"].deepening.index > 0
        assert found["defense"].friction.index == 0
        assert found["economy"].deepening.index == 0
        with reading(context.engine) as connection:
            assert assessments.latest(connection, NOON) == dict(found)

    def test_the_same_evidence_gives_the_same_number(self, context: Context) -> None:
        record(
            context, PATROL, replace(PATROL, key="2", title="Russia and China end the patrol of the strait")
        )
        assert assess(context, SIX).assessments == assess(context, SIX).assessments

    def test_friction_is_apart(self, context: Context) -> None:
        record(context, replace(PATROL, title="Russia and China quarrel"))
        economy = assess(context, NOON).assessments["economy"]
        assert economy.friction.index > 0
        assert economy.deepening.index == 0

    def test_a_lost_feed_never_raises_an_index(self, context: Context) -> None:
        record(context, PATROL)
        before = assess(context, NOON).assessments["defense"]
        after = assess(context, NOON + 3 * DAY).assessments["defense"]
        assert after.coverage < before.coverage
        assert after.deepening.index <= before.deepening.index

    def test_points_add_up(self, context: Context) -> None:
        titles = ("begin a patrol", "extend their patrol", "show patrol ships on a parade")
        record(
            context,
            *(replace(PATROL, key=str(n), title=f"Russia and China {t}") for n, t in enumerate(titles)),
        )
        score = assess(context, NOON).assessments["defense"].deepening
        assert sum(story.points for story in score.stories) == pytest.approx(score.index)


class TestCompose:
    def test_a_digest_is_composed_once_for_each_due(self, context: Context) -> None:
        assert compose_due(context, NOON) == []
        (digest,) = compose_due(context, SIX)
        assert (digest.due_at, digest.next_due_at) == (SIX, SIX + DAY)
        assert compose_due(context, SIX + timedelta(hours=3)) == []
        assert len(compose_due(context, SIX + DAY)) == 1

    def test_the_first_due_is_one_that_came_after_we_knew_the_recipient(self, context: Context) -> None:
        assert compose_due(context, NOON) == []
        assert compose_due(context, NOON + timedelta(hours=17)) == []

    def test_a_digest_leaves_also_when_nothing_happened(self, context: Context) -> None:
        compose_due(context, NOON)
        (digest,) = compose_due(context, SIX)
        assert subject(digest).startswith("[RU-CN] First digest: Defense Quiet (0); 0 new stories")
        assert digest.developments == ()

    def test_a_story_is_new_once_for_each_recipient(self, context: Context) -> None:
        two = with_recipients(
            context,
            Recipient(id="a", address="a@example.org", cadences=("daily 06:00",)),
            Recipient(id="b", address="b@example.org", cadences=("weekly wed 06:00",)),
        )
        compose_due(two, NOON)
        record(two, PATROL)
        (first,) = compose_due(two, SIX)
        assert [d.is_new for d in first.developments] == [True]
        later = {d.recipient_id: d for d in compose_due(two, SIX + DAY)}
        assert [d.is_new for d in later["a"].developments] == [False]
        assert [d.is_new for d in later["b"].developments] == [True]

    def test_a_daily_digest_takes_nothing_from_the_review_of_the_week(self, context: Context) -> None:
        both = ("daily 06:00", "weekly wed 06:00")
        two = with_recipients(context, Recipient(id="a", address="a@example.org", cadences=both))
        compose_due(two, NOON)
        record(two, PATROL)
        (daily,) = compose_due(two, SIX)
        assert [d.is_new for d in daily.developments] == [True]
        found = {d.cadence: d for d in compose_due(two, SIX + DAY)}
        assert [d.is_new for d in found["daily 06:00"].developments] == [False]
        assert [d.is_new for d in found["weekly wed 06:00"].developments] == [True]
        assert (found["daily 06:00"].since_at, found["weekly wed 06:00"].since_at) == (SIX, None)
        assert compose_due(two, SIX + DAY) == []
        with reading(two.engine) as connection:
            ids = connection.execute(select(outbox.c.message_id)).scalars().all()
        assert len(set(ids)) == len(ids) == 3

    def test_two_daily_digests_share_what_they_tell(self, context: Context) -> None:
        twice = ("daily 06:00", "daily 18:00")
        two = with_recipients(context, Recipient(id="a", address="a@example.org", cadences=twice))
        compose_due(two, NOON)
        record(two, PATROL)
        evening = NOON + timedelta(hours=6)
        (first,) = compose_due(two, evening)
        assert (first.cadence, first.next_due_at) == ("daily 18:00", SIX)
        (second,) = compose_due(two, SIX)
        assert (second.cadence, second.since_at) == ("daily 06:00", evening)
        assert [d.is_new for d in second.developments] == [False]

    def test_a_weekly_review_that_is_added_waits_for_its_day_and_tells_of_one_week(
        self, context: Context
    ) -> None:
        daily = Recipient(id="a", address="a@example.org")
        alone = with_recipients(context, daily)
        compose_due(alone, NOON - 20 * DAY)
        record(alone, replace(PATROL, published_at=NOON - 20 * DAY))
        compose_due(alone, SIX - 20 * DAY)
        added = with_recipients(context, replace(daily, cadences=("daily 06:00", "weekly wed 06:00")))
        assert [d.cadence for d in compose_due(added, SIX)] == ["daily 06:00"]
        found = {d.cadence: d for d in compose_due(added, SIX + DAY)}
        assert found.keys() == {"daily 06:00", "weekly wed 06:00"}
        assert not any(d.is_new for d in found["weekly wed 06:00"].developments)

    def test_changes_are_against_the_recipients_last_digest(self, context: Context) -> None:
        compose_due(context, NOON)
        (first,) = compose_due(context, SIX)
        assert {line.deepening_change for line in first.lines} == {None}
        record(context, PATROL, at=SIX + DAY / 2)
        (second,) = compose_due(context, SIX + DAY)
        defense = next(line for line in second.lines if line.domain == "defense")
        assert defense.deepening_change == pytest.approx(defense.deepening)

    def test_a_recipient_gets_only_its_domains(self, context: Context) -> None:
        economist = Recipient(id="e", address="e@example.org", domains=("economy",))
        only = with_recipients(context, economist)
        record(context, PATROL)
        digest = compose_now(only, economist, SIX)
        assert [line.domain for line in digest.lines] == ["economy"]
        assert digest.developments == ()

    def test_below_the_minimum_level_a_domain_is_a_line_without_evidence_until_it_rises(
        self, context: Context
    ) -> None:
        record(context, PATROL)
        calm = Recipient(id="c", address="c@example.org", minimum_level=Level.MARKED)
        digest = compose_now(with_recipients(context, calm), calm, NOON)
        assert len(digest.lines) == 5
        assert digest.developments == ()
        eager = replace(calm, minimum_level=Level.QUIET)
        later = compose_now(with_recipients(context, eager), eager, SIX)
        assert [d.is_new for d in later.developments] == [True]

    def test_a_preview_stores_nothing(self, context: Context) -> None:
        record(context, PATROL)
        (watch,) = context.config.recipients
        digest, message = preview(context, watch, SIX)
        assert [d.is_new for d in digest.developments] == [True]
        assert "patrol" in body(message).lower()
        with reading(context.engine) as connection:
            assert deliveries.counts(connection) == {}
            assert assessments.latest(connection, SIX) == {}

    def test_a_late_digest_says_so_and_takes_what_was_missed(self, context: Context) -> None:
        compose_due(context, NOON)
        record(context, PATROL)
        (digest,) = compose_due(context, SIX + 3 * DAY + timedelta(hours=2))
        assert digest.due_at == SIX + 3 * DAY
        assert [d.is_new for d in digest.developments] == [True]
        mailbox = Mailbox()
        delivered(context, mailbox, SIX + 4 * DAY)
        assert "Late by 2 h 00 min" in " ".join(body(mailbox.sent[0]).split())

    def test_coverage_names_what_is_down(self, context: Context) -> None:
        record(context, PATROL)
        digest = compose_now(context, context.config.recipients[0], NOON)
        assert (digest.coverage.feeds_healthy, digest.coverage.feeds_expected) == (1, 2)
        later = compose_now(context, context.config.recipients[0], NOON + 5 * DAY)
        assert [trouble.title for trouble in later.coverage.down] == ["Sample Wire"]


class TestDeliver:
    def test_the_frozen_bytes_leave_once(self, context: Context) -> None:
        compose_now(context, context.config.recipients[0], SIX)
        mailbox = Mailbox()
        assert delivered(context, mailbox) == [Result.SENT]
        assert delivered(context, mailbox) == []
        (message,) = mailbox.sent
        assert message.recipient == "watch@example.org"
        assert f"Message-ID: {message.message_id}".encode() in message.payload

    def test_a_passing_refusal_is_retried_with_the_same_bytes(self, context: Context) -> None:
        compose_now(context, context.config.recipients[0], SIX)
        mailbox = Mailbox(DeliveryError("451 try later", retryable=True))
        assert delivered(context, mailbox) == [Result.RETRY]
        assert delivered(context, mailbox) == []
        assert delivered(context, mailbox, SIX + timedelta(seconds=31)) == [Result.SENT]

    def test_a_final_refusal_is_recorded_and_stops_nobody(self, context: Context) -> None:
        (watch,) = context.config.recipients
        compose_now(context, watch, SIX)
        other = replace(watch, id="other", address="other@example.org")
        context = with_recipients(context, watch, other)
        compose_now(context, other, SIX)
        mailbox = Mailbox(DeliveryError("550 no such user", retryable=False))
        assert delivered(context, mailbox) == [Result.FAILED, Result.SENT]
        with reading(context.engine) as connection:
            assert deliveries.counts(connection) == {"failed": 1, "sent": 1}

    def test_an_unreachable_server_leaves_the_mail_in_the_outbox(self, context: Context) -> None:
        compose_now(context, context.config.recipients[0], SIX)
        for hour in range(9):
            mailbox = Mailbox(DeliveryError("connection refused", retryable=True))
            assert delivered(context, mailbox, SIX + timedelta(hours=hour)) == [Result.RETRY]
        assert delivered(context, Mailbox(), SIX + timedelta(hours=9)) == [Result.SENT]

    def test_stopping_leaves_the_rest_for_later(self, context: Context) -> None:
        compose_now(context, context.config.recipients[0], SIX)
        reports = deliver_all(
            context, Mailbox(), now=lambda: SIX, jitter=lambda: 1.0, claimant="test", stopping=lambda: True
        )
        assert reports == []

    def test_waits_double_up_to_half_an_hour(self) -> None:
        waits = [retry_wait(n, 1.0).total_seconds() for n in (1, 2, 3, 7, 99)]
        assert waits == [30, 60, 120, 1800, 1800]
        assert retry_wait(1, 0.0).total_seconds() == 15


def test_retention_keeps_evidence(context: Context) -> None:
    record(context, PATROL, an_entry(key="dull", title="Library reopens"))
    assert retain(context, NOON + timedelta(days=900)) == 1
    assert retain(context, NOON + timedelta(days=900)) == 0


class TestVerdicts:
    def given(self, context: Context, verdict: Verdict, at: datetime) -> None:
        with writing(context.engine) as connection:
            (signal, *_) = signals.signals_between(connection, NOON - DAY, NOON)
            verdicts.give(connection, signal, verdict, by="ann", note="", at=at)

    def index(self, context: Context, at: datetime) -> float:
        return assess(context, at).assessments["defense"].deepening.index

    def test_routine_halves_the_value_and_false_ends_it(self, context: Context) -> None:
        record(context, PATROL)
        whole = assess(context, NOON).assessments["defense"].deepening.stories[0]
        self.given(context, Verdict.ROUTINE, NOON)
        half = assess(context, NOON).assessments["defense"].deepening.stories[0]
        assert half.value == pytest.approx(whole.value / 2)
        assert half.review == 0.5
        self.given(context, Verdict.FALSE, NOON + timedelta(minutes=1))
        assert self.index(context, NOON + timedelta(minutes=2)) == 0.0

    def test_the_latest_verdict_holds(self, context: Context) -> None:
        record(context, PATROL)
        before = self.index(context, NOON)
        self.given(context, Verdict.FALSE, NOON)
        self.given(context, Verdict.TRUE, NOON)
        assert self.index(context, NOON) == before

    def test_an_earlier_picture_does_not_know_a_later_verdict(self, context: Context) -> None:
        record(context, PATROL)
        before = self.index(context, NOON)
        self.given(context, Verdict.FALSE, NOON + timedelta(hours=1))
        assert self.index(context, NOON) == before

    def test_a_reprint_of_a_false_story_is_false_too(self, context: Context) -> None:
        record(context, PATROL)
        self.given(context, Verdict.FALSE, NOON)
        record(context, replace(PATROL, key="reprint", feed_id="ribao"), feed_id="ribao")
        assert self.index(context, NOON + timedelta(minutes=1)) == 0.0

    def test_a_digest_says_what_was_left_out(self, context: Context) -> None:
        record(context, PATROL)
        self.given(context, Verdict.FALSE, NOON)
        digest = compose_now(context, context.config.recipients[0], SIX)
        assert digest.developments == ()
        assert digest.held_back == ("1 new story was marked false and left out.",)


def test_a_digest_that_cannot_be_written_keeps_nobody_from_theirs(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = [Recipient(id=name, address=f"{name}@example.org") for name in ("broken", "watch")]
    context = with_recipients(context, *readers)
    assert compose_due(context, NOON) == []

    def broken(digest: Digest, **options: Any) -> Message:
        if digest.recipient_id == "broken":
            raise ZeroDivisionError
        return render(digest, **options)

    with monkeypatch.context() as patch:
        patch.setattr("monitor.services.compose.render", broken)
        with pytest.raises(ExceptionGroup, match="a reason of ours"):
            compose_due(context, NOON + DAY)
    with reading(context.engine) as connection:
        assert digests.last_digest(connection, "watch", NOON + DAY) is not None
        assert digests.last_digest(connection, "broken", NOON + DAY) is None
    assert [digest.recipient_id for digest in compose_due(context, NOON + DAY)] == ["broken"]


def test_an_event_under_an_old_date_is_not_hidden_in_silence(context: Context) -> None:
    record(context, replace(PATROL, key="first", title="Nothing of note", summary=""), at=NOON - DAY)
    record(context, replace(PATROL, published_at=NOON - 40 * DAY))
    digest = compose_now(context, context.config.recipients[0], SIX)
    assert digest.held_back == (
        "1 report that is dated over 30 days ago was found only now: "
        "it counts in the scores and is not told as new.",
    )
    assert compose_now(context, context.config.recipients[0], SIX + DAY).held_back == ()


def test_what_a_new_feed_held_is_old_by_its_nature(context: Context) -> None:
    record(context, replace(PATROL, published_at=NOON - 40 * DAY))
    assert compose_now(context, context.config.recipients[0], SIX).held_back == ()


class TestSurprise:
    def test_a_baseline_forms_from_days_that_were_read(self, context: Context) -> None:
        self.days_read(context, 0.9)
        titles = (
            "begin a patrol of seven grey ships",
            "end their yearly winter patrol early",
            "start another patrol beyond that strait",
        )
        for number, title in enumerate(titles):
            patrol = replace(PATROL, key=str(number), title=f"Russia and China {title}", published_at=NOON)
            record(context, patrol)
        week = assess(context, NOON).weeks["defense"]
        assert week.usual == (0, 0)
        assert (week.weeks or 0) > 100

    def test_days_on_which_little_was_read_are_no_baseline(self, context: Context) -> None:
        self.days_read(context, 0.6)
        assert assess(context, NOON).weeks["defense"].usual is None

    def days_read(self, context: Context, coverage: float) -> None:
        with writing(context.engine) as connection:
            for day in range(8, 48):
                keep(connection, replace(an_assessment(at=NOON - day * DAY), coverage=coverage))

    def test_without_days_behind_it_a_week_is_compared_with_nothing(self, context: Context) -> None:
        record(context, PATROL)
        assert assess(context, NOON).weeks["defense"] == Surprise(1)


def test_the_next_digest_says_what_moved_the_index(context: Context) -> None:
    record(context, PATROL)
    compose_now(context, context.config.recipients[0], SIX)
    fresh = replace(PATROL, key="2", title="Russia and China: another patrol in waters far up north")
    record(context, fresh, at=SIX + timedelta(hours=1))
    digest = compose_now(context, context.config.recipients[0], SIX + DAY)
    line = next(line for line in digest.lines if line.domain == "defense")
    assert line.cause is not None
    assert line.cause.total == pytest.approx(line.deepening_change)
    assert line.cause.new_stories > 0 > line.cause.decay


class TestStoryEdits:
    TITLES = ("Russia and China begin a patrol", "Russia and China: seven grey ships on patrol up north")

    def stories(self, context: Context, at: datetime = SIX) -> list[set[int]]:
        return [{s.entry_id for s in story.signals} for story in assess(context, at).stories]

    def test_what_a_person_says_of_stories_holds_from_then_on(self, context: Context) -> None:
        for title in self.TITLES:
            record(context, replace(PATROL, key=title, title=title))
        (one,), (other,) = self.stories(context)
        with writing(context.engine) as connection:
            story_edits.give(connection, [(one, other)], together=True, by="ann", note="", at=SIX)
        assert self.stories(context, SIX - timedelta(minutes=1)) == [{one}, {other}]
        assert self.stories(context) == [{one, other}]
        with writing(context.engine) as connection:
            story_edits.give(connection, [(other, one)], together=False, by="ann", note="", at=SIX)
        assert self.stories(context) == [{one}, {other}]
