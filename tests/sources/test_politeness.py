from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from monitor.sources.politeness import ASIDE_PER_TURN, Politeness


async def in_time(waiting: asyncio.Task[None]) -> bool:
    """Does it get its turn while everyone else goes on waiting?"""
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    return bool(done)


async def a_turn(politeness: Politeness, host: str, until: asyncio.Event | None = None) -> None:
    async with politeness.turn(host):
        if until:
            await until.wait()


@pytest.mark.parametrize(("patience_s", "expected"), [(0.01, True), (60.0, False)])
async def test_who_takes_long_leaves_its_turn_to_others(patience_s: float, expected: bool) -> None:
    politeness = Politeness(at_once=1, per_host=1, pause_s=0, patience_s=patience_s)
    end = asyncio.Event()
    slow = asyncio.ensure_future(a_turn(politeness, "slow.example.org", end))
    await asyncio.sleep(0)
    quick = asyncio.ensure_future(a_turn(politeness, "quick.example.org"))
    assert await in_time(quick) is expected
    end.set()
    await asyncio.gather(slow, quick)


async def test_no_more_wait_on_the_side_than_there_may_be_sockets() -> None:
    politeness = Politeness(at_once=1, per_host=1, pause_s=0, patience_s=0.01)
    end = asyncio.Event()
    slow = [asyncio.ensure_future(a_turn(politeness, f"{n}.slow", end)) for n in range(1 + ASIDE_PER_TURN)]
    await asyncio.sleep(0.2)
    quick = asyncio.ensure_future(a_turn(politeness, "quick.example.org"))
    assert not await in_time(quick)
    end.set()
    await asyncio.gather(*slow, quick)
    # All turns came back: as many can be had again.
    await asyncio.gather(*(a_turn(politeness, f"{n}.again") for n in range(20)))


async def test_one_host_that_is_slow_does_not_hold_turns_for_its_queue() -> None:
    politeness = Politeness(at_once=2, per_host=1, pause_s=0)
    end = asyncio.Event()
    slow = [asyncio.ensure_future(a_turn(politeness, "slow.example.org", end)) for _ in range(9)]
    await asyncio.sleep(0)
    assert await in_time(asyncio.ensure_future(a_turn(politeness, "quick.example.org")))
    end.set()
    await asyncio.gather(*slow)


async def test_a_host_that_wants_no_requests_is_remembered_until_it_does() -> None:
    politeness = Politeness(at_once=1, per_host=1, pause_s=0)
    politeness.close("busy.example.org", timedelta(hours=1))
    await a_turn(politeness, "busy.example.org")
    assert timedelta(minutes=59) < politeness.closed_for("busy.example.org") <= timedelta(hours=1)
    assert not politeness.closed_for("other.example.org")
    politeness.close("busy.example.org", timedelta(0))
    assert not politeness.closed_for("busy.example.org")


async def test_hosts_that_are_idle_are_forgotten() -> None:
    politeness = Politeness(at_once=9, per_host=1, pause_s=1e-9)
    for number in range(10_050):
        await a_turn(politeness, f"{number}.example.org")
    assert len(politeness._hosts) <= 10_001
