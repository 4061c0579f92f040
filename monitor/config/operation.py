"""[heartbeat] and [backup]: what tells others that we live, and what outlives us."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.config.problems import Problems
from monitor.config.schema import BackupTable, HeartbeatTable
from monitor.config.secret import Secret, secret_from_environ, secret_from_file
from monitor.config.settings import BackupSettings, HeartbeatSettings
from monitor.config.values import web_address


def heartbeat_settings(
    table: HeartbeatTable, folder: Path, environ: Mapping[str, str], problems: Problems
) -> HeartbeatSettings:
    """The dead-man's switch; whoever knows its address can keep it quiet, so it never stands in the file."""
    url = Secret("")
    name = "url_file" if table.url_env is None else "url_env"
    if table.url_env is not None and table.url_file is not None:
        problems.add(("heartbeat", name), "expected either url_env or url_file, found both")
        return HeartbeatSettings(url=url, every=table.every)
    try:
        if table.url_env is not None:
            url = secret_from_environ(table.url_env, environ)
        elif table.url_file is not None:
            url = secret_from_file(folder / table.url_file)
        if url.get():
            web_address(url.get())
    except ValueError as error:
        problems.add(("heartbeat", name), str(error))
    return HeartbeatSettings(url=url, every=table.every)


def backup_settings(table: BackupTable, folder: Path) -> BackupSettings:
    """Where backups go, relative to the folder of the configuration."""
    return BackupSettings(
        folder=folder / table.folder if table.folder else None, every=table.every, keep=table.keep
    )
