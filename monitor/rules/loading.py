"""indicators/ -> Catalog, with every problem of every file at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from monitor.core.model import Direction
from monitor.errors import CatalogError
from monitor.rules.catalog import Catalog, Domain, Example, Indicator, Term, TermList
from monitor.rules.checks import check_catalog
from monitor.rules.codes import Problem
from monitor.rules.parsing import QueryError, parse_query
from monitor.rules.positions import Key, Positions
from monitor.rules.schema import DomainFile, IndicatorFile, ListTable, Table, TermTable, read_table

_Model = TypeVar("_Model", bound=Table)


@dataclass(slots=True)
class Source:
    """One catalog file as read, with its problems so far."""

    path: str
    text: str
    positions: Positions
    problems: list[Problem] = field(default_factory=list)

    def report(self, code: str, message: str, key: Key = (), text: str | None = None) -> None:
        """Note a problem at a key, or at a string inside the value of that key."""
        line, column = self.positions.of(key) if text is None else self.positions.of_text(key, text)
        self.problems.append(Problem(path=self.path, line=line, column=column, code=code, message=message))


def load_catalog(folder: Path) -> Catalog:
    """Read and check a catalog. Raises CatalogError with all problems of all files."""
    catalog, problems = read_catalog(folder)
    if problems:
        raise CatalogError([str(problem) for problem in problems])
    return catalog


def read_catalog(folder: Path) -> tuple[Catalog, list[Problem]]:
    """The catalog as far as it can be read, and its problems in order of file and line."""
    files = sorted(folder.glob("*/*.toml")) if folder.is_dir() else []
    if not files:
        return Catalog(domains={}, lists={}, indicators={}), [
            Problem(path=str(folder), code="R000", message="no such folder, or no .toml file in its folders")
        ]
    digest = hashlib.sha256()
    reading = _Reading()
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(reading.take(path))
    catalog = Catalog(
        domains=dict(sorted(reading.domains.items(), key=lambda d: (d[1].order, d[0]))),
        lists=reading.lists,
        indicators=dict(sorted(reading.indicators.items())),
        revision=digest.hexdigest()[:7],
    )
    check_catalog(catalog, reading.list_sources, reading.indicator_sources)
    problems = [problem for source in reading.sources for problem in source.problems]
    return catalog, sorted(problems, key=lambda p: (p.path, p.line, p.column, p.code))


class _Reading:
    """What has been read so far, and from where."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.domains: dict[str, Domain] = {}
        self.lists: dict[str, TermList] = {}
        self.indicators: dict[str, Indicator] = {}
        self.list_sources: dict[str, Source] = {}
        self.indicator_sources: dict[str, Source] = {}

    def take(self, path: Path) -> bytes:
        """Read one file; its bytes, for the revision."""
        try:
            content = path.read_bytes()
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            source = Source(str(path), "", Positions(""))
            source.report("R000", f"cannot be read as UTF-8 text: {error}")
            self.sources.append(source)
            return b""
        source = Source(str(path), text, Positions(text))
        self.sources.append(source)
        table = _parse(source)
        if table is None:
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
                continue
            if name in self.lists:
                source.report("R003", f"list {name} is also in {self.list_sources[name].path}", (name,))
            self.lists[name] = _term_list(name, checked)
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
        wanted = f"{path.parent.name}.{path.stem}"
        if checked.id in self.indicators:
            source.report(
                "R003", f"id {checked.id!r} is also in {self.indicator_sources[checked.id].path}", ("id",)
            )
        elif checked.id != wanted:
            source.report(
                "R003", f"id: expected {wanted!r} like folder and file, found {checked.id!r}", ("id",)
            )
        try:
            query = parse_query(checked.match.query)
        except QueryError as error:
            _report_query(error, checked.match.query, source)
            return
        self.indicators[checked.id] = _indicator(checked, query, path.parent.name)
        self.indicator_sources[checked.id] = source


def _parse(source: Source) -> dict[str, object] | None:
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error))
        line, column = (int(found[2]), int(found[3])) if found else (len(source.text.split("\n")), 1)
        message = found[1] if found else str(error)
        source.problems.append(
            Problem(path=source.path, line=line, column=column, code="R001", message=message)
        )
        return None


def _checked(model: type[_Model], value: object, source: Source, at: Key = ()) -> _Model | None:
    checked, mistakes = read_table(model, value)
    for mistake in mistakes:
        source.report(mistake.code, mistake.message, (*at, *mistake.key))
    return checked


def _report_query(error: QueryError, query: str, source: Source) -> None:
    line, column = source.positions.of_text(("match", "query"), query)
    is_found = (line, column) != source.positions.of(("match", "query"))
    flat = query.replace("\n", " ")
    message = f"{error}\n    {flat}\n    {' ' * error.column}^"
    at = column + error.column if is_found else column
    source.problems.append(Problem(path=source.path, line=line, column=at, code=error.code, message=message))


def _term_list(name: str, table: ListTable) -> TermList:
    terms = {"en": table.en, "ru": table.ru, "zh": table.zh}
    return TermList(
        name=name,
        title=table.title,
        terms={language: tuple(map(_term, written)) for language, written in terms.items() if written},
        include=tuple(table.include),
    )


def _term(written: str | TermTable) -> Term:
    if isinstance(written, str):
        return Term(text=written)
    return Term(text=written.term, not_in=tuple(written.not_in))


_UNITS = {"d": "days", "h": "hours"}


def _indicator(table: IndicatorFile, query: object, domain: str) -> Indicator:
    return Indicator(
        id=table.id,
        domain=domain,
        title=table.title,
        version=table.version,
        status=table.status,
        direction=Direction(table.direction),
        weight=float(table.weight),
        why=table.why,
        half_life=timedelta(**{_UNITS[table.half_life[-1]]: int(table.half_life[:-1])}),
        query_text=table.match.query,
        query=query,  # type: ignore[arg-type]
        terms={name: _term_list(name, terms) for name, terms in table.terms.items()},
        except_=tuple(table.match.except_),
        examples=tuple(
            Example(
                language=e.lang, must_match=e.expect == "match", text=e.text, summary=e.summary, why=e.why
            )
            for e in table.example
        ),
        requirement=table.requirement,
        checklist=tuple(table.checklist),
        section=table.report.section if table.report else "",
        quote=table.report.quote if table.report else "",
        urgent=table.urgent,
    )
