"""One round: everything is set up, faults are played, faults stop, and what is left is checked."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from monitor.storage.schema import deliveries, feeds, signals
from torture import check_daemon, check_entries, check_mail, check_scores
from torture.analyst import Analyst
from torture.canary import Canary
from torture.clock import Clock
from torture.daemon import Launch, Life
from torture.databases import Database, Server, postgresql_database, sqlite_database
from torture.evidence import Evidence, has_tables
from torture.farm import Farm
from torture.hostile import hostile_answers
from torture.nemesis import Nemesis
from torture.plan import HOUR, RATE, STARTS, Plan
from torture.setting import READERS, Ports, write_catalogue, write_config
from torture.sink import Sink
from torture.web import Answer, port_of, serve

PEOPLE_GO_ON_S = 3.0
QUIET_S = 1.5  # digests are written every six seconds
CHECKS = (*check_entries.CHECKS, *check_mail.CHECKS, *check_scores.CHECKS, *check_daemon.CHECKS)
AT_EVERY_PROBE = (*check_entries.AT_EVERY_PROBE, *check_daemon.AT_EVERY_PROBE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The kind of database: SQLite, or the address of a PostgreSQL server, which may be ours to stop."""

    server_url: str = ""
    server: Server | None = None

    def database(self, folder: Path) -> object:
        if self.server_url:
            return postgresql_database(self.server_url, self.server)
        return sqlite_database(folder)


@dataclass(kw_only=True)
class Round:
    """What came of a round."""

    seed: int
    violations: list[tuple[str, str]] = field(default_factory=list)
    evidence: Evidence
    figures: dict[str, float] = field(default_factory=dict)


def play(seed: int, plan: Plan, where: Where, mutant: str = "", keep: Path | None = None) -> Round:
    """Play one round in a folder of its own; `keep` is where that folder goes when something is violated."""
    folder = Path(tempfile.mkdtemp(prefix="entente-torture-"))
    try:
        with ExitStack() as stack:
            database = stack.enter_context(where.database(folder))  # type: ignore[arg-type]
            found = asyncio.run(_play(seed, plan, database, folder, mutant))
        if found.violations and keep is not None:
            (folder / "evidence.json").write_text(json.dumps(found.evidence.times()), encoding="utf-8")
            shutil.copytree(folder, keep / f"seed-{seed}", dirs_exist_ok=True)
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _play(seed: int, plan: Plan, database: Database, folder: Path, mutant: str) -> Round:
    clock = Clock(folder / "clock", RATE)
    clock.begin(STARTS[seed % len(STARTS)])
    farm = Farm(seed, plan, clock, folder / "ledger.jsonl")
    canary = Canary()
    sink = Sink(seed, folder / "mail", frozenset(one.address for one in READERS if one.refused))
    servers = [await canary.serve()]
    answers = hostile_answers(seed, port_of(servers[0]))
    servers += [await serve(farm.serve_one), await serve(_one_of(answers)), await sink.serve()]
    ports = Ports(
        farm=port_of(servers[1]), hostile=port_of(servers[2]), smtp=port_of(servers[3]), web=_free_port()
    )
    write_catalogue(folder / "indicators")
    write_config(folder, ports, plan.feeds, len(answers), plan.retain)
    launch = Launch(folder, database.url, clock.path, mutant)
    analyst = Analyst(seed, plan, folder, sink, clock, ports.web)
    violations: list[tuple[str, str]] = []

    def probe(life: Life) -> bool:
        violations.extend(_probe(evidence, database, life))
        return not (mutant and violations)  # a fault that was planted need be caught only once

    nemesis = Nemesis(
        seed=seed,
        plan=plan,
        launch=launch,
        database=database,
        clock=clock,
        sink=sink,
        whole=analyst.whole,
        probe=probe,
    )
    evidence = Evidence(
        plan=plan, clock=clock, farm=farm, sink=sink, canary=canary, analyst=analyst, nemesis=nemesis
    )
    analyst.hang_up = nemesis.hang_up
    async with launch.open():
        is_whole = await _act(evidence, database, lambda: bool(mutant and violations))
    for server in servers:
        server.close()
    if not is_whole:
        return Round(seed=seed, violations=violations, evidence=evidence)
    with database.looking() as connection:
        violations += [one for check in CHECKS for one in check(evidence, connection)]
        stored = connection.execute(select(func.count()).select_from(signals)).scalar_one()
    return Round(
        seed=seed, violations=list(dict.fromkeys(violations)), evidence=evidence, figures={"signals": stored}
    )


