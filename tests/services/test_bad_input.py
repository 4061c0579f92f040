"""What a digest does with input that is missing or wrong: it says so, and leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.digest import Digest
from monitor.core.model import Recipient
from monitor.rendering import render_html, render_text, subject
from monitor.services.compose import compose_due, compose_now
from monitor.services.context import Context
from monitor.storage import feeds
from monitor.storage.engine import writing
from tests.core.builders import NOON
from tests.services.test_digests import DAY, PATROL, SIX, Mailbox, body, delivered, record, with_recipients
from tests.storage.builders import an_assessment, keep


def told(context: Context) -> Digest:
    return compose_now(context, context.config.recipients[0], SIX)


def said_in(text: str) -> str:
    return " ".join(text.split())


def in_both(digest: Digest, words: str) -> bool:
    """Whether text and HTML say it."""
    return words in said_in(render_text(digest)) and words in said_in(render_html(digest))


def test_a_story_without_a_date_counts_from_when_it_was_first_seen_and_says_so(context: Context) -> None:
    record(context, replace(PATROL, published_at=None))
    assert in_both(told(context), "23 Nov 12:00Z, when first seen: it has no date")


def test_a_date_in_the_future_counts_from_when_it_was_first_seen_and_says_so(context: Context) -> None:
    record(context, replace(PATROL, published_at=NOON + 400 * DAY))
    digest = told(context)
    assert in_both(digest, "23 Nov 12:00Z, when first seen: its date lies in the future")
    assert [d.is_new for d in digest.developments] == [True]


def test_a_clock_that_is_wrong_by_minutes_is_no_wrong_date(context: Context) -> None:
    record(context, replace(PATROL, published_at=NOON + timedelta(minutes=50)))
    assert "when first seen" not in render_text(told(context))


def test_a_source_without_a_grade_is_shown_as_that_and_so_is_its_story(context: Context) -> None:
    wire, ribao = context.config.feeds
    with writing(context.engine) as connection:
        feeds.sync_feeds(connection, (replace(wire, reliability="F"), ribao), at=NOON)
    record(context, PATROL)
    digest = told(context)
    assert in_both(digest, "Sample Wire (F, not graded)")
    assert in_both(digest, "F6, cannot be judged")


def test_a_domain_without_history_says_that_its_baseline_is_forming(context: Context) -> None:
    with writing(context.engine) as connection:
        for day in range(8, 48):
            keep(connection, replace(an_assessment(at=NOON - day * DAY), coverage=0.9))
    digest = told(context)
    assert in_both(digest, "baseline forming: not assessed before this week")
    history = {line.domain: line.history for line in digest.lines}
    assert history["economy"][:-1] == (None,) * 6
    assert None not in history["defense"]


def test_a_first_digest_says_that_the_baseline_is_forming_once_for_all(context: Context) -> None:
    text = said_in(render_text(told(context)))
    assert "the usual number is not known yet: the baseline is forming" in text
    assert "······" in text


def test_a_vanished_time_zone_is_told_and_the_digest_leaves_by_utc(context: Context) -> None:
    lost = Recipient(id="lost", address="lost@example.org", timezone="Europe/Nowhere")
    one = with_recipients(context, lost)
    compose_due(one, NOON)
    (digest,) = compose_due(one, SIX)
    assert (digest.due_at, digest.next_due_at) == (SIX, SIX + DAY)
    assert in_both(digest, "This machine does not know the time zone Europe/Nowhere")
    assert subject(digest).endswith(" - 24 Nov 06:00 UTC")
    mailbox = Mailbox()
    delivered(one, mailbox)
    assert "Europe/Nowhere" in body(mailbox.sent[0])


def test_a_vanished_zone_of_one_recipient_stops_nobody_else(context: Context) -> None:
    lost = Recipient(id="lost", address="lost@example.org", timezone="Europe/Nowhere")
    two = with_recipients(context, lost, *context.config.recipients)
    compose_due(two, NOON)
    assert {digest.recipient_id for digest in compose_due(two, SIX)} == {"lost", "watch"}


@pytest.mark.parametrize("recipient", [Recipient(id="a", address="a@example.org", timezone="Asia/Shanghai")])
def test_a_zone_that_is_known_is_not_remarked_on(context: Context, recipient: Recipient) -> None:
    digest = compose_now(context, recipient, SIX)
    assert digest.lost_timezone == ""
    assert "does not know the time zone" not in render_text(digest)


def test_coverage_under_70_per_cent_stands_in_the_subject_and_before_the_bottom_line(
    context: Context,
) -> None:
    record(context, PATROL)
    told(context)
    record(context, replace(PATROL, key="2", title="Russia and China end the patrol"), at=SIX)
    digest = compose_now(context, context.config.recipients[0], SIX + timedelta(hours=1))
    assert digest.coverage.share < 0.7
    assert "only 50% of feeds read" in subject(digest) or "1 of 2 feeds healthy" in subject(digest)
    assert in_both(digest, "Only 1 of 2 feeds could be read (50%): silence proves little.")
    text = render_text(digest)
    assert text.index("silence proves little") < text.index("Confidence in the reporting: low")


def test_with_no_feed_read_at_all_the_digest_still_leaves(context: Context) -> None:
    digest = told(context)
    assert in_both(digest, "Only 0 of 2 feeds could be read (0%): silence proves little.")
    assert in_both(digest, "low that nothing was missed")
