"""The one door to the network; the only file that knows aiohttp."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from monitor.core.model import Validators
from monitor.core.outcome import Outcome
from monitor.errors import FetchError
from monitor.failpoints import failpoint
from monitor.sources.address import PORTS, parse_allowed
from monitor.sources.coding import ACCEPTED, read_decoded
from monitor.sources.lookup import BlockedError, Gate, Lookup
from monitor.sources.politeness import ASIDE_PER_TURN, Politeness
from monitor.sources.retry_after import read_max_age, read_retry_after

MAX_HEADER = 16 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
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
    ports: frozenset[int] = PORTS  # of public addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer read to its end: 200 with a body, or 304 without."""

    status: int
    url: str
    body: bytes
    content_type: str
    validators: Validators
    moved_to: str = ""  # where the address has moved for good
    retry_after: timedelta | None = None  # not to be asked sooner
    max_age: timedelta | None = None  # may be kept for so long


class Door:
    """Fetches over HTTP within its limits."""

    def __init__(self, limits: FetchLimits, session: aiohttp.ClientSession, gate: Gate) -> None:
        self._limits = limits
        self._session = session
        self._gate = gate
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
        seen, is_moved = list[str](), True
        for _ in range(self._limits.max_redirects + 1):
            self._require_open(url)
            seen.append(str(url))
            async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status not in REDIRECTS:
                    response = await self._read(answer, bool(headers), now)
                    return replace(response, moved_to=str(url) if is_moved and len(seen) > 1 else "")
                # The body of a redirect is nobody's business, and may be a bomb.
                answer.close()
                is_moved &= answer.status in PERMANENT
                target = _asked(urljoin(str(url), answer.headers.get("Location", "")))
            if url.scheme == "https" and target.scheme == "http":
                raise FetchError(
                    Outcome.BAD_URL, f"redirected from https to {target.host} without encryption"
                )
            if str(target) in seen:
                raise FetchError(Outcome.TOO_MANY_REDIRECTS, f"redirected in a circle at {target.host}")
            url = target
        raise FetchError(Outcome.TOO_MANY_REDIRECTS, f"more than {self._limits.max_redirects}")

    def _require_open(self, url: URL) -> None:
        """Refuse an address that may not be asked, or whose host wants no requests for now."""
        host = url.host or ""
        self._gate.require(host, url.port or 0)
        if wait := self._politeness.closed_for(host):
            raise FetchError(
                Outcome.HTTP_ERROR, f"{host} said 429 and wants no request yet", retry_after=wait, status=429
            )

    async def _read(self, answer: aiohttp.ClientResponse, is_conditional: bool, now: datetime) -> Response:
        failpoint("fetch.got_headers")
        if answer.status == 304 and is_conditional:
            return _response(answer, b"", now)
        if answer.status in (204, 206, 304):
            raise FetchError(
                Outcome.BAD_RESPONSE, f"status {answer.status} was not asked for", status=answer.status
            )
        if answer.status != 200:
            error = _refusal(answer, now)
            # 429 is about us and not about one document; 503 may be about one of many feeds.
            if answer.status == 429 and error.retry_after:
                self._politeness.close(answer.url.host or "", error.retry_after)
            raise error
        if (answer.content_length or 0) > self._limits.max_bytes:
            raise FetchError(Outcome.TOO_LARGE, f"{answer.content_length} bytes announced")
        coding = ",".join(answer.headers.getall("Content-Encoding", []))
        body = await read_decoded(answer.content.iter_any(), coding, self._limits.max_bytes)
        failpoint("fetch.body_done")
        return _response(answer, body, now)


@asynccontextmanager
async def open_door(
    limits: FetchLimits, *, lookup: Lookup | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Door]:
    """Open the door for as long as the block lasts; raises ValueError for an allow-list it cannot read.

    Without a `lookup` the system's resolver is asked, without a `tls` the system's certificates hold.
    """
    at_once = limits.concurrency * (1 + ASIDE_PER_TURN)
    gate = Gate(
        lookup or Lookup(at_once=limits.concurrency),
        tuple(parse_allowed(text) for text in limits.allow),
        limits.ports,
    )
    connector = aiohttp.TCPConnector(
        limit=at_once,
        limit_per_host=0,
        resolver=gate,
        socket_factory=gate.open_socket,
        use_dns_cache=False,
        ssl=tls or True,
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
        yield Door(limits, session, gate)


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


def _refusal(answer: aiohttp.ClientResponse, now: datetime) -> FetchError:
    return FetchError(
        Outcome.GONE if answer.status == 410 else Outcome.HTTP_ERROR,
        f"HTTP {answer.status}",
        retry_after=_retry_after(answer, now) if answer.status in (429, 503) else None,
        status=answer.status,
    )


def _retry_after(answer: aiohttp.ClientResponse, now: datetime) -> timedelta | None:
    asked, date = (answer.headers.get(name, "") for name in ("Retry-After", "Date"))
    return read_retry_after(asked, date=date, now=now)


def _response(answer: aiohttp.ClientResponse, body: bytes, now: datetime) -> Response:
    return Response(
        status=answer.status,
        url=str(answer.url),
        body=body,
        content_type=answer.headers.get("Content-Type", ""),
        validators=Validators(
            etag=_sendable(answer.headers.get("ETag", "")),
            last_modified=_sendable(answer.headers.get("Last-Modified", "")),
        ),
        retry_after=_retry_after(answer, now),
        max_age=read_max_age(answer.headers.get("Cache-Control", "")),
    )


def _sendable(value: str) -> str:
    """A validator that can be sent back, "" for one that would split or bloat our next request."""
    return value if value.isascii() and value.isprintable() and len(value) <= 1024 else ""


def _translated(error: Exception) -> FetchError:
    """Our reason for the library's error."""
    causes = list(_causes(error))
    blocked = next((cause for cause in causes if isinstance(cause, BlockedError)), None)
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
