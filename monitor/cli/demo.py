"""`monitor demo`: the whole line from feed to mail on sample feeds."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import click

from monitor import app
from monitor.cli import cli, held
from monitor.cli.work import poll_once
from monitor.config import load_config
from monitor.demo import demo_config, sample_feeds, serve
from monitor.rendering import render_text
from monitor.services.compose import compose_now
from monitor.services.deliver import deliver_all


@cli.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    help="Where the demonstration's configuration, database and mail go; made anew each time.",
)
@click.pass_context
def demo(ctx: click.Context, folder: Path) -> None:
    """Show the main job on sample feeds of our own: poll, match, score, compose, deliver."""
    _make_anew(folder)
    with serve(sample_feeds(app.now())) as port:
        (folder / "config.toml").write_text(demo_config(port, app.bundled_catalog()), encoding="utf-8")
        config = load_config(folder / "config.toml", os.environ)
        context = held(ctx, app.open_context(config))
        reports = asyncio.run(poll_once(context))
    click.echo(
        f"polled {len(reports)} sample feeds over loopback: {sum(r.new for r in reports)} entries, "
        f"{sum(r.signals for r in reports)} signals; "
        f"{sum(r.outcome.failed for r in reports)} feed is down on purpose\n"
    )
    digest = compose_now(context, config.recipients[0], app.now(), is_sample=True)
    deliver_all(context, app.open_notifier(config), now=app.now, jitter=app.jitter, claimant=app.claimant())
    click.echo(render_text(digest))
    for mail in sorted((folder / "outbox").glob("*.html")):
        click.echo(f"HTML mail: {mail}")
    click.echo(f"look further: .venv/bin/monitor --config {folder / 'config.toml'} status")


def _make_anew(folder: Path) -> None:
    """Empty the folder of an earlier demonstration, and of nothing else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "demo.db").exists():
        raise click.UsageError(f"{folder} holds something that is no demonstration: choose another --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