async def _act(evidence: Evidence, database: Database, is_enough: Callable[[], bool]) -> bool:
    """Play the faults and let them settle; False where enough was seen before the end."""
    plan, analyst = evidence.plan, evidence.analyst
    people = [asyncio.create_task(work) for work in (analyst.press_buttons(), analyst.edit_rules())]
    try:
        publishing = asyncio.create_task(evidence.farm.run(plan.seconds))
        await evidence.nemesis.run(time.time() + plan.seconds)
        if is_enough():
            publishing.cancel()
            return False
        await publishing
        evidence.farm.troubled = evidence.sink.troubled = False
        await _settle(evidence, database, people)
        return True
    finally:
        for work in people:
            work.cancel()
        for life in evidence.lives:
            if not life.is_over:
                await life.kill()


async def _settle(evidence: Evidence, database: Database, people: list[asyncio.Task[None]]) -> None:
    """Let a daemon run without faults until all is read and sent, and end it in good order."""
    evidence.settling_since = time.time()
    life = await evidence.nemesis.start()
    evidence.lives.append(life)
    await life.wait_running(60)
    await asyncio.sleep(PEOPLE_GO_ON_S)
    for work in people:
        work.cancel()
    # Every reader's next digest, and whatever waits for its turn, comes within our next hour.
    await asyncio.sleep(1.3 * HOUR / RATE)
    # What is written later may still wait to be sent, as may what was being written at the first look.
    evidence.settled_at = await _quiet_since(evidence, database)
    life.notice_memory()
    life.send(signal.SIGTERM)
    if not await life.wait(15) or life.code != 0:
        evidence.nemesis.broken.append(f"the last daemon did not end in good order: {life.code}")


async def _quiet_since(evidence: Evidence, database: Database) -> datetime:
    """Wait until all is read and sent at every look for some seconds; the time by our clock of the first."""
    deadline = evidence.settling_since + evidence.plan.settle
    first, began = evidence.clock.now(), time.time()
    while time.time() < deadline and time.time() - began < QUIET_S:
        if not _is_settled(evidence, database):
            first, began = evidence.clock.now(), time.time()
        await asyncio.sleep(0.25)
    return first


def _is_settled(evidence: Evidence, database: Database) -> bool:
    with database.looking() as connection:
        if not has_tables(connection):
            return False
        waiting = select(func.count()).where(deliveries.c.state.in_(("pending", "unknown", "claimed")))
        if connection.execute(waiting).scalar_one():
            return False
        query = select(feeds.c.id, feeds.c.etag).where(feeds.c.id.like("feed-%"))
        return all(
            row.etag == evidence.farm.etag(int(row.id.removeprefix("feed-")))
            or not evidence.farm.etag(int(row.id.removeprefix("feed-")))
            for row in connection.execute(query)
        )


def _probe(evidence: Evidence, database: Database, life: Life) -> Iterator[tuple[str, str]]:
    """Look into the database while no daemon runs."""
    with database.looking() as connection:
        if not has_tables(connection):
            return
        evidence.probes += 1
        evidence.note_unmarked(connection, life)
        evidence.remember(connection)
        for check in AT_EVERY_PROBE:
            yield from check(evidence, connection)


def _one_of(answers: list[Answer]):  # type: ignore[no-untyped-def]
    def respond(path: str, headers: dict[str, str]) -> Answer:
        return answers[int(path.strip("/"))]

    return respond


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
