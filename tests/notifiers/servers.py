"""Mail servers on loopback: a real one, and one that follows a script for what no real one does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

# A self-signed certificate for "localhost" and its key, which guard nothing; valid until 2120.
CERTIFICATE = Path(__file__).with_name("localhost.pem")

PASSWORD = "correct horse battery staple"


@dataclass
class Mailbox:
    """What a server accepted, and the answers that it gives instead of accepting."""

    envelopes: list[Envelope] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    senders: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.senders.append(address)
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from, envelope.mail_options = address, options
        return "250 fine"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.envelopes.append(envelope)
        self.secured.append(session.ssl is not None)
        return "250 accepted"


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def trusting_tls() -> ssl.SSLContext:
    """The checks of the default context, with our certificate as the authority."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


@asynccontextmanager
async def mail_server(
    mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """A real server; its port. `tls` secures it from the first byte."""
    loop = asyncio.get_running_loop()
    conversations: list[SMTP] = []

    def protocol() -> SMTP:
        conversations.append(SMTP(mailbox, hostname="mail.test", loop=loop, **options))
        return conversations[-1]

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await _end(talk.transport for talk in conversations if isinstance(talk.transport, asyncio.Transport))


async def _end(transports: Iterable[asyncio.WriteTransport]) -> None:
    """Cut what is still open, and let the loop notice."""
    for transport in transports:
        transport.abort()
    for _ in range(3):
        await asyncio.sleep(0)


def only_with_our_password(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"watch", PASSWORD.encode()), handled=False)


@dataclass
class Script:
    """What a scripted server heard, and how it answers; None hangs up, a number waits so many seconds."""

    answers: dict[str, list[str | float | None]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)


_USUAL: dict[str, list[str | float | None]] = {
    "greeting": ["220 mail.test"],
    "EHLO": ["250 mail.test"],
    "MAIL": ["250 fine"],
    "RCPT": ["250 fine"],
    "DATA": ["354 go on"],
    "dot": ["250 accepted"],
    "QUIT": ["221 bye"],
}


@asynccontextmanager
async def scripted_server(script: Script) -> AsyncIterator[int]:
    """A server that answers each command as its script says; its port."""

    async def answer(writer: asyncio.StreamWriter, command: str) -> bool:
        for step in script.answers.get(command, _USUAL.get(command, ["502 unknown"])):
            if step is None:
                return False
            if isinstance(step, str):
                writer.write(step.encode() + b"\r\n")
            else:
                await asyncio.sleep(step)
        return True

    writers: list[asyncio.StreamWriter] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        goes_on = await answer(writer, "greeting")
        while goes_on and (line := await reader.readline()):
            command = line[:4].decode("latin-1").strip().upper()
            script.heard.append(command)
            goes_on = await answer(writer, command)
            if goes_on and command == "DATA" and "DATA" not in script.answers:
                await reader.readuntil(b"\r\n.\r\n")
                script.heard.append("dot")
                goes_on = await answer(writer, "dot")
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await _end(writer.transport for writer in writers)
