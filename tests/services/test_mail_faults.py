"""The outbox before a real mail server on a socket, and everything that such a server can do to it."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from monitor.core.model import Message, Recipient
from monitor.notifiers.smtp import SmtpNotifier
from monitor.services.compose import compose_now
from monitor.services.context import Context
from monitor.services.deliver import (
    UNKNOWN_TRIES,
    UNKNOWN_WAITS,
    DeliveryReport,
    Result,
    deliver_all,
    try_again,
)
from monitor.services.holding_back import LONGEST_WAIT, held_back
from monitor.storage import deliveries, meta
from monitor.storage.engine import reading, writing
from tests.notifiers.servers import Mailbox, Script, mail_server, scripted_server, server_tls, trusting_tls
from tests.services.test_digests import PATROL, SIX, record, with_recipients

MINUTE = timedelta(minutes=1)
SYSTEM_TLS = ssl.create_default_context()  # as the notifier makes it; it takes a while


@dataclass
class Clock:
    at: datetime = SIX


@dataclass
class Choosy(Mailbox):
    """A mail server that refuses some recipients, or everybody."""

    refused: dict[str, str] = field(default_factory=dict)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.refused.get(address, self.refused.get("*")):
            return answer
        return await super().handle_RCPT(server, session, envelope, address, options)


def recipients(number: int) -> tuple[Recipient, ...]:
    return tuple(Recipient(id=f"r{n:02}", address=f"r{n:02}@example.org") for n in range(number))


def with_mail(context: Context, number: int = 1) -> Context:
    """A context whose recipients have one digest each in the outbox."""
    context = with_recipients(context, *recipients(number))
    for recipient in context.config.recipients:
        compose_now(context, recipient, SIX)
    return context


async def sent(context: Context, port: int, clock: Clock, **options: Any) -> list[DeliveryReport]:
    settings = {
        "host": "127.0.0.1",
        "sender": "entente@example.org",
        "security": "none",
        "timeout_s": 5.0,
        "tls": SYSTEM_TLS,
    }
    notifier = SmtpNotifier(**{**settings, "port": port, **options})
    return await asyncio.to_thread(
        deliver_all, context, notifier, now=lambda: clock.at, jitter=lambda: 1.0, claimant="test"
    )


def results(reports: list[DeliveryReport]) -> list[Result]:
    return [report.result for report in reports]


def counts(context: Context) -> dict[str, int]:
    with reading(context.engine) as connection:
        return deliveries.counts(connection)


def held(context: Context) -> str:
    with reading(context.engine) as connection:
        return held_back(connection).words


@contextmanager
def nobody_listening() -> Iterator[int]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


async def test_63_an_hour_without_a_server_costs_a_try_at_a_time_and_no_mail(context: Context) -> None:
    context, clock, tries = with_mail(context, 20), Clock(), 0
    with nobody_listening() as port:
        for _ in range(120):  # a turn every 30 s
            tries += len(await sent(context, port, clock))
            clock.at += timedelta(seconds=30)
    # 0, 0:30, 1:30, 3:30, 7:30, 15:30, 31:30 and not again within the hour
    assert tries == 7
    assert counts(context) == {"pending": 20}
    assert "refused" in held(context)
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        clock.at += LONGEST_WAIT
        assert results(await sent(context, port, clock)) == [Result.SENT] * 20
    assert len({envelope.rcpt_tos[0] for envelope in mailbox.envelopes}) == 20
    assert held(context) == ""


async def test_63_a_back_off_is_a_row_of_the_database_and_survives_a_restart(context: Context) -> None:
    context, clock = with_mail(context), Clock()
    with nobody_listening() as port:
        for wait in (30, 60, 120):
            assert results(await sent(context, port, clock)) == [Result.RETRY]
            clock.at += timedelta(seconds=wait - 1)
            context.engine.dispose()  # whoever asks next knows what the database says
            assert await sent(context, port, clock) == []
            clock.at += timedelta(seconds=1)


async def test_63_a_name_that_does_not_resolve_and_a_wrong_certificate_lose_nothing(context: Context) -> None:
    context, clock = with_mail(context), Clock()
    (report,) = await sent(context, 25, clock, host="mail.invalid")
    assert report.result is Result.RETRY
    clock.at += MINUTE
    mailbox = Mailbox()
    async with mail_server(mailbox, tls_context=server_tls()) as port:
        (report,) = await sent(context, port, clock, host="localhost", security="starttls")
        assert "CERTIFICATE_VERIFY_FAILED" in report.detail
        assert mailbox.senders == []
        clock.at += 2 * MINUTE
        trusting = {"host": "localhost", "security": "starttls", "tls": trusting_tls()}
        assert results(await sent(context, port, clock, **trusting)) == [Result.SENT]
    assert mailbox.secured == [True]


async def test_63_a_server_without_starttls_gets_no_mail_in_clear(context: Context) -> None:
    context, mailbox = with_mail(context), Mailbox()
    async with mail_server(mailbox) as port:
        (report,) = await sent(context, port, Clock(), security="starttls")
    assert report.result is Result.RETRY
    assert "STARTTLS" in held(context)
    assert mailbox.senders == []


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "dot"])
async def test_64_a_passing_refusal_at_any_step_is_followed_by_the_same_bytes(
    context: Context, step: str
) -> None:
    context, clock = with_mail(context), Clock()
    async with scripted_server(Script(answers={step: ["451 not now"]})) as port:
        for _ in range(3):
            assert results(await sent(context, port, clock)) == [Result.RETRY]
            clock.at += LONGEST_WAIT
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        assert results(await sent(context, port, clock)) == [Result.SENT]
    with reading(context.engine) as connection:
        frozen = connection.exec_driver_sql("SELECT payload FROM deliveries").scalar_one()
    assert [envelope.content for envelope in mailbox.envelopes] == [bytes(frozen)]


async def test_65_one_refused_recipient_of_twenty_costs_nobody_else_anything(context: Context) -> None:
    context, clock = with_mail(context, 20), Clock()
    mailbox = Choosy(refused={"r07@example.org": "550 no such user"})
    async with mail_server(mailbox) as port:
        assert Counter(results(await sent(context, port, clock))) == {Result.SENT: 19, Result.FAILED: 1}
        clock.at += 9 * LONGEST_WAIT
        assert await sent(context, port, clock) == []
    assert counts(context) == {"sent": 19, "failed": 1}
    assert held(context) == ""


@pytest.mark.parametrize("everybody", ["RCPT", "MAIL"])
async def test_66_when_everybody_is_refused_no_mail_is_given_up_and_the_tries_are_few(
    context: Context, everybody: str
) -> None:
    context, clock, tries = with_mail(context, 20), Clock(), 0
    mailbox = Choosy(
        refused={"*": "550 blocked"} if everybody == "RCPT" else {},
        answers={"MAIL": "550 your sender is blocked"} if everybody == "MAIL" else {},
    )
    async with mail_server(mailbox) as port:
        for _ in range(24 * 6):  # a day
            tries += len(await sent(context, port, clock))
            clock.at += 10 * MINUTE
        assert 48 <= tries <= 60
        assert counts(context) == {"pending": 20}
        assert "blocked" in held(context)
        mailbox.refused.clear()
        mailbox.answers.clear()
        for _ in range(3):
            clock.at += LONGEST_WAIT
            await sent(context, port, clock)
    assert counts(context) == {"sent": 20}
    assert len({envelope.rcpt_tos[0] for envelope in mailbox.envelopes}) == len(mailbox.envelopes) == 20


async def test_66_a_row_of_dead_addresses_holds_nobody_back_for_long(context: Context) -> None:
    context, clock = with_mail(context, 20), Clock()
    mailbox = Choosy(refused={f"r{n:02}@example.org": "550 no such user" for n in range(6)})
    async with mail_server(mailbox) as port:
        await sent(context, port, clock)
        clock.at += MINUTE
        await sent(context, port, clock)
        clock.at += MINUTE
        await sent(context, port, clock)
    assert counts(context)["sent"] == 14


async def test_67_a_message_cut_off_after_its_end_is_unknown_and_comes_again_as_it_was(
    context: Context,
) -> None:
    context, clock = with_mail(context), Clock()
    async with scripted_server(Script(answers={"dot": [None]})) as port:
        assert results(await sent(context, port, clock)) == [Result.UNKNOWN]
    assert counts(context) == {"unknown": 1}
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        clock.at += UNKNOWN_WAITS - timedelta(seconds=1)
        assert await sent(context, port, clock) == []
        clock.at += timedelta(seconds=1)
        assert results(await sent(context, port, clock)) == [Result.SENT]
    (envelope,) = mailbox.envelopes
    with reading(context.engine) as connection:
        row = connection.exec_driver_sql("SELECT payload, message_id FROM deliveries").one()
    assert envelope.content == bytes(row.payload)
    assert f"Message-ID: {row.message_id}".encode() in envelope.content


async def test_67_an_answer_that_is_lost_every_time_ends_and_is_told(context: Context) -> None:
    context, clock, found = with_mail(context), Clock(), list[Result]()
    async with scripted_server(Script(answers={"dot": [None]})) as port:
        for _ in range(2 * UNKNOWN_TRIES):
            found += results(await sent(context, port, clock))
            clock.at += 2 * timedelta(hours=1)
    assert found == [Result.UNKNOWN] * (UNKNOWN_TRIES - 1) + [Result.FAILED]
    with reading(context.engine) as connection:
        (told,) = deliveries.refused_since(connection, SIX - MINUTE)
    assert told.error.startswith(f"given up after {UNKNOWN_TRIES} tries")
    assert "may have arrived" in told.error
    assert try_again(context, clock.at) == 1
    async with mail_server(Mailbox()) as port:
        assert results(await sent(context, port, clock)) == [Result.SENT]


async def test_67_a_silence_after_the_end_holds_nobody_else_back(context: Context) -> None:
    context, clock = with_mail(context, 3), Clock()
    async with scripted_server(Script(answers={"dot": [0.5]})) as port:
        reports = await sent(context, port, clock, final_reply_s=0.1)
    assert results(reports) == [Result.UNKNOWN] * 3


async def test_68_a_late_answer_is_waited_for_and_makes_no_copy(context: Context) -> None:
    context, clock, script = with_mail(context), Clock(), Script(answers={"dot": [0.8, "250 at last"]})
    async with scripted_server(script) as port:
        reports = await sent(context, port, clock, timeout_s=0.3, final_reply_s=20.0)
        assert results(reports) == [Result.SENT]
        clock.at += timedelta(days=1)
        assert await sent(context, port, clock) == []
    assert script.heard.count("dot") == 1


KILLED = """
import os, signal, sys
from datetime import datetime, timedelta
from monitor.notifiers.smtp import SmtpNotifier
from monitor.storage import deliveries
from monitor.storage.engine import open_engine, writing
engine = open_engine(sys.argv[1])
with writing(engine) as connection:
    delivery = deliveries.claim_next(connection, datetime.fromisoformat(sys.argv[3]), by="to be killed")
