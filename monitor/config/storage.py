"""[storage]: the address of the database, from the file or from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from monitor.config.problems import Problems
from monitor.config.schema import StorageTable
from monitor.config.secret import Secret, secret_from_environ

_KNOWN = re.compile(r"(sqlite|postgresql)(\+[a-z0-9_]+)?://", re.ASCII)
_RELATIVE = re.compile(r"(?P<scheme>sqlite(?:\+\w+)?:///)(?P<file>[^/:?][^?]*)(?P<query>.*)", re.DOTALL)


def storage_url(table: StorageTable, folder: Path, environ: Mapping[str, str], problems: Problems) -> Secret:
    """The database's address, an SQLite file made absolute; messages never repeat an address."""
    name = "url" if table.url_env is None else "url_env"
    url = table.url
    if {"url", "url_env"} <= table.model_fields_set:
        problems.add(("storage", "url_env"), "expected either url or url_env, found both")
    elif table.url_env is not None:
        try:
            url = secret_from_environ(table.url_env, environ).get()
        except ValueError as error:
            problems.add(("storage", "url_env"), str(error))
    elif _holds_password(url):
        message = 'a password never stands in this file; write url_env = "NAME" (an environment variable)'
        problems.add(("storage", "url"), f"{message} instead")
    if not _KNOWN.match(url):
        problems.add(("storage", name), 'expected "sqlite:///file" or "postgresql://host/name"')
    return Secret(_anchored(url, folder))


def _holds_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "@" in url
    return parts.password is not None or "password=" in parts.query


def _anchored(url: str, folder: Path) -> str:
    found = _RELATIVE.fullmatch(url)
    return f"{found['scheme']}{folder / found['file']}{found['query']}" if found else url
