"""config.toml -> Config, with every problem at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from monitor.config.entries import check_distinct, notes_on, to_feed, to_recipient
from monitor.config.mail import mail_settings
from monitor.config.operation import backup_settings, heartbeat_settings
from monitor.config.problems import Problems
from monitor.config.schema import (
    DOMAINS,
    ENTRIES,
    SECTIONS,
    AlertsTable,
    BackupTable,
    CatalogTable,
    DomainTable,
    FeedTable,
    FetchTable,
    HeartbeatTable,
    MailTable,
    RecipientTable,
    ScheduleTable,
    ScoringTable,
    StorageTable,
    Table,
    WebTable,
    validate,
)
from monitor.config.settings import Config, Domain, FetchSettings, ScheduleSettings
from monitor.config.storage import storage_url
from monitor.config.web import web_settings
from monitor.core.alerts import AlertLimits
from monitor.core.model import Modality, Place
from monitor.core.scoring import Methodology
from monitor.errors import ConfigError

_T = TypeVar("_T", bound=Table)

_DISTINCT = (("domain", "id"), ("recipient", "id"), ("feed", "id"), ("feed", "url"))


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Read and check a configuration file; secrets come from `environ` or from files that it names.

    Relative paths in it are relative to its folder. Raises ConfigError with all problems.
    """
    text = _read(path)
    document = _parse(path, text)
    problems = Problems(path, text, document)
    config = _build(path, environ, _Reading(document, problems), problems)
    problems.raise_if_any()
    return config


def catalog_folder(path: Path) -> Path:
    """The folder of indicators that a configuration file names, whatever else is wrong with the file.

    Beside a file that is not there it is the default. Raises ConfigError when it cannot be told.
    """
    text = _read(path) if path.exists() else ""
    document = _parse(path, text)
    problems = Problems(path, text, document)
    table, details = validate(CatalogTable, document.get("catalog", {}), [])
    problems.add_invalid(("catalog",), CatalogTable, details)
    problems.raise_if_any()
    return path.absolute().parent / (table or CatalogTable()).folder


def _read(path: Path) -> str:
    try:
        # Some editors begin a file with a byte order mark, which TOML does not know.
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        advice = "copy the config.toml of the distribution there, or name another file with --config"
        raise ConfigError([f"{path}: no such file; {advice}"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror or error}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: byte {error.start + 1} is no UTF-8; save the file as UTF-8"]) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
        place = f"{path}:{found[2]}:{found[3]}" if found else f"{path}:{text.count(chr(10)) + 1}"
        raise ConfigError([f"{place}: no valid TOML: {found[1] if found else error}"]) from None


class _Reading:
    """Takes the file's tables one by one, so that a mistake in one hides none in the others."""

    def __init__(self, document: Mapping[str, Any], problems: Problems) -> None:
        self._document = document
        self._problems = problems
        named = [table.get("id") for table in self.raw("domain") if isinstance(table, dict)]
        self._domains = [name for name in named if isinstance(name, str)] or list(DOMAINS)
        for key in document:
            if key not in SECTIONS and key not in ENTRIES:
                problems.add_unknown(key, [*SECTIONS, *ENTRIES])

    def section(self, name: str, model: type[_T]) -> _T:
        """The table of a name; one with defaults where it is missing, or wrong and so reported."""
        table, details = validate(model, self._document.get(name, {}), self._domains)
        self._problems.add_invalid((name,), model, details)
        return table or model()

    def entries(self, name: str, model: type[_T]) -> list[_T]:
        """The good ones of the tables of a name; the others are reported."""
        if not isinstance(self._document.get(name, []), list):
            self._problems.add((name,), f"expected [[{name}]] in double brackets")
        found = []
        for number, value in enumerate(self.raw(name)):
            table, details = validate(model, value, self._domains)
            self._problems.add_invalid((name, number), model, details)
            found += [table] if table else []
        return found

    def raw(self, name: str) -> list[Any]:
        """The tables of a name as written."""
        written = self._document.get(name, [])
        return written if isinstance(written, list) else []


def _build(path: Path, environ: Mapping[str, str], reading: _Reading, problems: Problems) -> Config:
    folder = path.absolute().parent
    storage = reading.section("storage", StorageTable)
    fetch = _fetch(reading.section("fetch", FetchTable))
    wanted = reading.entries("feed", FeedTable)
    feeds = tuple(to_feed(table, fetch.rsshub) for table in wanted)
    recipients = tuple(to_recipient(table) for table in reading.entries("recipient", RecipientTable))
    web = web_settings(reading.section("web", WebTable), folder, environ, problems)
    heartbeat = heartbeat_settings(reading.section("heartbeat", HeartbeatTable), folder, environ, problems)
    mail = mail_settings(reading.section("mail", MailTable), folder, environ, problems)
    for kind, name in _DISTINCT:
        check_distinct(kind, name, reading.raw(kind), problems)
    return Config(
        path=path,
        storage_url=storage_url(storage, folder, environ, problems),
        retain_for=storage.retain,
        fetch=fetch,
        schedule=_schedule(reading.section("schedule", ScheduleTable)),
        alerts=AlertLimits(**dict(reading.section("alerts", AlertsTable))),
        web=web,
        heartbeat=heartbeat,
        backup=backup_settings(reading.section("backup", BackupTable), folder),
        mail=mail,
        methodology=_methodology(reading.section("scoring", ScoringTable), problems),
        catalog_folder=folder / reading.section("catalog", CatalogTable).folder,
        domains=_domains(reading.entries("domain", DomainTable)),
        recipients=recipients,
        feeds=feeds,
        notes=tuple(notes_on(feeds, wanted, recipients, mail)),
    )


def _fetch(table: FetchTable) -> FetchSettings:
    return FetchSettings(**{**dict(table), "allow": tuple(table.allow)})


def _schedule(table: ScheduleTable) -> ScheduleSettings:
    return ScheduleSettings(**dict(table))


def _domains(tables: list[DomainTable]) -> tuple[Domain, ...]:
    if not tables:
        return tuple(Domain(id=name, title=title) for name, title in DOMAINS.items())
    return tuple(Domain(id=table.id, title=table.title) for table in tables)


def _methodology(table: ScoringTable, problems: Problems) -> Methodology:
    low, second, third, high = table.thresholds
    method = Methodology(
        version=table.version,
        place={place: getattr(table.place, place.value) for place in Place},
        modality={modality: getattr(table.modality, modality.value) for modality in Modality},
        reliability=dict(table.reliability),
        rho=table.rho,
        party_cap=table.party_cap,
        routine=table.routine,
        kappa=table.kappa,
        sigma_share=table.sigma_share,
        thresholds=(low, second, third, high),
        hysteresis=table.hysteresis,
        dwell=table.dwell,
        coverage_floor=table.coverage_floor,
    )
    ours = Methodology()
    if method.version == ours.version and method != ours:
        # Scores of one version must be comparable, here and with those of other sites.
        message = (
            f'the constants differ from those of {ours.version}; name them, such as "{ours.version}-mine"'
        )
        problems.add(("scoring", "version"), message)
    return method