notifier = SmtpNotifier(host="127.0.0.1", port=int(sys.argv[2]), sender="e@example.org", security="none")
notifier.send(delivery.message)
os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_69_a_kill_between_acceptance_and_its_mark_makes_one_copy_with_the_same_id(
    context: Context,
) -> None:
    context, clock, mailbox = with_mail(context), Clock(), Mailbox()
    url = context.engine.url.render_as_string(hide_password=False)
    async with mail_server(mailbox) as port:
        command = [sys.executable, "-c", KILLED, url, str(port), SIX.isoformat()]
        ended = await asyncio.to_thread(subprocess.run, command, cwd=Path(__file__).parents[2], check=False)
        assert ended.returncode == -signal.SIGKILL
        clock.at += 10 * MINUTE
        assert await sent(context, port, clock) == []
        clock.at += 6 * MINUTE
        assert results(await sent(context, port, clock)) == [Result.SENT]
        clock.at += timedelta(days=1)
        assert await sent(context, port, clock) == []
    first, copy = mailbox.envelopes
    assert first.content == copy.content


@pytest.mark.parametrize("why", ["unsubscribed", "removed", "moved"])
async def test_70_who_left_between_composing_and_a_retry_gets_nothing(context: Context, why: str) -> None:
    context, clock = with_mail(context, 2), Clock()
    with nobody_listening() as port:
        await sent(context, port, clock)
    gone, stays = context.config.recipients
    if why == "unsubscribed":
        with writing(context.engine) as connection:
            meta.put(connection, meta.UNSUBSCRIBED + gone.id, SIX.isoformat())
    elif why == "removed":
        context = with_recipients(context, stays)
    else:
        context = with_recipients(context, replace(gone, address="elsewhere@example.org"), stays)
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        clock.at += MINUTE
        assert Counter(results(await sent(context, port, clock))) == {Result.CANCELLED: 1, Result.SENT: 1}
        clock.at += timedelta(days=1)
        assert await sent(context, port, clock) == []
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [[stays.address]]
    assert counts(context) == {"cancelled": 1, "sent": 1}


