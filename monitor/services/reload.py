"""Reload: a running daemon takes a changed catalogue, all or nothing."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from monitor.rules.engine import compile_rules
from monitor.rules.loading import read_catalog
from monitor.services.context import Context
from monitor.storage import meta
from monitor.storage.engine import writing

log = logging.getLogger(__name__)

REFUSED = "catalog:refused"
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the catalogue on disk is not in force, as operator and analyst are told."""

    at: datetime
    problems: tuple[str, ...]
    number: int

    @property
    def words(self) -> str:
        """One sentence for status and digest."""
        first = self.problems[0].splitlines()[0] if self.problems else "unreadable"
        more = f" and {self.number - 1} more" if self.number > 1 else ""
        return f"an edit of the rules is not in force, the old rules are: {first}{more}"


def stamp_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when a catalogue file does: names, times and sizes; cheap enough to ask often."""
    found = []
    for path in sorted(folder.glob("*/*.toml")):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # replaced just now: the next look sees it
        found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def reload(context: Context, at: datetime) -> Context:
    """The context with the catalogue that is on disk now, or the same one where that has problems.

    A refusal is stored for `monitor status` and the digest until an edit is taken.
    """
    catalog, problems = read_catalog(context.config.catalog_folder)
    if problems:
        texts = [str(problem) for problem in problems]
        log.error("catalogue refused", extra={"problems": texts[:MOST_PROBLEMS], "number": len(texts)})
        _remember(context, {"at": at.isoformat(), "problems": texts[:MOST_PROBLEMS], "number": len(texts)})
        return context
    _remember(context, None)
    if catalog.revision == context.catalog.revision:
        return context
    log.info("catalogue taken", extra={"was": context.catalog.revision, "now": catalog.revision})
    return replace(context, catalog=catalog, rules=compile_rules(catalog))


def _remember(context: Context, refusal: dict[str, object] | None) -> None:
    with writing(context.engine) as connection:
        meta.put(connection, REFUSED, json.dumps(refusal) if refusal else "")


def refusal_in(text: str) -> Refusal | None:
    """Read a stored refusal back, None for none."""
    if not text:
        return None
    found = json.loads(text)
    return Refusal(
        at=datetime.fromisoformat(found["at"]),
        problems=tuple(found["problems"]),
        number=found["number"],
    )
