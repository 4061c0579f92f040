"""`monitor backup` and `monitor restore`."""

from __future__ import annotations

from pathlib import Path

import click

from monitor import app
from monitor.cli import cli, the_config
from monitor.cli.words import size
from monitor.errors import InputError
from monitor.services import backup as backups
from monitor.storage.engine import open_engine


@cli.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it goes; else `backup.folder` of the configuration.",
)
@click.option("--keep", type=click.IntRange(1), help="Remove all but so many of the newest there.")
@click.pass_context
def backup(ctx: click.Context, folder: Path | None, keep: int | None) -> None:
    """Write a whole and checked copy of the database; a daemon may run meanwhile."""
    config = the_config(ctx)
    target = folder or config.backup.folder
    if target is None:
        raise InputError("say --to DIR, or set backup.folder in the configuration")
    engine = open_engine(config.storage_url.get())
    ctx.call_on_close(engine.dispose)
    made = backups.back_up(engine, target, at=app.now(), keep=keep)
    click.echo(f"{made.file}: {size(made.size)}, checked")


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Even when the database holds something; that is kept aside.")
@click.pass_context
def restore(ctx: click.Context, file: Path, replace: bool) -> None:
    """Put the backup FILE in the place of the database; no daemon may run.

    What was sent since the backup may be sent again.
    """
    engine = open_engine(the_config(ctx).storage_url.get())
    ctx.call_on_close(engine.dispose)
    done = backups.restore(engine, file, replace=replace, at=app.now())
    if done.aside:
        click.echo(f"the old database is kept: {done.aside}")
    click.echo(f"restored; schema {done.before or 'none'} -> {done.after}")
