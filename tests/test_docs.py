"""The documentation tells of every command, every key and every code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from monitor.__main__ import cli
from monitor.cli import DATABASE, FOUND, RUNNING, USAGE
from monitor.config import config_reference
from monitor.rules.codes import CODES

ROOT = Path(__file__).parents[1]
OPERATORS = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
ANALYSTS = (ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")


def commands(group: click.Group = cli, before: str = "monitor") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}"


def test_every_command_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `(monitor [a-z -]+)` \|", OPERATORS, re.MULTILINE))
    assert documented == set(commands())


def test_every_key_is_documented_with_its_default_and_meaning() -> None:
    for key in config_reference():
        row = next((line for line in OPERATORS.splitlines() if line.startswith(f"| `{key.key}` |")), "")
        assert key.meaning in row, key.key
        assert key.default in row, key.key


def test_every_exit_code_is_documented() -> None:
    for code in (0, FOUND, USAGE, RUNNING, DATABASE):
        assert f"\n| {code} | " in OPERATORS


def test_every_code_of_the_rules_is_documented() -> None:
    for code, meaning in CODES.items():
        assert f"| {code} | {meaning} |" in ANALYSTS


def test_links_between_pages_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_names_commands_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    known = set(commands())
    for words in re.findall(r"^\.venv/bin/(monitor(?: [a-z-]+)+)", text, re.MULTILINE):
        assert words in known
