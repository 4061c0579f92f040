"""Each finding of the doctor, well and ill, with what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text

from monitor.config import Secret
from monitor.config.settings import BackupSettings, HeartbeatSettings
from monitor.core.model import Fetched, Recipient
from monitor.core.outcome import Outcome
from monitor.errors import ConfigError, FetchError
from monitor.services import doctor, machine
from monitor.services.backup import back_up
from monitor.services.context import Context
from monitor.services.doctor import database
from monitor.services.findings import Finding, Grade
from monitor.services.heartbeat import beat
from monitor.storage import deliveries, feeds
from monitor.storage.engine import open_engine, reading, writing
from monitor.storage.migrate import downgrade
from tests.core.builders import NOON
from tests.services.test_heartbeat import Switch, here
from tests.storage.builders import a_message, succeed

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def named(found: Iterable[Finding], name: str) -> Finding:
    """The one finding of a name, with the rule that every trouble has a fix."""
    found = list(found)
    assert all(bool(finding.fix) == (finding.grade is not Grade.OK) for finding in found)
    (one,) = [finding for finding in found if finding.name == name]
    return one


def look(context: Context, at: datetime = NOON) -> list[Finding]:
    return database(context.engine, context.config, at)


class TestMachine:
    def test_the_clock(self) -> None:
        assert named(machine.clock(NOON, ()), "clock").grade is Grade.OK
        for wrong in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2136, 1, 1, tzinfo=UTC)):
            assert named(machine.clock(wrong, ()), "clock").grade is Grade.FAIL
        ahead = named(machine.clock(NOON, [("the last poll", NOON + HOUR)]), "clock")
        assert (ahead.grade, "3600 s ahead" in ahead.words) == (Grade.FAIL, True)
        assert named(machine.clock(NOON, [("the last poll", NOON), ("x", None)]), "clock").grade is Grade.OK

    def test_the_clock_of_the_server(self) -> None:
        assert machine.clocks_agree(NOON, NOON + timedelta(seconds=2)).grade is Grade.OK
        assert machine.clocks_agree(NOON, NOON - timedelta(minutes=2)).grade is Grade.FAIL

    @pytest.mark.parametrize(
        ("free", "grade"), [(2 * 2**30, Grade.OK), (2**29, Grade.WARN), (2**20, Grade.FAIL)]
    )
    def test_the_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, grade: Grade) -> None:
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
        assert machine.room("disk", tmp_path / "not" / "there" / "yet").grade is grade

    def test_the_time_zones(self) -> None:
        there = Recipient(id="watch", address="w@example.org", timezone="Europe/Vilnius")
        gone = Recipient(id="gone", address="g@example.org", timezone="Europe/Atlantis")
        assert named(machine.zones([there], "2025.2", NOON), "time zones").grade is Grade.OK
        assert named(machine.zones([there], "2023.3", NOON), "time zones").grade is Grade.WARN
        assert named(machine.zones([there], "", NOON), "time zones").grade is Grade.WARN
        lost = named(machine.zones([there, gone], "2025.2", NOON), "time zones")
        assert (lost.grade, "gone" in lost.fix) == (Grade.FAIL, True)

    @pytest.mark.parametrize(
        ("expat", "grade"),
        [((2, 3, 9), Grade.FAIL), ((2, 5, 0), Grade.WARN), ((2, 6, 0), Grade.OK), ((2, 7, 1), Grade.OK)],
    )
    def test_the_parser(self, expat: tuple[int, int, int], grade: Grade) -> None:
        assert named(machine.libraries(expat, (3, 40, 1)), "XML parser").grade is grade

    def test_a_parser_without_limits_is_refused_at_the_start(self) -> None:
        machine.require_safe_parser((2, 4, 0))
        with pytest.raises(ConfigError, match=r"expat 2\.3\.9: use one with 2\.4\.0 or later"):
            machine.require_safe_parser((2, 3, 9))

    def test_sqlite(self) -> None:
        assert named(machine.libraries((2, 7, 0), (3, 34, 1)), "SQLite").grade is Grade.FAIL


class TestDatabase:
    def test_one_that_is_sound(self, context: Context) -> None:
        found = look(context)
        assert named(found, "database").grade is Grade.OK
        if context.engine.dialect.name == "sqlite":
            assert named(found, "integrity").grade is Grade.OK
            assert named(found, "file mode").grade is Grade.OK
        else:
            # The clock of the test stands still, that of the server does not.
            assert named(found, "clock of the database").name

    def test_an_empty_one(self, empty_engine: Engine, context: Context) -> None:
        assert named(database(empty_engine, context.config, NOON), "database").grade is Grade.WARN

    def test_an_old_schema_and_a_newer_one(self, context: Context) -> None:
        with writing(context.engine) as connection:
            before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        newer = named(look(context), "database")
        with writing(context.engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": before})
        assert (newer.grade, "9999" in newer.words) == (Grade.FAIL, True)

    def test_one_that_waits_for_an_upgrade(self, context: Context) -> None:
        if context.engine.dialect.name == "sqlite":
            downgrade(context.engine, "0004")
            assert "monitor db upgrade" in named(look(context), "database").fix

    def test_one_that_does_not_answer(self, context: Context) -> None:
        engine = open_engine("postgresql://watch:hunter2@127.0.0.1:1/none")
        found = named(database(engine, context.config, NOON), "database")
        assert (found.grade, "hunter2" in found.words) == (Grade.FAIL, False)


class TestSqliteFile:
    @pytest.fixture
    def kind(self) -> str:
        return "sqlite"

    def file(self, context: Context) -> Path:
        return Path(str(context.engine.url.database))

    def test_one_that_others_can_read(self, context: Context) -> None:
        self.file(context).chmod(0o644)
        found = named(look(context), "file mode")
        assert (found.grade, found.fix) == (Grade.WARN, f"chmod 600 {self.file(context)}")

    def test_one_that_is_damaged(self, context: Context) -> None:
        with writing(context.engine) as connection:
            for n in range(500):
                deliveries.enqueue(connection, a_message(str(n)), digest_id=None, at=NOON)
        context.engine.dispose()
        with self.file(context).open("r+b") as file:
            file.seek(-8 * 4096, os.SEEK_END)
            file.write(os.urandom(4 * 4096))
        grades = {finding.name: finding.grade for finding in look(context)}
        assert Grade.FAIL in (grades.get("integrity"), grades.get("database"))

    def test_a_log_that_grew(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor, "LOG_TOO_LONG", 100)
        assert named(look(context), "write-ahead log").grade is Grade.WARN


class TestService:
    def test_feeds_that_bring_nothing(self, context: Context) -> None:
        assert named(look(context), "feeds").grade is Grade.OK
        with writing(context.engine) as connection:
            feeds.record_failure(connection, "wire", Outcome.TIMEOUT, "", at=NOON, next_poll_at=NOON + HOUR)
        found = named(look(context), "feeds")
        assert (found.grade, "wire timeout" in found.words) == (Grade.WARN, True)
        with writing(context.engine) as connection:
            feeds.record_failure(connection, "ribao", Outcome.DNS, "", at=NOON, next_poll_at=NOON + HOUR)
        assert named(look(context), "feeds").grade is Grade.FAIL

    def test_a_feed_that_is_frozen(self, context: Context) -> None:
        with writing(context.engine) as connection:
            succeed(connection, Fetched(outcome=Outcome.OK), newest_entry_at=NOON - 30 * DAY)
        assert "newest entry 30 days old" in named(look(context), "feeds").words

    def test_a_clock_that_was_set_back(self, context: Context) -> None:
        with writing(context.engine) as connection:
            succeed(connection, Fetched(outcome=Outcome.OK), at=NOON + HOUR)
        assert named(look(context), "clock").grade is Grade.FAIL

    def test_mail_that_waits_or_was_refused(self, context: Context) -> None:
        assert named(look(context), "mail").grade is Grade.OK
        with writing(context.engine) as connection:
            deliveries.enqueue(connection, a_message(), digest_id=None, at=NOON)
        assert named(look(context, NOON + HOUR), "mail").grade is Grade.OK
        assert named(look(context, NOON + 2 * HOUR), "mail").grade is Grade.FAIL
        with writing(context.engine) as connection:
            delivery = deliveries.claim_next(connection, NOON, by="test")
            assert delivery is not None
            deliveries.settle_failed(connection, delivery, error="550")
        assert named(look(context, NOON + 2 * HOUR), "mail").grade is Grade.WARN

    def test_the_age_of_the_last_backup(self, context: Context, tmp_path: Path) -> None:
        settings = BackupSettings(folder=tmp_path / "kept", every=DAY, keep=3)
        kept = replace(context, config=replace(context.config, backup=settings))
        assert named(look(kept), "backup").grade is Grade.WARN
        back_up(context.engine, tmp_path / "kept", at=NOON)
        assert named(look(kept), "backup").grade is Grade.OK
        assert named(look(kept, NOON + 2 * DAY), "backup").grade is Grade.OK
        assert named(look(kept, NOON + 3 * DAY), "backup").grade is Grade.FAIL
        assert named(look(kept), "disk of backups").name

    async def test_the_heartbeat(self, context: Context) -> None:
        settings = HeartbeatSettings(url=Secret("https://switch.example.org/abc"), every=HOUR)
        kept = replace(context, config=replace(context.config, heartbeat=settings))
        assert named(look(kept), "heartbeat").words == "none was sent lately"
        await beat(kept, Switch(), troubles=(), now=lambda: NOON, in_thread=here)
        assert named(look(kept, NOON + 3 * HOUR), "heartbeat").grade is Grade.OK
        assert named(look(kept, NOON + 4 * HOUR), "heartbeat").grade is Grade.WARN
        error = FetchError(Outcome.TIMEOUT, "")
        await beat(kept, Switch(fails_with=error), troubles=(), now=lambda: NOON, in_thread=here)
        assert named(look(kept), "heartbeat").words == "not taken: timeout"

    def test_it_stores_nothing(self, context: Context) -> None:
        with reading(context.engine) as connection:
            before = feeds.all_states(connection)
        look(context)
        with reading(context.engine) as connection:
            assert feeds.all_states(connection) == before
