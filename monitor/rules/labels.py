"""Reading labelled entries, one JSON object a line, and what was measured on them."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from monitor.errors import InputError
from monitor.rules.evaluation import Label, Measure


def load_labels(path: Path) -> list[Label]:
    """The labels of a JSON-lines file. Raises InputError naming the line that cannot be used."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    return [_label(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]


def load_measures(path: Path) -> dict[str, Measure]:
    """The measures of single indicators in a JSON file with an `indicators` table. Raises InputError."""
    names = {field.name for field in fields(Measure)}
    try:
        table = json.loads(path.read_text(encoding="utf-8"))["indicators"]
        return {name: Measure(**{k: int(row[k]) for k in names}) for name, row in table.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not what `monitor rules eval --json` writes: {error!r}") from error


def _label(line: str, place: str) -> Label:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{place}: not JSON: {error}") from error
    if not isinstance(row, dict):
        raise InputError(f"{place}: expected an object in braces")
    missing = [key for key in ("id", "lang", "title", "indicators", "domains") if key not in row]
    if missing:
        raise InputError(f"{place}: missing {', '.join(missing)}")
    for key in ("indicators", "domains"):
        if not isinstance(row[key], list):
            raise InputError(f"{place}: {key}: expected a list")
    return Label(
        id=str(row["id"]),
        language=str(row["lang"]),
        title=str(row["title"]),
        summary=str(row.get("summary") or ""),
        checklist=tuple(row["indicators"]),
        domains=tuple(row["domains"]),
        is_sure=row.get("certainty", "sure") == "sure",
    )
