"""`monitor digest`: what a recipient gets."""

from __future__ import annotations

from pathlib import Path

import click

from monitor import app
from monitor.cli import Commands, cli, held, the_config
from monitor.config import Config
from monitor.core.model import Recipient
from monitor.errors import InputError
from monitor.rendering import render_html, render_text
from monitor.services.compose import compose_now, preview


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


def the_recipient(config: Config, name: str | None) -> Recipient:
    """The recipient of an id, the only one where none is named; raises InputError."""
    known = {recipient.id: recipient for recipient in config.recipients}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name not in known:
        raise InputError(f"name a recipient: {', '.join(known) or 'none is configured'}")
    return known[name]
