from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import Message
from monitor.errors import DeliveryError
from monitor.notifiers.smtp import SmtpNotifier
from tests.notifiers.servers import (
    PASSWORD,
    Mailbox,
    Script,
    mail_server,
    only_with_our_password,
    scripted_server,
    server_tls,
    trusting_tls,
)

BODY = (
    b"Subject: Digest\r\nMessage-ID: <one@example.org>\r\n\r\n"
    b".\r\n..\r\n.hidden\r\nno dot\r\n\r\n.\r\nlast line\r\n"
)


def message(payload: bytes = BODY, recipient: str = "watch@example.org") -> Message:
    return Message(recipient=recipient, message_id="<one@example.org>", subject="Digest", payload=payload)


def notifier(port: int, **options: Any) -> SmtpNotifier:
    settings = {"host": "127.0.0.1", "sender": "entente@example.org", "security": "none", "timeout_s": 5.0}
    return SmtpNotifier(**{**settings, "port": port, **options})


async def send(port: int, what: Message | None = None, **options: Any) -> None:
    await asyncio.to_thread(notifier(port, **options).send, what or message())


async def refusal(port: int, what: Message | None = None, **options: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await send(port, what, **options)
    return caught.value


async def test_the_server_receives_the_frozen_bytes_from_our_sender_for_one_recipient() -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        await send(port)
    (envelope,) = mailbox.envelopes
    assert envelope.content == BODY
    assert envelope.mail_from == "entente@example.org"
    assert envelope.rcpt_tos == ["watch@example.org"]


async def test_text_beyond_ascii_is_announced_and_arrives_unchanged() -> None:
    mailbox, payload = Mailbox(), "Subject: Digest\r\n\r\nсовместные учения, 联合巡航\r\n".encode()
    async with mail_server(mailbox) as port:
        await send(port, message(payload))
    (envelope,) = mailbox.envelopes
    assert envelope.content == payload
    assert envelope.mail_options == [f"SIZE={len(payload)}", "BODY=8BITMIME"]


lines = st.lists(st.sampled_from(["", ".", "..", ".x", "x", ". ", "совет", "QUIT"]), max_size=12)


@settings(max_examples=25, deadline=None)
@given(lines)
def test_any_lines_arrive_as_they_were_sent(written: list[str]) -> None:
    payload = "".join(f"{line}\r\n" for line in ["Subject: Digest", "", *written]).encode()
    mailbox = Mailbox()

    async def round_trip() -> None:
        async with mail_server(mailbox) as port:
            await send(port, message(payload))

    asyncio.run(round_trip())
    assert [envelope.content for envelope in mailbox.envelopes] == [payload]


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(("answer", "retryable"), [("450 later", True), ("550 never", False)])
async def test_4xx_is_tried_again_and_5xx_is_not(command: str, answer: str, retryable: bool) -> None:
    mailbox = Mailbox(answers={command: answer})
    async with mail_server(mailbox) as port:
        error = await refusal(port)
    assert error.retryable is retryable
    assert str(error) == f"127.0.0.1:{port} answered {command} with {answer}"
    assert mailbox.envelopes == []


@pytest.mark.parametrize(
    ("answer", "retryable", "for_all"),
    [
        ("450 later", True, False),
        ("421 too busy", True, True),
        ("550 we know you", True, True),
        ("552 too large", False, False),
    ],
)
async def test_a_sender_that_is_refused_is_for_the_operator_and_loses_no_message(
    answer: str, retryable: bool, for_all: bool
) -> None:
    async with mail_server(Mailbox(answers={"MAIL": answer})) as port:
        error = await refusal(port)
    assert (error.retryable, error.for_all) == (retryable, for_all)


async def test_authentication_required_at_mail_is_for_the_operator_and_loses_no_message() -> None:
    async with mail_server(Mailbox(answers={"MAIL": "530 log in first"})) as port:
        assert (await refusal(port)).retryable


@pytest.mark.parametrize("command", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
async def test_a_dropped_connection_is_tried_again(command: str) -> None:
    async with scripted_server(Script(answers={command: [None]})) as port:
        error = await refusal(port)
    assert error.retryable
    assert error.unknown is (command == "dot")
    assert error.for_all is not error.unknown


@pytest.mark.parametrize("answer", [[0.5], ["a word that is no number"], ["250-and then", None]])
async def test_without_an_answer_to_the_end_of_a_message_nobody_knows(
    answer: list[str | float | None],
) -> None:
    async with scripted_server(Script(answers={"dot": answer})) as port:
        error = await refusal(port, final_reply_s=0.2)
    assert (error.retryable, error.unknown, error.for_all) == (True, True, False)
    assert "it may have arrived" in str(error)


async def test_a_message_that_was_accepted_is_sent_even_if_the_goodbye_fails() -> None:
    for goodbye in (["451 not now"], [None], [0.01, None]):
        script = Script(answers={"QUIT": [*goodbye]})
        async with scripted_server(script) as port:
            await send(port)
        assert script.heard[-2:] == ["dot", "QUIT"]


async def test_a_success_code_in_answer_to_data_is_no_acceptance() -> None:
    script = Script(answers={"DATA": ["250 queued"]})
    async with scripted_server(script) as port:
        error = await refusal(port)
    assert error.retryable
    assert "dot" not in script.heard


async def test_the_last_reply_is_waited_for_longer_than_the_others() -> None:
    script = Script(answers={"dot": [0.6, "250 accepted at last"]})
    async with scripted_server(script) as port:
        await send(port, timeout_s=0.3, final_reply_s=10.0)
    assert script.heard.count("dot") == 1


@pytest.mark.parametrize("command", ["greeting", "RCPT"])
async def test_a_silent_server_is_tried_again(command: str) -> None:
    async with scripted_server(Script(answers={command: [0.5]})) as port:
        error = await refusal(port, timeout_s=0.1)
    assert error.retryable


async def test_nobody_listening_is_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = await refusal(unused.getsockname()[1])
    assert error.retryable
    assert "refused" in str(error)


async def test_starttls_secures_the_connection() -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox, tls_context=server_tls(), require_starttls=True) as port:
        await send(port, host="localhost", security="starttls", tls=trusting_tls())
    assert mailbox.secured == [True]
    assert mailbox.envelopes[0].content == BODY


async def test_tls_from_the_first_byte() -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox, tls=server_tls()) as port:
        await send(port, host="localhost", security="tls", tls=trusting_tls())
    assert mailbox.envelopes[0].content == BODY


