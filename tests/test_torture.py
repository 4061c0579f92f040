"""The short form of the torture test: real processes, killed and cheated; docs/torture.md."""

from __future__ import annotations

import os

import pytest

from torture.__main__ import where
from torture.databases import find_programs
from torture.game import play
from torture.mutants import MUTANTS
from torture.plan import QUICK

SERVER = os.environ.get("ENTENTE_TEST_POSTGRES", "")
needs_postgresql = pytest.mark.skipif(
    not SERVER and find_programs() is None, reason="no PostgreSQL server, and no programs of one"
)


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
def test_nothing_is_lost_doubled_or_silent(database: str) -> None:
    with where(database, SERVER if find_programs() is None else "") as place:
        found = play(7, QUICK, place)
    assert found.violations == []
    # That nothing is wrong says something only where much was done, and much went wrong.
    kills = found.evidence.nemesis.acts
    assert kills["kill at a failpoint"] + kills["kill at random"] >= 6
    assert found.figures["signals"] > 20
    assert len(found.evidence.sink.mails) > 10


# All of them are played by `python -m torture --mutants`; two show that the test can fail.
@pytest.mark.parametrize("mutant", ["mark-before-send", "validators-first"])
def test_a_planted_fault_is_caught(mutant: str) -> None:
    assert mutant in MUTANTS
    with where("sqlite", "") as place:
        found = play(7, QUICK, place, mutant)
    assert MUTANTS[mutant].told_by in {broken for broken, _ in found.violations}
