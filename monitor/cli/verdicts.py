"""`monitor verdict` and `monitor verdicts`: what people say of signals, and what it says of the rules."""

from __future__ import annotations

import getpass
import json

import click

from monitor import app
from monitor.cli import cli, held, the_config
from monitor.core.review import Verdict, suggestion
from monitor.errors import InputError
from monitor.storage import signals, verdicts
from monitor.storage.engine import reading, writing


@cli.command()
@click.argument("entry", type=int)
@click.argument("verdict", type=click.Choice([v.value for v in Verdict]))
@click.option("--indicator", default="", help="Only the signal of this indicator; else all of the entry.")
@click.option("--by", default="", help="Who says so; else the name you are logged in under.")
@click.option("--note", default="", help="Why.")
@click.pass_context
def verdict(ctx: click.Context, entry: int, verdict: str, indicator: str, by: str, note: str) -> None:
    """Say of ENTRY (the number that a digest gives) that its signals are true, routine or false.

    A verdict holds for the whole story. False: it leaves scores and digests.
    Routine: it counts for less. A later verdict replaces an earlier one.
    """
    context = held(ctx, app.open_context(the_config(ctx)))
    at, by = app.now(), by or getpass.getuser()
    with writing(context.engine) as connection:
        found = signals.signals_of_entry(connection, entry)
        chosen = [signal for signal in found if indicator in ("", signal.indicator_id)]
        if not chosen:
            known = ", ".join(signal.indicator_id for signal in found) or "none"
            of = f" of {indicator}" if indicator else ""
            raise InputError(f"entry {entry} has no signal{of}; its signals: {known}")
        for signal in chosen:
            verdicts.give(connection, signal, Verdict(verdict), by=by, note=note, at=at)
    for signal in chosen:
        click.echo(f"{signal.indicator_id} of entry {entry}: {verdict}, says {by}")


@cli.command("verdicts")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_context
def verdicts_(ctx: click.Context, as_json: bool) -> None:
    """List the measured precision of each rule version, worst first, and what it suggests; edits nothing."""
    context = held(ctx, app.open_context(the_config(ctx)))
    with reading(context.engine) as connection:
        rows = sorted(verdicts.precisions(connection), key=lambda row: (row.precision, row.indicator_id))
    if as_json:
        found = [
            {
                "indicator": row.indicator_id,
                "version": row.rule_version,
                "precision": row.precision,
                "suggestion": suggestion(row.counts),
                **{v.value: row.counts.get(v, 0) for v in Verdict},
            }
            for row in rows
        ]
        click.echo(json.dumps(found, indent=1))
        return
    for row in rows:
        counts = ", ".join(f"{row.counts.get(v, 0)} {v.value}" for v in Verdict)
        advice = suggestion(row.counts)
        said = f"{counts}; {advice}" if advice else counts
        click.echo(f"{row.precision:4.0%}  {row.indicator_id} v{row.rule_version}: {said}")
    if not rows:
        click.echo("no verdicts yet; monitor verdict gives one")
