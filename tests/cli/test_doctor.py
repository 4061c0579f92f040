"""`monitor doctor` as an operator runs it: worst first, a fix for each, and an exit code for scripts."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from monitor.__main__ import cli
from monitor.cli import FOUND
from monitor.storage.engine import open_engine
from monitor.storage.migrate import downgrade
from tests.cli.test_backup import add_to_config
from tests.cli.test_commands import answer, run
from tests.cli.test_commands import folder as folder  # the fixture
from tests.notifiers.servers import Mailbox, Script, mail_server, scripted_server

SMTP = """
[mail]
from_address = "entente@example.org"
notifier = "smtp"
[mail.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
"""


def findings(folder: Path, *arguments: str, code: int = 0) -> dict[str, tuple[str, str]]:
    """Grade and words by name; where there are several of a name, of the worst."""
    rows = json.loads(answer(folder, "doctor", "--json", *arguments, code=code))
    assert all(bool(row["fix"]) == (row["grade"] != "OK") for row in rows)
    return {row["name"]: (row["grade"], row["words"]) for row in reversed(rows)}


@contextmanager
def in_a_thread(server) -> Iterator[int]:  # type: ignore[no-untyped-def]
    """Run an asynchronous server while the block runs; its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
        yield port
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def with_mail_server(folder: Path, port: int) -> None:
    config = folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    start, end = text.index("[mail]"), text.index("[[recipient]]")
    config.write_text(text[:start] + SMTP.format(port=port) + text[end:], encoding="utf-8")


def test_a_new_installation_has_no_failure_and_is_told_what_to_do(folder: Path) -> None:
    found = findings(folder, "--offline")
    assert found["database"] == ("WARN", "is not there yet")
    assert not (folder / "demo.db").exists()
    assert [found[name][0] for name in ("door", "backup", "heartbeat")] == ["WARN"] * 3
    assert found["catalogue"][0] == "OK"


def test_the_worst_comes_first_with_its_fix(folder: Path) -> None:
    answer(folder, "status")
    engine = open_engine(f"sqlite:///{folder}/demo.db")
    downgrade(engine, "0004")
    engine.dispose()
    lines = answer(folder, "doctor", "--offline", code=FOUND).splitlines()
    assert lines[0].startswith("FAIL  database: schema 0004")
    assert lines[1] == "      -> run `monitor db upgrade`"
    grades = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert grades == sorted(grades, key=["FAIL", "WARN", "OK"].index)


def test_a_configuration_that_cannot_be_used_is_a_finding_each(folder: Path) -> None:
    add_to_config(folder, '[fetch]\ntotl = "1s"\n[nonsense]\n')
    config = folder / "config.toml"
    config.write_text(config.read_text().replace("[fetch]\nallow", "[fetch2]\nallow"), encoding="utf-8")
    said = answer(folder, "doctor", "--offline", code=FOUND)
    assert 'did you mean "total"' in said
    assert "FAIL  configuration" in said
    missing = CliRunner().invoke(cli, ["--config", str(folder / "none.toml"), "doctor"])
    assert (missing.exit_code, "no such file" in missing.output) == (FOUND, True)


def test_a_catalogue_with_an_error_is_found(folder: Path) -> None:
    rule = folder / "indicators" / "defense" / "patrol.toml"
    rule.write_text(rule.read_text(encoding="utf-8").replace("@topic", "@topc"), encoding="utf-8")
    assert findings(folder, "--offline", code=FOUND)["catalogue"][0] == "FAIL"


def test_the_mail_server_is_greeted_and_gets_no_mail(folder: Path) -> None:
    mailbox = Mailbox()
    with in_a_thread(mail_server(mailbox)) as port:
        with_mail_server(folder, port)
        assert findings(folder)["mail server"] == ("OK", f"127.0.0.1:{port} takes us")
    assert mailbox.senders == []
    found = findings(folder, code=FOUND)["mail server"]
    assert (found[0], "refused" in found[1].lower()) == ("FAIL", True)
    assert findings(folder, "--offline")["mail server"] == ("OK", f"127.0.0.1:{port}: not asked")


def test_a_mail_server_that_does_not_want_us_is_a_failure(folder: Path) -> None:
    with in_a_thread(scripted_server(Script({"greeting": ["554 no service"]}))) as port:
        with_mail_server(folder, port)
        grade, words = findings(folder, code=FOUND)["mail server"]
    assert (grade, "554 no service" in words) == ("FAIL", True)


def test_feeds_are_asked_now_only_when_none_was_polled_lately(folder: Path) -> None:
    grade, words = findings(folder)["feeds asked now"]
    assert (grade, "sample-gazette http_error" in words) == ("WARN", True)
    assert "feeds asked now" not in findings(folder, "--offline")
    run(folder, "poll")
    found = findings(folder)
    assert "feeds asked now" not in found
    assert found["feeds"][0] == "WARN"