async def test_starttls_is_never_skipped() -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        error = await refusal(port, security="starttls")
    assert error.retryable
    assert "STARTTLS" in str(error)
    assert mailbox.senders == []


async def test_a_refused_starttls_is_never_skipped() -> None:
    script = Script(answers={"EHLO": ["250-mail.test", "250 STARTTLS"], "STAR": ["454 no TLS today"]})
    async with scripted_server(script) as port:
        error = await refusal(port, security="starttls")
    assert error.retryable
    assert "MAIL" not in script.heard


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("host", "tls"), [("localhost", None), ("127.0.0.1", trusting_tls())], ids=["authority", "name"]
)
async def test_a_certificate_is_checked_for_authority_and_name(
    security: str, host: str, tls: ssl.SSLContext | None
) -> None:
    mailbox = Mailbox()
    from_the_start = {"tls": server_tls()} if security == "tls" else {"tls_context": server_tls()}
    async with mail_server(mailbox, **from_the_start) as port:
        error = await refusal(port, host=host, security=security, tls=tls)
    assert error.retryable
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert mailbox.senders == []


LOGIN: dict[str, Any] = {
    "tls_context": server_tls(),
    "require_starttls": True,
    "auth_required": True,
    "auth_callback": None,
    "authenticator": only_with_our_password,
}


async def test_authentication_opens_the_door() -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox, **LOGIN) as port:
        await send(
            port,
            host="localhost",
            security="starttls",
            tls=trusting_tls(),
            username="watch",
            password=PASSWORD,
        )
    assert mailbox.envelopes[0].content == BODY


async def test_a_wrong_password_is_told_without_the_password_and_loses_no_message() -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox, **LOGIN) as port:
        error = await refusal(
            port,
            host="localhost",
            security="starttls",
            tls=trusting_tls(),
            username="watch",
            password="no such horse",
        )
    assert error.retryable
    assert "535" in str(error)
    assert "horse" not in str(error)
    assert mailbox.senders == []


async def test_a_server_without_authentication_gets_no_password() -> None:
    script = Script()
    async with scripted_server(script) as port:
        error = await refusal(port, username="watch", password=PASSWORD)
    assert error.retryable
    assert "AUTH" not in script.heard


@pytest.mark.parametrize("payload", [b"Subject: x\n\ny\n", b"Subject: x\r\n\r\ny\n.\r\nMAIL", b"a\rb\r\n"])
async def test_line_ends_that_could_hide_a_second_message_never_leave(payload: bytes) -> None:
    script = Script()
    async with scripted_server(script) as port:
        error = await refusal(port, message(payload))
    assert not error.retryable
    assert script.heard == []


@pytest.mark.parametrize(
    "address", ["a@example.org\r\nRCPT TO:<b@example.org>", "вахта@example.org", "a@b <c@d>", ""]
)
async def test_an_address_that_smtp_cannot_carry_is_refused_for_good(address: str) -> None:
    script = Script()
    async with scripted_server(script) as port:
        error = await refusal(port, message(recipient=address))
    assert not error.retryable
    assert script.heard == []


async def test_a_servers_words_become_one_printable_line() -> None:
    script = Script(answers={"RCPT": ["550-no\x1b[31m such", "550 user" + "!" * 500]})
    async with scripted_server(script) as port:
        error = await refusal(port)
    assert str(error).isprintable()
    assert "no?[31m such user!" in str(error)
    assert len(str(error)) < 400


def test_the_password_is_in_no_representation() -> None:
    assert PASSWORD not in repr(notifier(25, username="watch", password=PASSWORD))
