"""A configuration that is broken in any way: exit 2, the place in one line, and nothing started."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.cli import USAGE
from tests.cli.test_commands import folder as folder  # the fixture
from tests.cli.test_commands import run

# A line of the sample configuration, and what becomes of it.
BROKEN = (
    [
        (r'url = "sqlite:///demo.db"', new)
        for new in (
            "url = 7",
            'url = "mysql://x"',
            "url = true",
            'ulr = "sqlite:///demo.db"',
            'url = "',
            "url",
        )
    ]
    + [
        (r'host_pause = "0s"', new)
        for new in (
            'host_pause = "0"',
            "host_pause = 0",
            'host_pause = ""',
            'host_pause = "-1s"',
            "host_pause = []",
        )
    ]
    + [
        (r"per_host = 4", new)
        for new in (
            "per_host = 0",
            'per_host = "4"',
            "per_host = 4.5",
            "per_host = 1_000_000",
            "per_host = nan",
        )
    ]
    + [(r'notifier = "file"', new) for new in ('notifier = "pigeon"', "notifier = 1", 'notifier = "smtp"')]
    + [(r'timezone = "UTC"', new) for new in ('timezone = "Mars/Base"', "timezone = 0", 'timezone = ""')]
    + [
        (r'cadence = "daily 06:00"', new)
        for new in ('cadence = "daily 25:00"', 'cadence = "sometimes"', "cadence = 6", 'cadence = "daily"')
    ]
    + [
        (r'address = "watch@example.org"', new)
        for new in ('address = "watch"', 'address = "a@b\\nBcc: c@d"', "address = []")
    ]
    + [(r"[fetch]", new) for new in ("[fetsch]", "[[fetch]]", "[fetch", "fetch = 1")]
)


@pytest.mark.parametrize(("old", "new"), BROKEN, ids=[new for _, new in BROKEN])
def test_it_is_refused_with_its_place_and_nothing_starts(folder: Path, old: str, new: str) -> None:
    config = folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new, 1), encoding="utf-8")
    result = run(folder, "run")
    assert result.exit_code == USAGE
    assert re.match(rf"{re.escape(str(config))}(:\d+)+: ", result.output), result.output
    assert "Traceback" not in result.output
    assert not (folder / "demo.db").exists()
