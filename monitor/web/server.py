"""The web door: links of mails that only a pressed button carries out, and how the daemon is doing.

Programs that check mails open every link in them, so GET and HEAD change nothing, whatever the token says.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from sqlalchemy import Connection

from monitor.config.web import SHORTEST_SECRET
from monitor.core.progress import Trouble
from monitor.errors import DoorError, StorageError
from monitor.services.context import Context
from monitor.services.tokens import Act, Refusal, TokenError, verify
from monitor.storage.engine import reading, writing
from monitor.web import acts, metrics, pages, readiness
from monitor.web.forms import FormError, answer_in, fields_in

log = logging.getLogger(__name__)

LARGEST_BODY = 8 * 1024
BODY_WITHIN_S = 10.0
REQUEST_WITHIN_S = 10.0  # from the connection to a whole head; each serves one request
MOST_CONNECTIONS = 100  # each takes a file descriptor, which fetches need too
DATABASE_WITHIN_S = 5.0  # those who ask for health give up soon, and an answer that is late is one too
GRACE_S = 1.0
PATIENCE = 4

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REFUSALS = {
    Refusal.MALFORMED: (400, "The link is not complete. Copy all of it from the mail."),
    Refusal.FORGED: (403, "The link is not one of ours, or was changed on its way."),
    Refusal.EXPIRED: (410, "The link has expired. Use the one in a later mail."),
    Refusal.REVOKED: (403, "You are no longer a recipient."),
}
WORDS = {
    404: "There is nothing here.",
    405: "This address takes no such request.",
    408: "The request took too long.",
    413: "That is more than this form takes.",
}
GONE = "What the link is about is no longer stored."
UNAVAILABLE = "The database does not answer. Nothing was changed; try again later."


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the handlers share."""

    desk: Callable[[], Context]
    secret: bytes
    now: Callable[[], datetime]
    writer: Executor
    reader: Executor
    patience: int
    troubles: Callable[[], Sequence[Trouble]]
    stands_by: str

    async def show(self, request: web.Request) -> web.Response:
        """Show the form of a link; changes nothing, and the database would refuse it."""
        act, context = self._granted(request)
        about = await self._read(context, lambda connection: acts.describe(connection, context, act))
        return _page(pages.form_page(act, about)) if about else _error(404, GONE)

    async def carry_out(self, request: web.Request) -> web.Response:
        """Do what a link grants, as its form says."""
        act, context = self._granted(request)
        answer = answer_in(await _fields(request), act.kind)

        def work() -> pages.About | None:
            with writing(context.engine) as connection:
                return acts.carry_out(connection, context, act, answer, at=self.now())

        about = await _in(self.writer, work)
        if about is None:
            return _error(404, GONE)
        log.info("link used", extra={"act": act.kind, "by": act.recipient_id, "subject": act.subject})
        return _page(pages.done_page(act, about, answer))

    async def alive(self, _: web.Request) -> web.Response:
        """Say that the process serves and that no loop of the daemon hangs; nothing else decides it."""
        hung = [trouble.words for trouble in self.troubles() if trouble.hangs]
        return web.Response(text="\n".join(hung or ["ok"]) + "\n", status=503 if hung else 200)

    async def ready(self, _: web.Request) -> web.Response:
        """Say whether the daemon does its work, as JSON."""
        context, at = self.desk(), self.now()
        try:
            async with asyncio.timeout(DATABASE_WITHIN_S):
                found = await self._read(context, lambda c: readiness.checks(c, context, self.patience, at))
        except (StorageError, TimeoutError) as error:
            log.warning("not ready: %s", str(error) or "the database is slow")
            found = readiness.no_database()
        found += readiness.loops(self.troubles()) + readiness.standing_by(self.stands_by)
        is_ready = all(check.ok for check in found)
        body = {"ready": is_ready, "checks": [asdict(check) for check in found]}
        return web.json_response(body, status=200 if is_ready else 503)

    async def measure(self, _: web.Request) -> web.Response:
        """Give the numbers that Prometheus collects."""
        context, at = self.desk(), self.now()
        gauges = await self._read(context, lambda connection: metrics.measure(connection, context, at))
        text = metrics.render([*gauges, metrics.loops(self.troubles())])
        return web.Response(body=text.encode(), headers={"Content-Type": metrics.CONTENT_TYPE})

    def _granted(self, request: web.Request) -> tuple[Act, Context]:
        act = verify(request.match_info["token"], secret=self.secret, at=self.now())
        context = self.desk()
        if not acts.is_granted(context, act):
            raise TokenError(Refusal.REVOKED)
        return act, context

    async def _read(self, context: Context, look: Callable[[Connection], T]) -> T:
        def work() -> T:
            with reading(context.engine) as connection:
                return look(connection)

        return await _in(self.reader, work)