async def test_65_a_lone_recipient_that_is_refused_is_held_back_and_told(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    context, clock = with_mail(context), Clock()
    mailbox = Choosy(refused={"*": "550 5.7.1 relaying denied"})
    async with mail_server(mailbox) as port:
        assert results(await sent(context, port, clock)) == [Result.RETRY]
        assert "relaying denied" in held(context)
        (told,) = (one for one in caplog.records if one.message == "mail not sent: retry")
        assert vars(told)["recipient"] == "r00@example.org"
        assert "relaying denied" in vars(told)["reason"]
        mailbox.refused.clear()
        clock.at += 2 * LONGEST_WAIT
        await sent(context, port, clock)
    assert counts(context) == {"sent": 1}


async def test_65_one_message_that_a_lone_recipients_server_never_takes_ends(context: Context) -> None:
    context, clock = with_mail(context), Clock()
    mailbox = Choosy(refused={"*": "554 this one is spam"})
    async with mail_server(mailbox) as port:
        assert results(await sent(context, port, clock)) == [Result.RETRY]
        clock.at += 30 * MINUTE
        compose_now(context, context.config.recipients[0], clock.at)
        mailbox.refused.clear()
        assert results(await sent(context, port, clock)) == [Result.SENT]
        mailbox.refused["*"] = "554 this one is spam"
        clock.at += 2 * LONGEST_WAIT
        assert results(await sent(context, port, clock)) == [Result.FAILED]
    assert held(context) == ""
    assert counts(context) == {"failed": 1, "sent": 1}


async def test_65_what_was_refused_leaves_as_it_was_when_a_person_says_so(context: Context) -> None:
    context, clock = with_mail(context, 3), Clock()
    mailbox = Choosy(refused={"r01@example.org": "550 mailbox full"})
    async with mail_server(mailbox) as port:
        await sent(context, port, clock)
        with reading(context.engine) as connection:
            (refused,) = deliveries.refused_since(connection, SIX - MINUTE)
        assert (refused.recipient, "mailbox full" in refused.error) == ("r01@example.org", True)
        mailbox.refused.clear()
        assert try_again(context, clock.at) == 1
        assert results(await sent(context, port, clock)) == [Result.SENT]
    assert counts(context) == {"sent": 3}


async def test_70_what_a_wrong_address_was_to_get_the_right_one_gets(context: Context) -> None:
    record(context, PATROL)
    context, clock = with_mail(context), Clock()
    (reader,) = context.config.recipients
    context = with_recipients(context, replace(reader, address="right@example.org"))
    async with mail_server(Mailbox()) as port:
        assert results(await sent(context, port, clock)) == [Result.CANCELLED]
    digest = compose_now(context, context.config.recipients[0], SIX + MINUTE)
    assert [one.indicator_id for one in digest.developments] == ["defense.patrol"]
    assert digest.developments[0].is_new


async def test_70_one_of_two_readers_of_an_address_can_leave(context: Context) -> None:
    context, clock = with_mail(context, 2), Clock()
    gone, stays = (replace(one, address="desk@example.org") for one in context.config.recipients)
    context = with_recipients(context, gone, stays)
    for reader in context.config.recipients:
        compose_now(context, reader, SIX + MINUTE)
    with writing(context.engine) as connection:
        meta.put(connection, meta.UNSUBSCRIBED + gone.id, SIX.isoformat())
    clock.at += MINUTE
    async with mail_server(Mailbox()) as port:
        # The first two are to their former addresses.
        found = Counter(results(await sent(context, port, clock)))
    assert found == {Result.CANCELLED: 3, Result.SENT: 1}


async def test_73_urgent_mail_leaves_before_digests(context: Context) -> None:
    context, clock, mailbox = with_mail(context, 3), Clock(), Mailbox()
    with writing(context.engine) as connection:
        message = Message(
            recipient="r01@example.org",
            message_id="<urgent@example.org>",
            subject="now",
            payload=b"Subject: now\r\n",
        )
        deliveries.enqueue(connection, message, digest_id=None, at=clock.at)
    async with mail_server(mailbox) as port:
        await sent(context, port, clock)
    assert [b"Subject: now" in (one.content or b"") for one in mailbox.envelopes] == [
        True,
        False,
        False,
        False,
    ]


HOSTILE = (
    "Russia and China begin a patrol\r\nBcc: victim@example.net\r\n\r\n.\r\nMAIL FROM:<evil@example.net>",
    "Russia and China begin a patrol\n.\nRCPT TO:<victim@example.net>",
    "Russia and China begin a patrol\r.\rDATA",
    "Russia and China begin a patrol\u2028Bcc: victim@example.net\u0085X-Injected: yes\x1b[31m",
    "Russia and China begin a patrol " + "x" * 5_000,
    "Russia and China begin a patrol\r\n\r\n" + ".\r\n" * 40,
)


HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "MIME-Version", "Content-Type"),
}


