"""A small HTTP server for the feeds, whose answers may break off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to answer; with `cut` the connection breaks after so many bytes of the body."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    drip_s: float = 0.0  # pause before each byte of the head
    endless: bytes = b""  # repeated after the body for as long as somebody reads
    reset: bool = False  # no answer at all


Responder = Callable[[str, dict[str, str]], Answer]


async def serve(respond: Responder) -> asyncio.Server:
    """Serve on a free port of 127.0.0.1."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split()[1]
            pairs = (line.partition(":")[::2] for line in head[1:] if line)
            await _send(writer, respond(path, {name.lower(): value.strip() for name, value in pairs}))

    return await asyncio.start_server(handle, "127.0.0.1", 0)


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    if answer.reset:
        writer.transport.abort()
        return
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", "Connection: close"]
    if not answer.endless and answer.status != 304:
        lines.append(f"Content-Length: {len(answer.body)}")
    lines += [f"{name}: {value}" for name, value in answer.headers.items() if value]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    if answer.drip_s:
        for byte in head:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(answer.drip_s)
    else:
        writer.write(head)
    writer.write(answer.body if answer.cut is None else answer.body[: answer.cut])
    await writer.drain()
    while answer.endless:
        writer.write(answer.endless)
        await writer.drain()


def port_of(server: asyncio.Server) -> int:
    """The port that a server listens on."""
    port: int = server.sockets[0].getsockname()[1]
    return port
