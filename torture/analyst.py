"""The people: they use the links of mails and edit rules. What was answered with 2xx is kept as said."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from pathlib import Path
from random import Random
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from monitor.rules.loading import read_catalog
from monitor.services.tokens import Act, Kind, TokenError, verify
from torture.clock import Clock
from torture.plan import Plan
from torture.setting import PAIR, READERS, SECRET, put, rule
from torture.sink import Mail, Sink

_LINK = re.compile(r"http://127\.0\.0\.1:\d+/a/([\w-]+)")
VERDICTS = ("true", "routine", "false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Something that the daemon said it has done."""

    at: float  # real
    kind: str
    recipient: str
    subject: str
    verdict: str = ""


class Analyst:
    """Presses buttons and edits rules, as its seed says."""

    def __init__(self, seed: int, plan: Plan, folder: Path, sink: Sink, clock: Clock, door: int) -> None:
        self.acks: list[Ack] = []
        self.rules_version = 1
        self.hang_up: Callable[[], None] = lambda: None  # asks the daemon to look at the rules
        # Held while the rules on disk are broken: a daemon does not start with those.
        self.whole = asyncio.Lock()
        self._random = Random(f"{seed} analyst")
        self._folder = folder
        self.revisions: set[str] = set()  # of the sets of rules that were ever whole on disk
        self._plan = plan
        self._sink = sink
        self._clock = clock
        self._door = door
        self._read = 0
        self._journal = os.open(folder / "acks.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self._note_revision()

    async def press_buttons(self) -> None:
        """Use a link of one mail after another, for ever."""
        while True:
            await asyncio.sleep(0.15)
            if self._read < len(self._sink.mails):
                mail = self._sink.mails[self._read]
                self._read += 1
                await self._use(mail)

    async def edit_rules(self) -> None:
        """Raise the version of the paired rules, again and again, through a broken set."""
        first, second = PAIR
        while True:
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * self._plan.whole_rules)
            version = self.rules_version + 1
            # Never is there a whole set on disk that mixes versions.
            async with self.whole:
                broken = rule(second, version).replace("[match]", "[match")
                put(self._folder / "indicators", second, broken)
                put(self._folder / "indicators", first, rule(first, version))
                self.hang_up()
                await asyncio.sleep(self._random.uniform(0.8, 1.2) * self._plan.broken_rules)
                put(self._folder / "indicators", second, rule(second, version))
                self._note_revision()
            self.rules_version = version

    def _note_revision(self) -> None:
        self.revisions.add(read_catalog(self._folder / "indicators")[0].revision)

    async def _use(self, mail: Mail) -> None:
        acts = self._acts(self._sink.bytes_of(mail))
        for kind in Kind:
            tokens = [(token, act) for token, act in acts if act.kind is kind]
            leaves = (
                any(one.leaves and one.id == tokens[0][1].recipient_id for one in READERS)
                if tokens
                else False
            )
            chance = {Kind.VERDICT: 0.6, Kind.ACKNOWLEDGE: 0.3, Kind.UNSUBSCRIBE: 0.15 if leaves else 0.0}[
                kind
            ]
            if tokens and self._random.random() < chance:
                await self._press(*self._random.choice(tokens))

    def _acts(self, message: bytes) -> list[tuple[str, Act]]:
        body = message_from_bytes(message, policy=policy.default).get_body(("plain",))
        found = []
        for token in dict.fromkeys(_LINK.findall(body.get_content() if body else "")):
            try:
                found.append((token, verify(token, secret=SECRET.encode(), at=self._clock.now())))
            except TokenError:
                continue
        return found

    async def _press(self, token: str, act: Act) -> None:
        verdict = self._random.choice(VERDICTS) if act.kind is Kind.VERDICT else ""
        body = urlencode({"do": verdict or act.kind.value}).encode()
        if await asyncio.to_thread(self._post, token, body):
            ack = Ack(
                at=time.time(),
                kind=act.kind.value,
                recipient=act.recipient_id,
                subject=act.subject,
                verdict=verdict,
            )
            self.acks.append(ack)
            os.write(self._journal, (json.dumps(asdict(ack)) + "\n").encode())
            os.fsync(self._journal)

    def _post(self, token: str, body: bytes) -> bool:
        try:
            with urlopen(Request(f"http://127.0.0.1:{self._door}/a/{token}", data=body), timeout=5) as answer:
                return bool(200 <= answer.status < 300)
        except (URLError, OSError):
            return False
