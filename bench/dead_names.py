"""What dead name servers cost the feeds whose names can be found: a fifth of 10,000 names never answers.

    python -m bench.dead_names [NAMES]

All names are asked for at once, with the limits that an operator gets; the healthy are served
on loopback. A dead name holds its thread for 6 s, as the system's resolver does when told to
give up, or for 30 s, where nobody tells it. Both must cost no healthy feed.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from monitor.core.model import Validators
from monitor.errors import FetchError
from monitor.sources.http import FetchLimits, open_door
from monitor.sources.lookup import Located, Lookup
from tests.sources.servers import answering, serve

RESULT = Path(__file__).parent / "results" / "dead_names.json"
SHARE = 5  # one of so many is dead
HANGS_S = (0, 6, 30)


async def measure(names: int, hang_s: int) -> dict[str, object]:
    """How all names end, and after how long the last healthy one."""

    def ask(host: str, port: int, family: int) -> Sequence[Located]:
        if host.startswith("dead"):
            time.sleep(hang_s)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [Located(socket.AF_INET, socket.IPPROTO_TCP, "127.0.0.1")]

    limits = FetchLimits(user_agent="Entente/bench", allow=("127.0.0.1",))
    lookup = Lookup(at_once=limits.concurrency, ask=ask)
    ended: dict[str, Counter[str]] = {"dead": Counter(), "healthy": Counter()}
    last, begun = 0.0, time.monotonic()
    async with serve(answering(body=b"x")) as server, open_door(limits, lookup=lookup) as door:

        async def one(number: int) -> None:
            nonlocal last
            kind = "healthy" if number % SHARE else "dead"
            url = f"http://{kind}{number}.example.org:{server.port}/"
            try:
                await door.get(url, validators=Validators(), now=datetime.now(UTC))
                ended[kind]["ok"] += 1
            except FetchError as error:
                ended[kind][error.outcome.value] += 1
            if kind == "healthy":
                last = time.monotonic() - begun

        await asyncio.gather(*map(one, range(names)))
        threads = threading.active_count()
    return {"hang_s": hang_s, "last_healthy_s": round(last, 1), "threads": threads, **ended}


def main() -> None:
    names = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rounds = [asyncio.run(measure(names, hang_s)) for hang_s in HANGS_S]
    found = {"names": names, "rounds": rounds}
    print(json.dumps(found, indent=1))
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
