"""A mail server that keeps what it accepts on disk before it says so, and that fails as the seed says."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import time
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

# The share of transactions that go wrong in each way.
BUSY, TRY_LATER, LOSES_REPLY, LATE_REPLY = 0.04, 0.04, 0.05, 0.03
LATE_S = 1.5
_ADDRESS = re.compile(rb"<([^>]*)>")
_MESSAGE_ID = re.compile(rb"(?mi)^Message-ID:\s*(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One accepted message."""

    at: float  # real seconds
    recipient: str
    message_id: str
    sha256: str
    reply: str  # "prompt", "late" or "lost"
    file: str


class Sink:
    """The server; `refused` are addresses that it never takes anything for."""

    def __init__(self, seed: int, folder: Path, refused: frozenset[str]) -> None:
        self.mails: list[Mail] = []
        self.refused = refused
        self.is_off = False
        self.troubled = True
        self._random = Random(f"{seed} sink")
        self._folder = folder
        folder.mkdir()
        self._journal = os.open(folder / "mail.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    async def serve(self) -> asyncio.Server:
        """Serve on a free port of 127.0.0.1."""
        return await asyncio.start_server(self._handle, "127.0.0.1", 0)

    def bytes_of(self, mail: Mail) -> bytes:
        """The message as it was received."""
        return (self._folder / mail.file).read_bytes()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._talk(reader, writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")

        fate = self._random.random() if self.troubled else 1.0
        if self.is_off:
            return
        if fate < BUSY:
            say("421 busy")
            return
        say("220 sink")
        recipient = ""
        while line := await reader.readline():
            command = line[:4].upper()
            if command == b"RCPT":
                recipient = _ADDRESS.search(line)[1].decode()  # type: ignore[index]
                is_refused = recipient in self.refused
                say(
                    "550 no such user" if is_refused else "451 later" if fate < BUSY + TRY_LATER else "250 ok"
                )
            elif command == b"DATA":
                say("354 go on")
                reply = self._reply_of(fate - BUSY - TRY_LATER)
                self._keep(await _message(reader), recipient, reply)
                if reply == "lost":
                    return
                await asyncio.sleep(LATE_S if reply == "late" else 0)
                say("250 kept")
            elif command == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def _reply_of(self, fate: float) -> str:
        if fate < LOSES_REPLY:
            return "lost"
        return "late" if fate < LOSES_REPLY + LATE_REPLY else "prompt"

    def _keep(self, message: bytes, recipient: str, reply: str) -> None:
        found = _MESSAGE_ID.search(message)
        mail = Mail(
            at=time.time(),
            recipient=recipient,
            message_id=found[1].decode() if found else "",
            sha256=hashlib.sha256(message).hexdigest(),
            reply=reply,
            file=f"{len(self.mails)}.eml",
        )
        (self._folder / mail.file).write_bytes(message)
        self.mails.append(mail)
        os.write(self._journal, (json.dumps(asdict(mail)) + "\n").encode())
        os.fsync(self._journal)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """What follows DATA, without the dots that protect dots."""
    lines = []
    while (line := await reader.readline()) != b".\r\n":
        if not line:
            raise asyncio.IncompleteReadError(b"", None)
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)
