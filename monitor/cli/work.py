"""The daemon, and each of its stages by hand."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import click

from monitor import app, daemon, logs
from monitor.cli import FOUND, cli, held, the_config
from monitor.services.assess import assess as assess_now
from monitor.services.context import Context
from monitor.services.deliver import Result, deliver_all, try_again
from monitor.services.poll import PollReport, poll_due


@cli.command()
@click.option("--standby", is_flag=True, help="Wait while another daemon runs, then take over (PostgreSQL).")
@click.option("--verbose", is_flag=True, help="Log details too.")
@click.pass_context
def run(ctx: click.Context, standby: bool, verbose: bool) -> None:
    """Run the daemon until SIGTERM: poll, assess, compose, deliver, retain. Logs to standard error."""
    _ignore_reloads()
    config = the_config(ctx)
    if standby and not config.storage_url.get().startswith("postgresql"):
        raise click.UsageError(
            "--standby needs PostgreSQL: the lock of an SQLite file is known to one machine"
        )
    logs.log_to(verbose=verbose)
    for note in config.notes:
        logging.getLogger(__name__).warning(note)
    if not standby:
        app.refuse_second(config)
    context = held(ctx, app.open_context(config))
    is_finished = asyncio.run(daemon.run(context, app.open_notifier(config), stand_by=standby))
    _ignore_reloads()
    if not is_finished:
        # A thread that still waits for a server would keep the process alive for minutes;
        # what it has in hand is claimed in the database and taken up at the next start.
        app.leave_at_once()


def _ignore_reloads() -> None:
    """Before the daemon's loop takes the signal, and after its end, there is nothing to reload."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a feed.")
@click.pass_context
def poll(ctx: click.Context, as_json: bool) -> None:
    """Poll every feed that is due, once; exit 1 if one failed."""
    context = held(ctx, app.open_context(the_config(ctx)))

    def on_report(report: PollReport) -> None:
        if as_json:
            click.echo(json.dumps(asdict(report), ensure_ascii=False))
        elif report.outcome.failed or report.new:
            click.echo(f"{report.feed_id}: {report.outcome.words}, {report.new} new {report.detail}".rstrip())

    reports = asyncio.run(poll_once(context, on_report))
    if not as_json:
        failed = sum(report.outcome.failed for report in reports)
        click.echo(
            f"{len(reports)} feeds polled, {failed} failed, {sum(r.new for r in reports)} new entries, "
            f"{sum(r.edited for r in reports)} edited, {sum(r.signals for r in reports)} signals"
        )
    ctx.exit(FOUND if any(report.outcome.failed for report in reports) else 0)


async def poll_once(
    context: Context, on_report: Callable[[PollReport], None] = lambda report: None
) -> list[PollReport]:
    """Poll what is due, with a door and a parser for just this."""
    with ThreadPoolExecutor(max_workers=1) as writer:
        async with app.open_source(context.config) as source:
            return await poll_due(
                context,
                source,
                now=app.now,
                jitter=app.jitter,
                writer=writer,
                in_flight=set(),
                on_report=on_report,
            )


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def assess(ctx: click.Context, as_json: bool) -> None:
    """Score every domain from what is stored, now."""
    context = held(ctx, app.open_context(the_config(ctx)))
    picture = assess_now(context, app.now())
    rows = {
        domain: {
            "level": found.level.label,
            "deepening": found.deepening.index,
            "friction": found.friction.index,
            "countermeasure": found.countermeasure.index,
            "coverage": found.coverage,
            "note": found.note,
        }
        for domain, found in picture.assessments.items()
    }
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for domain, row in rows.items():
        click.echo(
            f"{domain:<18} {row['level']:<9} deepening {row['deepening']:5.1f}  "
            f"friction {row['friction']:5.1f}  read {row['coverage']:4.0%}  {row['note']}".rstrip()
        )


@cli.command()
@click.option("--refused", is_flag=True, help="First let wait again what was refused for good lately.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a message.")
@click.pass_context
def deliver(ctx: click.Context, refused: bool, as_json: bool) -> None:
    """Send the messages of the outbox that are due, once; exit 1 if one could not be handed over."""
    config = the_config(ctx)
    context = held(ctx, app.open_context(config))
    if refused:
        try_again(context, app.now())
    reports = deliver_all(
        context,
        app.open_notifier(config),
        now=app.now,
        jitter=app.jitter,
        claimant=app.claimant(),
    )
    for report in reports:
        text = f"{report.recipient}: {report.result.value} {report.subject} {report.detail}".rstrip()
        click.echo(json.dumps(asdict(report), ensure_ascii=False) if as_json else text)
    if not reports and not as_json:
        click.echo("nothing is due")
    ctx.exit(FOUND if any(report.result is not Result.SENT for report in reports) else 0)