def make_app(
    desk: Callable[[], Context],
    *,
    secret: bytes,
    now: Callable[[], datetime],
    writer: Executor,
    reader: Executor | None = None,
    patience: int = PATIENCE,
    troubles: Callable[[], Sequence[Trouble]] = list,
    stands_by: str = "",
) -> web.Application:
    """The web door of one daemon.

    `desk` gives the context in force. The database is written to in `writer` and
    read in `reader`, or in `writer` too; `patience` is how many of their turns
    polls and assessments may miss before `/readyz` says so; `troubles` tells which
    loops of the daemon do no work, `stands_by` why it stands by. Raises ValueError
    for a secret that is too short.
    """
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"the secret must have at least {SHORTEST_SECRET} bytes")
    door = Door(
        desk=desk,
        secret=secret,
        now=now,
        writer=writer,
        reader=reader or writer,
        patience=patience,
        troubles=troubles,
        stands_by=stands_by,
    )
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_told])
    app.on_response_prepare.append(_harden)
    app.add_routes(
        [
            web.get("/a/{token}", door.show),
            web.post("/a/{token}", door.carry_out),
            web.get("/healthz", door.alive),
            web.get("/readyz", door.ready),
            web.get("/metrics", door.measure),
        ]
    )
    return app


@asynccontextmanager
async def serve(app: web.Application, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve an app while the block runs; gives the port, which the system chooses for 0.

    Raises DoorError when the address cannot be had.
    """
    # The access log would hold every token, as would the complaint about a request that is no HTTP.
    door_log = log.getChild("http")
    door_log.addFilter(_is_ours)
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=door_log,
        shutdown_timeout=GRACE_S,
        keepalive_timeout=REQUEST_WITHIN_S,  # counted from the connection on, drips or not
        auto_decompress=False,  # no form comes packed, but a bomb does
    )
    await runner.setup()
    server = cast(web.Server, runner.server)  # set up by now
    try:
        try:
            listening = await asyncio.get_running_loop().create_server(_bounded(server), host, port)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else error
            advice = "choose another [web] port or host, or end the program that has it"
            raise DoorError(f"no door at {host}:{port}: {reason}; {advice}") from error
        try:
            yield listening.sockets[0].getsockname()[1]
        finally:
            listening.close()
    finally:
        await runner.cleanup()


def _bounded(server: web.Server) -> Callable[[], asyncio.Protocol]:
    """Make what serves a connection; the oldest ends where there would be too many.

    An honest request takes milliseconds, so that the oldest are those who hold
    connections; and to refuse the newest would let them shut the door.
    """

    def serving() -> asyncio.Protocol:
        held = [transport for handler in server.connections if (transport := handler.transport)]
        for transport in held[: max(0, len(held) - MOST_CONNECTIONS + 1)]:
            transport.abort()
        return server()

    return serving


def _is_ours(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


async def _in(executor: Executor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(executor, work)


async def _fields(request: web.Request) -> dict[str, str]:
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except web.RequestPayloadError:
        raise FormError("the form cannot be read") from None
    return fields_in(body, request.headers.get("Content-Type", ""))


@web.middleware
async def _told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what went wrong with a page; the words never repeat what was asked for."""
    try:
        return await handler(request)
    except TokenError as error:
        return _error(*REFUSALS[error.reason])
    except FormError as error:
        return _error(400, f"Nothing was changed: {error}.")
    except StorageError as error:
        log.warning("the database does not answer a request: %s", error)
        return _error(503, UNAVAILABLE)
    except web.HTTPException as error:
        answer = _error(error.status, WORDS.get(error.status, ""))
        if isinstance(error, web.HTTPMethodNotAllowed):
            answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    # A connection that is kept would be closed soon anyhow, and a proxy may send on it just then.
    response.force_close()
    response.headers["Connection"] = "close"  # aiohttp has written its own headers by now


def _page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def _error(status: int, words: str) -> web.Response:
    return _page(pages.error_page(HTTPStatus(status).phrase, words), status)