@dataclass
class Raw:
    """What a server heard, byte for byte."""

    heard: bytes = b""


@asynccontextmanager
async def raw_server(raw: Raw) -> Any:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        in_data = False
        while line := await reader.readline():
            raw.heard += line
            if in_data:
                in_data = line != b".\r\n"
                if in_data:
                    continue
            in_data = line.upper() == b"DATA\r\n"
            writer.write(b"354 go on\r\n" if in_data else b"250 fine\r\n")
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, limit=2**20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def composed_of(context: Context, title: str) -> Message:
    """The message of a digest that tells of an entry with a title, from a feed that is named like it."""
    record(context, replace(PATROL, title=title, summary=title, link="https://wire.example.org/1"))
    assert compose_now(context, context.config.recipients[0], SIX).developments
    with reading(context.engine) as connection:
        row = connection.exec_driver_sql(
            "SELECT recipient, message_id, subject, payload FROM deliveries"
        ).one()
    return Message(recipient=row[0], message_id=row[1], subject=row[2], payload=bytes(row[3]))


@pytest.mark.parametrize("number", range(len(HOSTILE)))
async def test_71_72_no_title_adds_a_header_a_recipient_a_command_or_a_second_message(
    context: Context, number: int
) -> None:
    message, raw = composed_of(context, HOSTILE[number]), Raw()
    async with raw_server(raw) as port:
        assert results(await sent(context, port, Clock())) == [Result.SENT]
    lines = raw.heard.split(b"\r\n")
    assert [line.upper()[:4] for line in lines if line[:5].upper() in (b"MAIL ", b"RCPT ")] == [
        b"MAIL",
        b"RCPT",
    ]
    assert [line for line in lines if line.upper() == b"DATA"] == [b"DATA"]
    assert lines.count(b".") == 1
    assert all(len(line) <= 998 for line in lines)
    assert b"\r" not in raw.heard.replace(b"\r\n", b"")
    assert b"\n" not in raw.heard.replace(b"\r\n", b"")
    parsed = message_from_bytes(message.payload, policy=default)
    assert set(parsed.keys()) <= HEADERS
    assert parsed["To"] == "watch@example.org"
    assert not parsed.defects


async def test_72_dot_lines_arrive_as_they_are(context: Context) -> None:
    payload = b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n...\r\nend\r\n"
    with writing(context.engine) as connection:
        message = Message(
            recipient="watch@example.org", message_id="<dots@example.org>", subject="dots", payload=payload
        )
        deliveries.enqueue(connection, message, digest_id=None, at=SIX)
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        assert results(await sent(context, port, Clock())) == [Result.SENT]
    assert mailbox.envelopes[0].content == payload
