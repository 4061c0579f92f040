"""`monitor alert` and `monitor silence`: what left between digests, what was held back, and who said so."""

from __future__ import annotations

import getpass
from datetime import timedelta

import click

from monitor import app
from monitor.cli import Commands, cli, held, the_config
from monitor.cli.stored import days
from monitor.errors import InputError
from monitor.services.alert import alert_due
from monitor.storage import alerts
from monitor.storage.engine import reading, writing

by_option = click.option("--by", default="", help="Who says so; else the name you are logged in under.")


@cli.group(cls=Commands)
def alert() -> None:
    """Urgent mail between digests."""


@alert.command()
@click.pass_context
def now(ctx: click.Context) -> None:
    """Look for what is urgent, once, and put it into the outbox."""
    context = held(ctx, app.open_context(the_config(ctx)))
    click.echo(f"{alert_due(context, app.now())} urgent mails in the outbox")


@alert.command("list")
@click.option("--since", callback=days, default="7d", help="How far back, such as 7d.")
@click.pass_context
def list_(ctx: click.Context, since: timedelta) -> None:
    """List what was urgent, what became of it, and why."""
    context = held(ctx, app.open_context(the_config(ctx)))
    with reading(context.engine) as connection:
        found = alerts.since(connection, app.now() - since)
    for one in found:
        acknowledged = f", acknowledged by {one.acknowledged_by}" if one.acknowledged_by else ""
        reason = f": {one.reason}" if one.reason else ""
        click.echo(
            f"{one.id:5}  {one.found_at:%Y-%m-%d %H:%M}Z  {one.recipient_id}  {one.title}  "
            f"{one.state}{reason}{acknowledged}"
        )
    if not found:
        click.echo(f"nothing was urgent in {since.days} days")


@alert.command()
@click.argument("number", type=int)
@by_option
@click.pass_context
def ack(ctx: click.Context, number: int, by: str) -> None:
    """Acknowledge alert NUMBER: nothing more is mailed of it until the level falls or another story comes."""
    context = held(ctx, app.open_context(the_config(ctx)))
    by = by or getpass.getuser()
    with writing(context.engine) as connection:
        found = alerts.acknowledge(connection, number, by=by, at=app.now())
        if found is None:
            raise InputError(f"no alert {number}: monitor alert list names them")
    click.echo(f"{found.title}: acknowledged by {by}")


@cli.group(cls=Commands)
def silence() -> None:
    """Keep urgent mail of a domain or an indicator back for a while."""


@silence.command()
@click.argument("subject")
@click.option("--for", "span", callback=days, required=True, help="How long, such as 7d.")
@click.option("--reason", required=True, help="Why; the next digests say it.")
@by_option
@click.pass_context
def add(ctx: click.Context, subject: str, span: timedelta, reason: str, by: str) -> None:
    """Silence SUBJECT, the id of a domain or an indicator."""
    context = held(ctx, app.open_context(the_config(ctx)))
    known = {d.id for d in context.config.domains} | context.labels.indicators.keys()
    if subject not in known:
        raise InputError(f"no domain and no indicator {subject!r}")
    at = app.now()
    with writing(context.engine) as connection:
        number = alerts.add_silence(
            connection,
            subject=subject,
            owner=by or getpass.getuser(),
            reason=reason,
            at=at,
            until=at + span,
        )
    click.echo(f"silence {number}: {subject} until {at + span:%Y-%m-%d %H:%M}Z")


@silence.command("list")
@click.pass_context
def silences(ctx: click.Context) -> None:
    """List the silences in force."""
    context = held(ctx, app.open_context(the_config(ctx)))
    with reading(context.engine) as connection:
        found = alerts.silences_at(connection, app.now())
    for one in found:
        until = f"{one.ends_at:%Y-%m-%d %H:%M}Z"
        click.echo(f"{one.id:5}  {one.subject} until {until}, {one.owner}: {one.reason}")
    if not found:
        click.echo("no silence is in force")


@silence.command()
@click.argument("number", type=int)
@click.pass_context
def end(ctx: click.Context, number: int) -> None:
    """End silence NUMBER now."""
    context = held(ctx, app.open_context(the_config(ctx)))
    with writing(context.engine) as connection:
        if not alerts.end_silence(connection, number, app.now()):
            raise InputError(f"no silence {number} is in force: monitor silence list names them")
    click.echo(f"silence {number} ended")
