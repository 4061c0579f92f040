"""Everything that `rules check` says: reading, the lock, dates, terms without proof."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from monitor.rules.catalog import Catalog, Term
from monitor.rules.codes import Problem
from monitor.rules.coverage import example_coverage
from monitor.rules.loading import Reading, read_files
from monitor.rules.locking import LOCK, check_lock, lock_of, read_lock, write_lock

InUse = Callable[[Catalog], Collection[Term]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check found; `notes` are remarks on the catalog as a whole."""

    catalog: Catalog
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> int:
        return sum(problem.is_error for problem in self.problems)

    @property
    def warnings(self) -> int:
        return len(self.problems) - self.errors


def check_folder(
    folder: Path, today: date, *, every_term: bool = False, in_use: InUse | None = None
) -> Report:
    """Check a catalog folder as of a day, with all errors and all warnings.

    Terms that no example hits are counted in a note; `every_term` makes each a warning.
    With `in_use`, asked once the catalog is sound, a term that it names counts as proved.
    """
    reading = read_files(folder)
    _check_reviews(reading, today)
    notes = _check_versions(reading, folder / LOCK)
    is_sound = not any(problem.is_error for problem in reading.problems(is_complete=False))
    if is_sound:
        notes += _check_terms(reading, every_term=every_term, in_use=in_use)
    problems = tuple(reading.problems(is_complete=is_sound))
    return Report(catalog=reading.catalog, problems=problems, notes=notes)


def lock_folder(folder: Path) -> tuple[int, list[Problem]]:
    """Write the lock of a catalog folder, unless there are errors; how many lines, and the errors."""
    reading = read_files(folder)
    before, source = read_lock(folder / LOCK)
    reading.sources.append(source)
    check_lock(reading, before)
    errors = [problem for problem in reading.problems(is_complete=False) if problem.is_error]
    lock = before | lock_of(reading.catalog)
    if not errors:
        write_lock(folder / LOCK, lock)
    return len(lock), errors


def _check_versions(reading: Reading, path: Path) -> tuple[str, ...]:
    lock, source = read_lock(path)
    if not lock and not source.text:
        reading.sources.append(source)
        return (f"{path} is missing; monitor rules lock writes it, and then versions are checked",)
    reading.sources.append(source)
    check_lock(reading, lock)
    return ()


def _check_reviews(reading: Reading, today: date) -> None:
    catalog = reading.catalog
    for one in (*catalog.indicators.values(), *catalog.composites.values()):
        if one.review is not None and one.review < today:
            reading.indicator_sources[one.id].report(
                "R040", f"was to be reviewed by {one.review}", ("review",), help="read it, and set a new date"
            )


def _check_terms(reading: Reading, *, every_term: bool, in_use: InUse | None) -> tuple[str, ...]:
    used = in_use(reading.catalog) if in_use else ()
    found = example_coverage(reading.catalog, used)
    nor = " and by no stored entry" if in_use else ""
    for idle in found.idle if every_term else ():
        if idle.indicator_id:
            source, whose = reading.indicator_sources[idle.indicator_id], "of its own"
        else:
            source, whose = reading.list_sources[idle.list_name], "of any indicator"
        message = f"{idle.term.text!r} is hit by no example {whose}{nor}"
        source.report("R022", message, idle.key, help="add an example that needs it, or delete it")
    if not found.idle or every_term:
        return ()
    return (
        f"R022: {len(found.idle):,} of {found.terms:,} terms are hit by no example{nor}; --all lists them",
    )
