"""Names to addresses that may be asked: checked where a name is looked up, and again at the socket."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.sources.address import Address, Allowed, may_ask, may_look_up, parse_address

DEADLINE_S = 5.0
# Of all that asks at once four fifths are slow and stepped aside (politeness.py); a thread that hangs
# outlives its asker a little.
THREADS_PER_ASKER = 6
MOST_THREADS = 512  # whatever is configured: the unit file allows no more tasks than it needs
# The system's resolver gives a dead name server half a minute; so it gives up with its asker.
RESOLVER = ("RES_OPTIONS", "timeout:2 attempts:2")


class BlockedError(OSError):
    """The address may not be asked."""


@dataclass(frozen=True, slots=True)
class Located:
    """One address of a host."""

    family: int
    protocol: int
    address: str


Ask = Callable[[str, int, int], Sequence[Located]]  # host, port, family; raises OSError


def ask_system(host: str, port: int, family: int) -> list[Located]:
    """All addresses that this machine's resolver knows, best first; raises OSError where it knows none."""
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except UnicodeError as error:  # a label that no name may have
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return [Located(kind, protocol, str(where[0])) for kind, _, protocol, _, where in found]


class Lookup:
    """Looks up names, for at most `at_once` askers at a time."""

    def __init__(self, *, at_once: int, deadline_s: float = DEADLINE_S, ask: Ask = ask_system) -> None:
        # Of its own: the event loop has few threads, and a handful of dead name servers would hold them all.
        os.environ.setdefault(*RESOLVER)
        threads = min(at_once * THREADS_PER_ASKER, MOST_THREADS)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="lookup")
        self._deadline_s = deadline_s
        self._ask = ask

    async def find(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> Sequence[Located]:
        """All addresses of a host, best first; raises OSError where there is none in time."""
        loop = asyncio.get_running_loop()
        begun = asyncio.Event()

        def ask() -> Sequence[Located]:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(begun.set)
            return self._ask(host, port, family)

        try:
            asked = loop.run_in_executor(self._threads, ask)
        except RuntimeError as error:  # no thread could be started
            raise socket.gaierror(socket.EAI_AGAIN, str(error)) from error
        try:
            # A wait for a thread is not the name server's fault.
            await begun.wait()
            return await asyncio.wait_for(asked, self._deadline_s)
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, f"no answer in {self._deadline_s:g} s") from None
        finally:
            asked.cancel()

    def close(self) -> None:
        """Take no more questions; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Gate(AbstractResolver):
    """The resolver and the maker of sockets of the one door.

    What the allow-list admits by name is noted, for the check at the socket,
    which sees no names.
    """

    def __init__(self, lookup: Lookup, allowed: tuple[Allowed, ...], ports: Iterable[int]) -> None:
        self._lookup = lookup
        self._allowed = allowed
        self._ports = frozenset(ports)
        self._admitted: set[tuple[str, int]] = set()

    def require(self, host: str, port: int) -> None:
        """Refuse an address that may not be asked, and a name that is never public, before any look-up."""
        try:
            address = parse_address(host)
        except ValueError:
            if not may_look_up(host, self._allowed):
                raise BlockedError(f"{host} is a name of this network") from None
            return
        if not self._may_ask(host, address, port):
            raise BlockedError(f"{host} port {port} is not public")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name that may be asked; raises BlockedError where all are others."""
        found = await self._lookup.find(host, port, family)
        good = [at for at in found if self._may_ask(host, parse_address(at.address), port)]
        if not good:
            where = found[0].address if found else "no address"
            raise BlockedError(f"{host} is at {where}, which is not public")
        self._admitted.update(
            (at.address, port) for at in good if not self._may_ask("", parse_address(at.address), port)
        )
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

    def open_socket(self, info: Any) -> socket.socket:
        """A socket to the very address that was checked: a name cannot change its meaning in between."""
        family, kind, protocol, _, (host, port, *_) = info
        if (host, port) not in self._admitted and not self._may_ask(host, parse_address(host), port):
            raise BlockedError(f"{host} port {port} is not public")
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened

    async def close(self) -> None:
        self._lookup.close()

    def _may_ask(self, host: str, address: Address, port: int) -> bool:
        return may_ask(host, address, port, self._allowed, self._ports)
