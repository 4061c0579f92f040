"""`monitor digest`: what a recipient gets."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from monitor import app
from monitor.cli import FOUND, Commands, cli, held, the_config
from monitor.config import Config
from monitor.core.model import Recipient
from monitor.errors import InputError
from monitor.rendering import render_html, render_text
from monitor.services.compose import compose_now, preview, render_message
from monitor.storage import meta
from monitor.storage.digests import composed_between
from monitor.storage.engine import reading, writing
from monitor.storage.frozen import thaw


def a_day(ctx: click.Context, parameter: click.Parameter, value: str) -> date:
    """Read a day written like 2026-11-20."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("expected a day such as 2026-11-20") from None


@cli.group(cls=Commands)
def digest() -> None:
    """Preview a digest, or send one now."""


@digest.command("preview")
@click.argument("recipient", required=False)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the HTML part here.")
@click.option("--eml", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole message here.")
@click.pass_context
def preview_(ctx: click.Context, recipient: str | None, html: Path | None, eml: Path | None) -> None:
    """Show the digest that would leave now; nothing is stored, nobody is told."""
    config = the_config(ctx)
    found, message = preview(held(ctx, app.open_context(config)), the_recipient(config, recipient), app.now())
    if html:
        html.write_text(render_html(found), encoding="utf-8")
    if eml:
        eml.write_bytes(message.payload)
    click.echo(f"Subject: {message.subject}\n\n{render_text(found)}", nl=False)


@digest.command()
@click.argument("recipient", required=False)
@click.pass_context
def send(ctx: click.Context, recipient: str | None) -> None:
    """Compose a digest now and put it into the outbox; `monitor deliver`, or the daemon, sends it."""
    config = the_config(ctx)
    chosen = the_recipient(config, recipient)
    compose_now(held(ctx, app.open_context(config)), chosen, app.now())
    click.echo(f"in the outbox for {chosen.address}")


@digest.command()
@click.argument("recipient")
@click.pass_context
def resubscribe(ctx: click.Context, recipient: str) -> None:
    """Send digests again to a RECIPIENT who had followed the link that ends them."""
    config = the_config(ctx)
    chosen = the_recipient(config, recipient)
    context = held(ctx, app.open_context(config))
    with writing(context.engine) as connection:
        had_left = meta.forget(connection, f"{meta.UNSUBSCRIBED}{chosen.id}")
    click.echo(f"{chosen.id} gets digests {'again' if had_left else 'already'}")


@digest.command()
@click.argument("day", callback=a_day)
@click.argument("recipient", required=False)
@click.option("--eml", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole message here.")
@click.pass_context
def replay(ctx: click.Context, day: date, recipient: str | None, eml: Path | None) -> None:
    """Show the digests of DAY (such as 2026-11-20, where the recipient is) again, from what is stored.

    Exit 1 when a message is not byte for byte the one that was sent.
    """
    config = the_config(ctx)
    chosen = the_recipient(config, recipient)
    context = held(ctx, app.open_context(config))
    midnight = datetime.combine(day, time(), ZoneInfo(chosen.timezone)).astimezone(UTC)
    next_midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(chosen.timezone))
    with reading(context.engine) as connection:
        found = composed_between(connection, chosen.id, midnight, next_midnight.astimezone(UTC))
    if not found:
        raise InputError(f"no digest was composed for {chosen.id} on {day}")
    differing = 0
    for stored in found:
        if not stored.content:
            raise InputError("this digest is from before contents were kept")
        again = thaw(stored.content)
        message = render_message(context, again)
        differing += message.payload != stored.payload
        if eml:
            eml.write_bytes(message.payload)
        click.echo(f"Subject: {message.subject}\n\n{render_text(again)}", nl=False)
        same = "the same bytes as" if message.payload == stored.payload else "NOT the bytes that"
        click.echo(f"-- {same} were sent, composed {stored.composed_at:%Y-%m-%d %H:%M}Z")
    ctx.exit(FOUND if differing else 0)


def the_recipient(config: Config, name: str | None) -> Recipient:
    """The recipient of an id, the only one where none is named; raises InputError."""
    known = {recipient.id: recipient for recipient in config.recipients}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name not in known:
        raise InputError(f"name a recipient: {', '.join(known) or 'none is configured'}")
    return known[name]
