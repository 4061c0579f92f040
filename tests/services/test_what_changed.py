"""What changed since the last digest, from real signals through compose to the text that leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from sqlalchemy import Connection

from monitor.core.digest import Digest
from monitor.core.model import Entry, Level, Recipient
from monitor.core.review import Verdict
from monitor.rendering import render_text
from monitor.services.compose import compose_due, compose_now, render_message
from monitor.services.context import Context
from monitor.storage import digests, signals, story_edits, verdicts
from monitor.storage.engine import reading, writing
from monitor.storage.frozen import thaw
from tests.core.builders import NOON
from tests.services.test_digests import DAY, PATROL, SIX, record, with_recipients

SHIPS = replace(PATROL, key="ships", title="Russia and China: seven grey ships on patrol up north")
LONG_AGO = replace(PATROL, key="old", published_at=NOON - 5 * DAY)


def told(context: Context, at: datetime = SIX) -> Digest:
    return compose_now(context, context.config.recipients[0], at)


def changed(digest: Digest) -> list[str]:
    """The lines under WHAT CHANGED, blanks folded and long lines joined."""
    text = render_text(digest)
    if "WHAT CHANGED" not in text:
        return []
    block = text[text.index("WHAT CHANGED") :].split("\n\n")[0].split("\n")[1:]
    lines: list[str] = []
    for line in block:
        if line.startswith(" "):
            lines[-1] += " " + line
        else:
            lines.append(line)
    return [" ".join(line.split()) for line in lines]


def patrols(connection: Connection) -> list[int]:
    return [signal.entry_id for signal in signals.signals_between(connection, NOON - 9 * DAY, SIX + 9 * DAY)]


def as_one_story(context: Context, at: datetime) -> None:
    with writing(context.engine) as connection:
        one, other = patrols(connection)
        story_edits.give(connection, [(one, other)], together=True, by="ann", note="", at=at)


def test_a_new_story_is_told_once_with_its_points(context: Context) -> None:
    record(context, PATROL)
    (line,) = changed(told(context))
    assert line.startswith("New Defense: Patrol B3 · +")
    assert changed(told(context, SIX + timedelta(hours=1))) == []


def test_a_second_publisher_makes_a_known_story_stronger_not_new(context: Context) -> None:
    record(context, replace(PATROL, feed_id="ribao"), feed_id="ribao")
    assert [d.grade for d in told(context).developments] == ["C3"]
    later = SIX + timedelta(hours=3)
    record(context, SHIPS, at=later)
    as_one_story(context, later)
    digest = told(context, SIX + DAY)
    assert digest.new_stories == 0
    (stronger, *rest) = changed(digest)
    assert stronger.startswith("Stronger Defense: Patrol; 1 more publisher C3 → B2 · +")
    assert rest == []
    (story,) = digest.developments
    assert (story.is_new, story.is_stronger) == (False, True)


def test_what_grows_old_fades(context: Context) -> None:
    record(context, PATROL)
    told(context)
    (line,) = changed(told(context, SIX + 7 * DAY))
    assert line.startswith("Fading Defense: Patrol, 7 days old −")


def test_a_verdict_is_ours_and_no_news(context: Context) -> None:
    record(context, PATROL)
    told(context)
    with writing(context.engine) as connection:
        (signal,) = signals.signals_between(connection, NOON - DAY, NOON)
        verdicts.give(connection, signal, Verdict.ROUTINE, by="ann", note="", at=SIX + timedelta(hours=1))
    lines = changed(told(context, SIX + DAY))
    assert lines[0].startswith("Ours Defense: verdicts −")
    assert lines[1:] == ["Ours Defense: Patrol, marked routine"]


def test_an_edit_of_the_rules_is_named_where_it_moves_nothing_too(context: Context) -> None:
    told(context)
    edited = replace(context, catalog=replace(context.catalog, revision="fffffff"))
    assert changed(told(edited, SIX + DAY)) == [f"Ours rules fffffff, before {context.catalog.revision}"]


def test_a_verdict_of_a_domain_that_the_reader_does_not_read_is_not_told(context: Context) -> None:
    economist = Recipient(id="e", address="e@example.org", domains=("economy",))
    record(context, PATROL)
    compose_now(context, economist, SIX)
    with writing(context.engine) as connection:
        (signal,) = signals.signals_between(connection, NOON - DAY, NOON)
        verdicts.give(connection, signal, Verdict.FALSE, by="ann", note="", at=SIX + timedelta(hours=1))
    assert changed(compose_now(context, economist, SIX + DAY)) == []


class TestThreads:
    def mail(self, context: Context, digest: Digest) -> EmailMessage:
        mail = message_from_bytes(render_message(context, digest).payload, policy=SMTP)
        assert isinstance(mail, EmailMessage)
        return mail

    def test_digests_of_a_week_are_one_thread(self, context: Context) -> None:
        first, second = told(context), told(context, SIX + DAY)
        assert self.mail(context, first)["References"] == self.mail(context, second)["References"]

    def test_a_level_that_changed_to_elevated_begins_its_own(self, context: Context) -> None:
        told(context)
        record(context, PATROL, LONG_AGO, at=SIX + timedelta(hours=1))
        digest = told(context, SIX + DAY)
        assert next(line.level for line in digest.lines) is Level.ELEVATED
        assert self.mail(context, digest)["References"] is None
        assert self.mail(context, told(context, SIX + 2 * DAY))["References"] is not None

    def test_a_smaller_change_does_not(self, context: Context) -> None:
        told(context)
        record(context, PATROL, at=SIX + timedelta(hours=1))
        digest = told(context, SIX + DAY)
        assert next(line.level for line in digest.lines) is Level.NOTABLE
        assert self.mail(context, digest)["References"] is not None


class TestWeekly:
    def composed(self, context: Context) -> tuple[Digest, EmailMessage, bytes]:
        weekly = Recipient(id="w", address="w@example.org", cadences=("weekly tue 06:00",))
        one = with_recipients(context, weekly)
        compose_due(one, NOON - 7 * DAY)
        record(one, PATROL)
        (digest,) = compose_due(one, SIX)
        message = render_message(one, digest)
        mail = message_from_bytes(message.payload, policy=SMTP)
        assert isinstance(mail, EmailMessage)
        return digest, mail, message.payload

    def pictures(self, mail: EmailMessage) -> int:
        return sum(part.get_content_type() == "image/png" for part in mail.walk())

    def test_a_weekly_digest_has_a_picture_of_each_domain_and_replays_to_the_same_bytes(
        self, context: Context
    ) -> None:
        digest, mail, payload = self.composed(context)
        assert [len(trend.deepening) for trend in digest.trends] == [26] * 5
        assert self.pictures(mail) == 5
        with reading(context.engine) as connection:
            (stored,) = digests.composed_between(connection, "w", SIX - DAY, SIX + DAY)
        assert stored.payload == payload
        assert render_message(context, thaw(stored.content)).payload == payload

    def test_where_no_picture_can_be_drawn_it_leaves_with_the_numbers(
        self, context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.executable", "/no/such/python")
        digest, mail, _ = self.composed(context)
        assert self.pictures(mail) == 0
        assert len(digest.trends) == 5
        html = mail.get_body(("html",))
        assert html is not None
        assert "The picture could not be drawn" in html.get_content()

    def test_a_daily_digest_has_none(self, context: Context) -> None:
        assert told(context).trends == ()


def test_one_event_of_two_indicators_is_one_block_and_counts_once(context: Context) -> None:
    both: Entry = replace(PATROL, title="Russia and China begin a patrol amid a quarrel")
    record(context, both)
    digest = told(context)
    assert digest.new_stories == 1
    (story,) = digest.developments
    assert {story.domain, *(one.domain for one in story.readings)} == {"defense", "economy"}
    text = " ".join(render_text(digest).split())
    assert text.count("amid a") == 1
    (other,) = story.readings
    assert f"; also {other.domain.capitalize()}: {other.indicator_title}" in text
    assert f"Also {other.domain.capitalize()}: {other.indicator_title} (" in text
    assert "Nothing new in Democracy, Technology and Global influence." in text
