"""[web]: the daemon's own door, with the secret that signs the links of mails from outside the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.config.problems import Problems
from monitor.config.schema import WebTable
from monitor.config.secret import Secret, secret_from_environ, secret_from_file
from monitor.config.settings import WebSettings

SHORTEST_SECRET = 16  # bytes


def web_settings(
    table: WebTable, folder: Path, environ: Mapping[str, str], problems: Problems
) -> WebSettings:
    """The settings of the door; the secret is read only where a door or a link is wanted."""
    secret = Secret("")
    if table.port is not None or table.public_url:
        secret = _secret(table, folder, environ, problems)
    if table.public_url and table.port is None:
        problems.add(("web", "port"), "missing; web.public_url promises links, and nothing would answer them")
    return WebSettings(
        host=table.host,
        port=table.port,
        public_url=table.public_url,
        link_lifetime=table.link_lifetime,
        secret=secret,
    )


def _secret(table: WebTable, folder: Path, environ: Mapping[str, str], problems: Problems) -> Secret:
    secret = Secret("")
    name = "secret_file" if table.secret_env is None else "secret_env"
    try:
        if table.secret_env is not None:
            secret = secret_from_environ(table.secret_env, environ)
        elif table.secret_file is not None:
            secret = secret_from_file(folder / table.secret_file)
    except ValueError as error:
        problems.add(("web", name), str(error))
        return secret
    if len(secret.get().encode()) < SHORTEST_SECRET:
        message = f"expected a secret of {SHORTEST_SECRET} bytes or more to sign links with"
        problems.add(("web", name), message)
    return secret
