"""indicators/ -> Catalog, with every problem of every file at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from monitor.errors import CatalogError
from monitor.rules.building import indicator, term_list
from monitor.rules.catalog import Catalog, Domain, Indicator, TermList
from monitor.rules.checks import check_catalog
from monitor.rules.codes import Problem
from monitor.rules.composing import Pending, resolve_composites
from monitor.rules.parsing import QueryError, parse_query
from monitor.rules.positions import Key, Place
from monitor.rules.query import Node
from monitor.rules.reporting import Source
from monitor.rules.schema import DomainFile, IndicatorFile, ListTable, MatchTable, Table, read_table

_Model = TypeVar("_Model", bound=Table)


def load_catalog(folder: Path) -> Catalog:
    """Read and check a catalog. Raises CatalogError with all errors of all files; warnings stop nobody."""
    catalog, problems = read_catalog(folder)
    errors = [str(problem) for problem in problems if problem.is_error]
    if errors:
        raise CatalogError(errors)
    return catalog


def read_catalog(folder: Path) -> tuple[Catalog, list[Problem]]:
    """The catalog as far as it can be read, and its problems in order of file and line."""
    reading = read_files(folder)
    return reading.catalog, reading.problems(is_complete=False)


def read_files(folder: Path) -> Reading:
    """Read and check every file, keeping each beside its problems for further checks."""
    files = sorted(folder.glob("*/*.toml")) if folder.is_dir() else []
    reading = Reading()
    if not files:
        nothing = Source(str(folder))
        nothing.report("R000", "no such folder, or no .toml file in its folders")
        reading.sources.append(nothing)
        return reading
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(reading.take(path))
    reading.finish(digest.hexdigest()[:7])
    return reading


class Reading:
    """What has been read so far, and from where; the catalog is there when all files are."""

    def __init__(self) -> None:
        self.catalog = Catalog(domains={}, lists={}, indicators={})
        self.sources: list[Source] = []
        self.domains: dict[str, Domain] = {}
        self.lists: dict[str, TermList] = {}
        self.indicators: dict[str, Indicator] = {}
        self.files: set[str] = set()  # what the ids should be, by folder and file
        self.pending: dict[str, Pending] = {}
        self.broken_lists: set[str] = set()
        self.list_sources: dict[str, Source] = {}
        self.indicator_sources: dict[str, Source] = {}

    def finish(self, revision: str) -> None:
        """Put the catalog together and check its parts against each other."""
        self.catalog = Catalog(
            domains=dict(sorted(self.domains.items(), key=lambda d: (d[1].order, d[0]))),
            lists=self.lists,
            indicators=dict(sorted(self.indicators.items())),
            composites=resolve_composites(
                self.pending, self.indicators, self.files - self.indicators.keys() - self.pending.keys()
            ),
            revision=revision,
        )
        check_catalog(self.catalog, self.list_sources, self.indicator_sources, self.broken_lists)

    def problems(self, *, is_complete: bool) -> list[Problem]:
        """All problems in order; idle allows are among them once every check has been made."""
        found = [p for source in self.sources for p in source.problems(is_complete=is_complete)]
        return sorted(found, key=lambda p: (p.path, p.line, p.column, p.code))

    def take(self, path: Path) -> bytes:
        """Read one file; its bytes, for the revision."""
        try:
            content = path.read_bytes()
            text = content.decode().replace("\r\n", "\n")
        except (OSError, UnicodeDecodeError) as error:
            source = Source(str(path))
            source.report("R000", f"cannot be read as UTF-8 text: {error}")
            self.sources.append(source)
            return b""
        if path.parent.name != "_lists" and path.name != "_domain.toml":
            self.files.add(f"{path.parent.name}.{path.stem}")
        source = Source(str(path), text)
        self.sources.append(source)
        table = _parse(source)
        if table is None:
            if path.parent.name == "_lists":
                self.broken_lists.update(re.findall(r"^\[([\w-]+)\]", text, re.MULTILINE))
            return content
        if path.parent.name == "_lists":
            self._take_lists(table, source)
        elif path.name == "_domain.toml":
            self._take_domain(table, source, path.parent.name)
        else:
            self._take_indicator(table, source, path)
        return content

    def _take_lists(self, table: Mapping[str, object], source: Source) -> None:
        for name, value in table.items():
            checked = _checked(ListTable, value, source, (name,))
            if checked is None:
                self.broken_lists.add(name)
                continue
            if name in self.lists:
                source.report("R003", f"list {name} is also in {self.list_sources[name].path}", (name,))
            source.allow(checked.allow, (name,))
            self.lists[name] = term_list(name, checked)
            self.list_sources[name] = source

    def _take_domain(self, table: Mapping[str, object], source: Source, folder: str) -> None:
        checked = _checked(DomainFile, table, source)
        if checked is None:
            return
        if checked.id != folder:
            source.report("R003", f"id: expected {folder!r} like the folder, found {checked.id!r}", ("id",))
        sigma = {k: v for k, v in checked.sigma.model_dump().items() if v is not None}
        self.domains[folder] = Domain(id=folder, title=checked.title, order=checked.order, sigma=sigma)

    def _take_indicator(self, table: Mapping[str, object], source: Source, path: Path) -> None:
        checked = _checked(IndicatorFile, table, source)
        if checked is None:
            return
        self._check_id(checked.id, f"{path.parent.name}.{path.stem}", source)
        source.allow(checked.allow)
        for name, terms in checked.terms.items():
            source.allow(terms.allow, ("terms", name))
        if (checked.match is None) == (checked.compose is None):
            source.report("R007", "expected either [match] or [compose]", ("id",))
        elif checked.match and (query := _query(checked.match, source)):
            self.indicators[checked.id] = indicator(checked, checked.match, query, path.parent.name)
        elif checked.compose:
            self.pending[checked.id] = Pending(checked, checked.compose, path.parent.name, source)
        self.indicator_sources.setdefault(checked.id, source)

    def _check_id(self, id: str, wanted: str, source: Source) -> None:
        if id in self.indicator_sources:
            message = f"id {id!r} is also in {self.indicator_sources[id].path}"
            source.report("R003", message, ("id",))
        elif id != wanted:
            source.report("R003", f"id: expected {wanted!r} like folder and file, found {id!r}", ("id",))


def _parse(source: Source) -> dict[str, object] | None:
    try:
        return tomllib.loads(source.text)
    except ValueError as error:  # a TOMLDecodeError, or a number with more digits than Python reads
        found = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error))
        place = Place(int(found[2]), int(found[3])) if found else Place(source.text.count("\n") + 1, 1)
        source.report_at(place, "R001", found[1] if found else str(error))
    except RecursionError:
        source.report_at(Place(1, 1), "R001", "arrays or tables nested too deeply")
    return None


def _checked(model: type[_Model], value: object, source: Source, at: Key = ()) -> _Model | None:
    checked, mistakes = read_table(model, value)
    for mistake in mistakes:
        source.report(mistake.code, mistake.message, (*at, *mistake.key), help=mistake.help)
    return checked


def _query(match: MatchTable, source: Source) -> Node | None:
    try:
        return parse_query(match.query)
    except QueryError as error:
        at = (error.column, error.width)
        source.report_within(error.code, str(error), ("match", "query"), at, help=error.help)
        return None
