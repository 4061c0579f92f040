"""`monitor backup`, `monitor restore` and the backup before an upgrade, as an operator runs them."""

from __future__ import annotations

from pathlib import Path

from monitor.cli import DATABASE, FOUND, RUNNING
from monitor.services.backup import backups_in
from monitor.storage.engine import open_engine, writing
from monitor.storage.lock import hold_daemon_lock
from monitor.storage.migrate import current_revision, downgrade, head_revision
from tests.cli.test_commands import answer, run
from tests.cli.test_commands import folder as folder  # the fixture


def add_to_config(folder: Path, text: str) -> None:
    config = folder / "config.toml"
    config.write_text(text + config.read_text(encoding="utf-8"), encoding="utf-8")


def test_a_backup_comes_back(folder: Path) -> None:
    run(folder, "poll")
    said = answer(folder, "backup", "--to", str(folder / "backups"))
    (made,) = backups_in(folder / "backups")
    assert str(made.file) in said
    assert "checked" in said
    for file in folder.glob("demo.db*"):
        file.unlink()
    assert "restored; schema" in answer(folder, "restore", str(made.file))
    assert "14 entries" in answer(folder, "status")


def test_what_is_replaced_is_kept_and_named(folder: Path) -> None:
    run(folder, "poll")
    answer(folder, "backup", "--to", str(folder / "backups"))
    (made,) = backups_in(folder / "backups")
    assert "--replace" in run(folder, "restore", str(made.file)).output
    said = answer(folder, "restore", str(made.file), "--replace")
    kept = Path(said.split("the old database is kept: ")[1].splitlines()[0])
    assert kept.exists()


def test_the_folder_is_that_of_the_configuration(folder: Path) -> None:
    assert "set backup.folder" in run(folder, "backup").output
    assert run(folder, "backup").exit_code == FOUND
    add_to_config(folder, '[backup]\nfolder = "kept"\n')
    answer(folder, "status")
    answer(folder, "backup")
    assert len(backups_in(folder / "kept")) == 1


def test_a_restore_under_a_daemon_and_one_of_a_file_that_is_no_backup_are_refused(folder: Path) -> None:
    answer(folder, "status")
    answer(folder, "backup", "--to", str(folder))
    (made,) = backups_in(folder)
    engine = open_engine(f"sqlite:///{folder}/demo.db")
    with hold_daemon_lock(engine):
        assert run(folder, "restore", str(made.file), "--replace").exit_code == RUNNING
    engine.dispose()
    assert "no backup" in run(folder, "restore", str(folder / "config.toml")).output


def test_a_database_is_backed_up_before_it_is_upgraded(folder: Path) -> None:
    answer(folder, "status")
    assert "backup" not in answer(folder, "db", "upgrade")
    engine = open_engine(f"sqlite:///{folder}/demo.db")
    downgrade(engine, "0004")
    said = answer(folder, "db", "upgrade")
    assert f"schema 0004 -> {head_revision()}" in said
    (made,) = backups_in(folder)
    assert str(made.file) in said
    copy = open_engine(f"sqlite:///{made.file}")
    assert current_revision(copy) == "0004"
    copy.dispose()
    engine.dispose()


def test_an_older_program_leaves_a_newer_database_alone_and_names_both(folder: Path) -> None:
    answer(folder, "status")
    engine = open_engine(f"sqlite:///{folder}/demo.db")
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    for command in (["status"], ["run"], ["db", "upgrade"]):
        result = run(folder, *command)
        assert result.exit_code == DATABASE
        assert f"(schema 9999) is newer than this program (schema {head_revision()})" in result.output
    assert backups_in(folder) == []
