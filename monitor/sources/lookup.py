"""Names to addresses, in threads of its own: a name server that hangs holds up only who asked it."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Located:
    """One address of a host."""

    family: int
    protocol: int
    address: str


class Lookup:
    """Asks the system's resolver, for at most `at_once` names at a time."""

    def __init__(self, *, at_once: int, deadline_s: float = DEADLINE_S) -> None:
        # The event loop's own threads are few, and a handful of dead name servers would hold them all.
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="lookup")
        self._deadline_s = deadline_s

    async def find(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> list[Located]:
        """All addresses of a host, best first; raises OSError where there is none in time."""
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._threads, _ask, host, port, family)
        try:
            return await asyncio.wait_for(asked, self._deadline_s)
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, f"no answer in {self._deadline_s:g} s") from None

    def close(self) -> None:
        """Take no more questions; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _ask(host: str, port: int, family: int) -> list[Located]:
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except UnicodeError as error:  # a label that no name may have
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return [Located(kind, protocol, str(where[0])) for kind, _, protocol, _, where in found]
