"""The version lock: what every indicator and shared list meant when its version was last raised.

An indicator is locked by its own content and a shared list by its own, each with its version, so
that one new name in a list of all news is one new version and not two hundred.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.rules.catalog import Catalog, CompositeIndicator, Indicator, Observable, TermList
from monitor.rules.codes import Problem
from monitor.rules.loading import Reading
from monitor.rules.positions import Key, Place
from monitor.rules.query import written
from monitor.rules.reporting import Source

LOCK = "lock"
_HEADER = "# What each version means; written by `monitor rules lock`. A removed id keeps its line.\n"
_LINE = re.compile(r"(?P<id>@?[^\s@]+) (?P<version>[1-9]\d{0,8}) (?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Locked:
    """One version of one indicator or list, and the hash of its meaning."""

    version: int
    sha256: str


Lock = Mapping[str, Locked]


def lock_of(catalog: Catalog) -> dict[str, Locked]:
    """The lock that a catalog as it is would have; a shared list has the id @name."""
    observables: Iterator[Observable] = iter((*catalog.indicators.values(), *catalog.composites.values()))
    found = {one.id: Locked(one.version, _hash(_meaning(one))) for one in observables}
    for name, shared in catalog.lists.items():
        found[f"@{name}"] = Locked(shared.version, _hash(_list_meaning(shared)))
    return found


def read_lock(path: Path) -> tuple[dict[str, Locked], Source]:
    """The lines of a lock file, and the file with its problems; an empty lock where there is no file."""
    try:
        source = Source(str(path), path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, Source(str(path))
    except (OSError, UnicodeDecodeError) as error:
        source = Source(str(path))
        source.report("R000", f"cannot be read as UTF-8 text: {error}")
        return {}, source
    lock = {}
    for number, line in enumerate(source.text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or found["id"] in lock:
            message = "expected an id, a version and a hash" if found is None else "a second line of this id"
            source.report_at(
                Place(number, 1, len(line)), "R000", message, help="take the file back from version control"
            )
        else:
            lock[found["id"]] = Locked(int(found["version"]), found["sha256"])
    return lock, source


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock file whole, or leave the old one."""
    lines = [f"{id} {lock[id].version} {lock[id].sha256}\n" for id in sorted(lock)]
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(_HEADER + "".join(lines), encoding="utf-8")
    fresh.replace(path)


def check_lock(reading: Reading, lock: Lock) -> list[Problem]:
    """Report each version that did not rise with its meaning, and each that the lock does not hold.

    Returns what stands in the way of a new lock: the versions that must rise first.
    """
    for id, now in lock_of(reading.catalog).items():
        before = lock.get(id)
        source, key = _origin(reading, id)
        if before is None or now.version > before.version:
            source.report("R009", f"{id} version {now.version} is new", key, help="run monitor rules lock")
        elif now != before:
            what = "is lower than before" if now.version < before.version else "has another meaning now"
            source.report(
                "R004", f"{id} version {now.version} {what}", key,
                help=f"write version = {before.version + 1}",
            )  # fmt: skip
    return [p for p in reading.problems(is_complete=False) if p.code == "R004"]


def _origin(reading: Reading, id: str) -> tuple[Source, Key]:
    if id.startswith("@"):
        return reading.list_sources[id[1:]], (id[1:], "version")
    return reading.indicator_sources[id], ("version",)


def _hash(meaning: object) -> str:
    text = json.dumps(meaning, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _meaning(one: Observable) -> dict[str, object]:
    """All that decides which texts match and what a match weighs; not its words for people."""
    meaning: dict[str, object] = {
        "domain": one.domain,
        "direction": one.direction.value,
        "weight": one.weight,
        "half_life": one.half_life.total_seconds(),
    }
    if isinstance(one, Indicator):
        meaning["query"] = written(one.query)
        meaning["terms"] = {name: _list_meaning(own) for name, own in one.terms.items()}
        meaning["except"] = sorted(one.except_)
    if isinstance(one, CompositeIndicator):
        parts = [sorted(part) for part in one.parts_text]
        meaning["parts"] = parts if one.composition.in_order else sorted(parts)
        meaning["needed"] = one.composition.needed
        meaning["within"] = one.composition.within.total_seconds()
        meaning["in_order"] = one.composition.in_order
        meaning["min_weight"] = one.min_weight
    return meaning


def _list_meaning(terms: TermList) -> dict[str, object]:
    """A list is a set: another order of its terms is no other meaning."""
    return {
        "include": sorted(terms.include),
        **{
            language: sorted([term.text, *sorted(term.not_in)] for term in own)
            for language, own in terms.terms.items()
        },
    }
