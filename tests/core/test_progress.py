"""A loop is in trouble when it shows no life or only fails, not while it has nothing to do or must wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.progress import FAILS_FOR_S, Pace, Progress

PACE = Pace(every_s=15, patience_s=60)


def hung(progress: Progress) -> list[str]:
    return [trouble.loop for trouble in progress.troubles() if trouble.hangs]


@pytest.fixture
def progress() -> Progress:
    return Progress({"poll": PACE, "assess": Pace(every_s=900, patience_s=60)})


def test_a_loop_that_begins_no_turn_hangs_after_its_rhythm_and_our_patience(progress: Progress) -> None:
    progress.pass_time(75)
    assert hung(progress) == []
    progress.pass_time(1)
    assert hung(progress) == ["poll"]
    with progress.turn("poll"):
        pass
    assert hung(progress) == []


def test_a_turn_without_a_sign_of_life_hangs_though_others_of_its_loop_end(progress: Progress) -> None:
    with progress.turn("poll"):
        for _ in range(5):
            progress.pass_time(13)
            with progress.turn("poll"):
                pass
        assert hung(progress) == ["poll"]
    assert hung(progress) == []


def test_a_turn_may_take_long_as_long_as_it_steps(progress: Progress) -> None:
    with progress.turn("poll") as turn:
        for _ in range(100):
            progress.pass_time(50)
            turn.step()
            assert "poll" not in hung(progress)
        progress.pass_time(61)
        assert "poll" in hung(progress)


def test_a_turn_that_waits_in_a_queue_grows_no_older_while_the_queue_moves(progress: Progress) -> None:
    gates = [Event() for _ in range(3)]
    with ThreadPoolExecutor(max_workers=1) as writer, ExitStack() as stack:
        stack.callback(lambda: [gate.set() for gate in gates])
        first = stack.enter_context(progress.turn("poll"))
        ahead = [first.through(writer).submit(gate.wait, 30) for gate in gates]
        second = stack.enter_context(progress.turn("assess"))
        second.through(writer).submit(int)
        for gate, work in zip(gates, ahead, strict=True):
            progress.pass_time(59)
            gate.set()
            work.result(timeout=30)
            assert hung(progress) == []
    assert hung(progress) == []


def test_a_queue_that_stands_still_makes_all_hang_that_wait_in_it(progress: Progress) -> None:
    gate = Event()
    with ThreadPoolExecutor(max_workers=1) as writer, progress.turn("poll") as one:
        one.through(writer).submit(gate.wait, 30)
        with progress.turn("assess") as other:
            other.through(writer).submit(int)
            progress.pass_time(61)
            assert hung(progress) == ["poll", "assess"]
        gate.set()


def test_turns_that_only_fail_are_a_trouble_but_no_hang(progress: Progress) -> None:
    for _ in range(int(FAILS_FOR_S) // 15 + 1):
        assert progress.troubles() == []
        progress.pass_time(15)
        with suppress(RuntimeError), progress.turn("poll"):
            raise RuntimeError
    (trouble,) = progress.troubles()
    assert (trouble.loop, trouble.hangs) == ("poll", False)
    assert trouble.words == "poll does nothing but fail for 915 s"


def test_a_rare_loop_may_fail_for_three_of_its_turns() -> None:
    progress = Progress({"assess": Pace(every_s=900, patience_s=60)})
    for _ in range(3):
        progress.pass_time(900)
        with suppress(RuntimeError), progress.turn("assess"):
            raise RuntimeError
    assert progress.troubles() == []
    progress.pass_time(900)
    assert [trouble.hangs for trouble in progress.troubles()] == [False]


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=50))
def test_a_loop_whose_turns_begin_and_step_in_time_never_hangs(steps: list[tuple[int, bool]]) -> None:
    progress = Progress({"poll": PACE})
    for seconds, fails in steps:
        with suppress(RuntimeError), progress.turn("poll") as turn:
            progress.pass_time(seconds)
            assert hung(progress) == []
            turn.step()
            if fails:
                raise RuntimeError
