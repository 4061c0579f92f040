"""The commands: parse, call, print. Exit codes: 0 done, 1 a check found something or a part failed,
2 wrong usage, configuration or catalog, 3 another daemon runs, 4 the database cannot be used."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import Any, TypeVar

import click

from monitor import __version__, app
from monitor.config import Config, load_config
from monitor.errors import AlreadyRunning, MonitorError, ProblemsError, StorageError
from monitor.services.context import Context

FOUND = 1
USAGE = 2
RUNNING = 3
DATABASE = 4


class Commands(click.Group):
    """A group whose commands answer our errors with their text and an exit code, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MonitorError as error:
            click.echo(error, err=True)
            ctx.exit(exit_code(error))


def exit_code(error: MonitorError) -> int:
    """The exit code that tells a script who must act."""
    if isinstance(error, ProblemsError):
        return USAGE
    if isinstance(error, AlreadyRunning):
        return RUNNING
    return DATABASE if isinstance(error, StorageError) else FOUND


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="monitor")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=None,
    help="Configuration file; else $ENTENTE_CONFIG, else config.toml.",
)
@click.pass_context
def cli(ctx: click.Context, config_path: Path | None) -> None:
    """Watch news feeds for indicators of Russia-China cooperation."""
    ctx.obj = config_path or app.default_config_path(os.environ)


def the_config(ctx: click.Context) -> Config:
    """Load the configuration that the command line names; raises ConfigError."""
    return load_config(ctx.obj, os.environ)


def held(ctx: click.Context, context: Context) -> Context:
    """A context whose database is closed when the command ends."""
    ctx.call_on_close(context.engine.dispose)
    return context


T = TypeVar("T")


def watched(work: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """The same items, with a progress bar for a person who watches."""
    if total is None and isinstance(work, Sized):
        total = len(work)
    if not sys.stderr.isatty():
        yield from work
        return
    with click.progressbar(work, length=total, label=label, file=sys.stderr) as items:
        yield from items
