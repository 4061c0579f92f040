"""The one door to the network; the only file that knows aiohttp."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from monitor.core.model import Validators
from monitor.core.outcome import Outcome
from monitor.errors import FetchError
from monitor.sources.address import Allowed, may_ask, parse_address, parse_allowed
from monitor.sources.coding import ACCEPTED, read_decoded
from monitor.sources.lookup import Lookup
from monitor.sources.politeness import Politeness
from monitor.sources.retry_after import read_retry_after

MAX_HEADER = 16 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What the door allows; `allow` names addresses that need not be public."""

    user_agent: str
    total_s: float = 30.0
    max_bytes: int = 5 * 2**20  # decoded
    max_redirects: int = 5
    concurrency: int = 64
    per_host: int = 1
    host_pause_s: float = 1.0
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer read to its end: 200 with a body, or 304 without."""

    status: int
    url: str
    body: bytes
    content_type: str
    validators: Validators


class _Blocked(OSError):
    """The address that a name resolved to may not be asked."""


class Door:
    """Fetches over HTTP within its limits."""

    def __init__(self, limits: FetchLimits, session: aiohttp.ClientSession) -> None:
        self._limits = limits
        self._session = session
        self._politeness = Politeness(
            at_once=limits.concurrency, per_host=limits.per_host, pause_s=limits.host_pause_s
        )

    async def get(self, url: str, *, validators: Validators, now: datetime) -> Response:
        """Fetch one document; raises FetchError with the reason.

        The deadline covers waiting for the answer, redirects and the body, not
        the wait for a turn. `now` dates a Retry-After where the server does not.
        """
        asked = _asked(url)
        headers = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
        sent = {name: value for name, value in headers.items() if value}
        async with self._politeness.turn(asked.host or ""):
            try:
                async with asyncio.timeout(self._limits.total_s):
                    return await self._follow(asked, sent, now)
            except TimeoutError:
                raise FetchError(Outcome.TIMEOUT, f"no whole answer in {self._limits.total_s:g} s") from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise _translated(error) from error

    async def _follow(self, url: URL, headers: dict[str, str], now: datetime) -> Response:
        seen = []
        for _ in range(self._limits.max_redirects + 1):
            seen.append(str(url))
            async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status not in REDIRECTS:
                    return await self._read(answer, bool(headers), now)
                # The body of a redirect is nobody's business, and may be a bomb.
                answer.close()
                target = _asked(urljoin(str(url), answer.headers.get("Location", "")))
            if url.scheme == "https" and target.scheme == "http":
                raise FetchError(
                    Outcome.BAD_URL, f"redirected from https to {target.host} without encryption"
                )
            if str(target) in seen:
                raise FetchError(Outcome.TOO_MANY_REDIRECTS, f"redirected in a circle at {target.host}")
            url = target
        raise FetchError(Outcome.TOO_MANY_REDIRECTS, f"more than {self._limits.max_redirects}")

    async def _read(self, answer: aiohttp.ClientResponse, is_conditional: bool, now: datetime) -> Response:
        if answer.status == 304 and is_conditional:
            return _response(answer, b"")
        if answer.status in (204, 206, 304):
            raise FetchError(
                Outcome.BAD_RESPONSE, f"status {answer.status} was not asked for", status=answer.status
            )
        if answer.status != 200:
            raise _refusal(answer, now)
        if (answer.content_length or 0) > self._limits.max_bytes:
            raise FetchError(Outcome.TOO_LARGE, f"{answer.content_length} bytes announced")
        coding = ",".join(answer.headers.getall("Content-Encoding", []))
        body = await read_decoded(answer.content.iter_any(), coding, self._limits.max_bytes)
        return _response(answer, body)


@asynccontextmanager
async def open_door(limits: FetchLimits) -> AsyncIterator[Door]:
    """Open the door for as long as the block lasts; raises ValueError for an allow-list it cannot read."""
    allowed = tuple(parse_allowed(text) for text in limits.allow)
    admitted: set[tuple[str, int]] = set()
    connector = aiohttp.TCPConnector(
        limit=limits.concurrency,
        limit_per_host=0,
        resolver=_CheckedResolver(allowed, admitted, at_once=limits.concurrency),
        socket_factory=lambda info: _checked_socket(info, allowed, admitted),
        use_dns_cache=False,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,  # done in coding.py, with a limit
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": limits.user_agent, "Accept": ACCEPT, "Accept-Encoding": ACCEPTED},
        timeout=aiohttp.ClientTimeout(total=None),  # one deadline for all hops stands in `get`
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
        trust_env=False,
    )
    async with session:
        yield Door(limits, session)


def _asked(url: str) -> URL:
    """The address as it is asked: http or https, without user name and password."""
    try:
        asked = URL(url.strip())
        is_usable = asked.scheme in ("http", "https") and bool(asked.host) and asked.port != 0
    except ValueError:
        raise FetchError(Outcome.BAD_URL, "not an address") from None
    if not is_usable:
        raise FetchError(
            Outcome.BAD_URL, f"expected http or https and a host, found {asked.scheme or 'neither'!r}"
        )
    return asked.with_user(None).with_fragment(None)


class _CheckedResolver(AbstractResolver):
    """Looks names up, and gives only addresses that may be asked under this name.

    What the allow-list admits by name is noted, for the check at the socket,
    which sees no names.
    """

    def __init__(self, allowed: tuple[Allowed, ...], admitted: set[tuple[str, int]], *, at_once: int) -> None:
        self._allowed = allowed
        self._admitted = admitted
        self._lookup = Lookup(at_once=at_once)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._lookup.find(host, port, family)
        good = [at for at in found if may_ask(host, parse_address(at.address), port, self._allowed)]
        if not good:
            where = found[0].address if found else "no address"
            raise _Blocked(f"{host} is at {where}, which is not public")
        by_name = {at.address for at in good if not may_ask("", parse_address(at.address), port, ())}
        self._admitted.update((address, port) for address in by_name)
        return [
            ResolveResult(
                hostname=host,
                host=at.address,
                port=port,
                family=at.family,
                proto=at.protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for at in good
        ]

    async def close(self) -> None:
        self._lookup.close()


def _checked_socket(info: Any, allowed: tuple[Allowed, ...], admitted: set[tuple[str, int]]) -> socket.socket:
    """Open a socket to the very address that was checked: a name cannot change its meaning in between."""
    family, kind, protocol, _, (host, port, *_) = info
    if (host, port) not in admitted and not may_ask(host, parse_address(host), port, allowed):
        raise _Blocked(f"{host} port {port} is not public")
    opened = socket.socket(family, kind, protocol)
    opened.setblocking(False)
    return opened


def _refusal(answer: aiohttp.ClientResponse, now: datetime) -> FetchError:
    asked, date = (answer.headers.get(name, "") for name in ("Retry-After", "Date"))
    return FetchError(
        Outcome.GONE if answer.status == 410 else Outcome.HTTP_ERROR,
        f"HTTP {answer.status}",
        retry_after=read_retry_after(asked, date=date, now=now) if answer.status in (429, 503) else None,
        status=answer.status,
    )


def _response(answer: aiohttp.ClientResponse, body: bytes) -> Response:
    return Response(
        status=answer.status,
        url=str(answer.url),
        body=body,
        content_type=answer.headers.get("Content-Type", ""),
        validators=Validators(
            etag=_sendable(answer.headers.get("ETag", "")),
            last_modified=_sendable(answer.headers.get("Last-Modified", "")),
        ),
    )


def _sendable(value: str) -> str:
    """A validator that can be sent back, "" for one that would split or bloat our next request."""
    return value if value.isascii() and value.isprintable() and len(value) <= 1024 else ""


def _translated(error: Exception) -> FetchError:
    """Our reason for the library's error."""
    causes = list(_causes(error))
    blocked = next((cause for cause in causes if isinstance(cause, _Blocked)), None)
    if blocked:
        return FetchError(Outcome.BLOCKED_ADDRESS, str(blocked))
    for kind, outcome in (
        (aiohttp.InvalidURL, Outcome.BAD_URL),
        (ssl.SSLError, Outcome.TLS),
        (aiohttp.ClientConnectorDNSError, Outcome.DNS),
        (aiohttp.ClientConnectorError, Outcome.CONNECT),
        (aiohttp.ClientError, Outcome.BAD_RESPONSE),
        (ValueError, Outcome.BAD_RESPONSE),
    ):
        found = next((cause for cause in causes if isinstance(cause, kind)), None)
        if found:
            return FetchError(outcome, _one_line(found))
    return FetchError(Outcome.CONNECT, _one_line(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it came from, aiohttp's `os_error` and groups included."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        further = [current.__cause__, current.__context__, getattr(current, "os_error", None)]
        further += getattr(current, "exceptions", ())
        waiting += [other for other in further if isinstance(other, BaseException)]


def _one_line(error: BaseException) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:200]
