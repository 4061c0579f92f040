"""`monitor trust-clock`: a person says that the clock is right, after it jumped."""

from __future__ import annotations

import click

from monitor import app
from monitor.cli import cli, held, the_config
from monitor.services.clock import trust
from monitor.storage.engine import writing


@cli.command("trust-clock")
@click.pass_context
def trust_clock(ctx: click.Context) -> None:
    """Say that the clock of this machine is right, after it jumped by more than a day."""
    context = held(ctx, app.open_context(the_config(ctx)))
    at = app.now()
    with writing(context.engine) as connection:
        trust(connection, at)
    click.echo(f"{at:%Y-%m-%d %H:%M}Z is taken for the right time")
