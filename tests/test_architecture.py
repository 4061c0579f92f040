"""The shape of the program: which way imports point, which file knows what, and how long files may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "monitor"
FILES = sorted(PACKAGE.rglob("*.py"))

# Each layer may import itself and those of the lines above it; the adapters of one line do not
# import each other.
LAYERS = (
    {"errors", "failpoints"},
    {"core"},
    {"rules"},
    {"config", "sources", "notifiers", "rendering", "storage"},
    {"services"},
    {"web"},
    {"app", "daemon", "works", "jobs", "watchdog", "logs", "demo"},
    {"cli", "__main__"},
)
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}
# The reason of an outcome is a type of core's, named in the errors that carry it.
ALLOWED = {("errors", "core")}

# One outside library, one file: its quirks stand there and nowhere else.
HOMES = {
    "aiohttp": {"sources/http.py", "sources/lookup.py", "web/server.py"},
    "feedparser": {"sources/xmlfeed.py"},
    "selectolax": {"sources/text.py"},
    "opencc": {"rules/folding.py"},
    "pymorphy3": {"rules/russian.py"},
    "ahocorasick_rs": {"rules/scanner.py"},
    "apscheduler": {"daemon.py"},
    "jinja2": {"rendering/parts.py"},
    "alembic": {"storage/migrate.py"},
    "smtplib": {"notifiers/smtp.py"},
    "re2": {"rules/expressions.py"},
    "rapidfuzz": {"services/near_misses.py"},
    "babel": {"rendering/language.py"},
    "matplotlib": {"rendering/picture.py"},
    "PIL": {"rendering/picture.py"},
    "pydantic": {
        "config/schema.py",
        "config/loading.py",
        "config/problems.py",
        "rules/schema.py",
        "storage/frozen.py",
    },
}


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong_way(path: Path) -> list[str]:
    own = part(path)
    wrong = []
    for name in imports(path):
        if not name.startswith("monitor."):
            continue
        other = name.split(".")[1]
        if other not in LEVELS or other == own or (own, other) in ALLOWED:
            continue
        if LEVELS[other] > LEVELS[own] or (LEVELS[other] == LEVELS[own] and own in LAYERS[3]):
            wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    return wrong


def test_every_part_has_its_layer() -> None:
    assert {part(path) for path in FILES} - {"__init__"} == set(LEVELS)


def test_imports_point_one_way() -> None:
    assert [line for path in FILES if part(path) in LEVELS for line in wrong_way(path)] == []


def test_a_wrong_import_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_architecture.PACKAGE", tmp_path)
    monkeypatch.setattr("tests.test_architecture.ROOT", tmp_path)
    (tmp_path / "core").mkdir()
    planted = tmp_path / "core" / "model.py"
    planted.write_text("from monitor.storage import entries\n", encoding="utf-8")
    assert wrong_way(planted) != []
    (tmp_path / "storage").mkdir()
    sideways = tmp_path / "storage" / "feeds.py"
    sideways.write_text("import monitor.sources.feed\n", encoding="utf-8")
    assert wrong_way(sideways) != []


def test_core_imports_nothing_but_the_standard_library_and_itself() -> None:
    import sys

    for path in (PACKAGE / "core").rglob("*.py"):
        for name in imports(path):
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names or name.startswith("monitor.core"), f"{path}: {name}"


def test_each_library_has_one_home() -> None:
    for path in FILES:
        where = path.relative_to(PACKAGE).as_posix()
        for name in imports(path):
            homes = HOMES.get(name.split(".")[0])
            assert homes is None or where in homes, f"{where} imports {name}"


def test_one_place_reads_the_clock() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if path.name != "app.py":
            assert "datetime.now(" not in text, path
            assert "time.time(" not in text, path


def test_blanket_handlers_stand_only_at_last_doors() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix(): count
        for path in FILES
        if (count := sum(map(is_blanket, ast.walk(ast.parse(path.read_text(encoding="utf-8"))))))
    }
    # A reader's own door too: one mail that fails must not cost the others theirs.
    doors = {"services/alert.py": 1, "services/compose.py": 1}
    assert found == {"jobs.py": 1, "sources/parsing.py": 1} | doors


def is_blanket(node: ast.AST) -> bool:
    """Whether a handler hides whatever happens; one that ends by raising it again hides nothing."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    if isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None:
        return False
    return node.type is None or (
        isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_no_template_lets_text_through_unescaped() -> None:
    for path in (PACKAGE / "templates").iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b(?!_)|autoescape\s+false|Markup", text), path
