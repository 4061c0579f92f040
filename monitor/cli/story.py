"""`monitor story`: why entries are one story, and how to put that right."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import datetime

import click
from sqlalchemy import Connection

from monitor import app
from monitor.cli import Commands, cli, held, the_config
from monitor.core.likeness import NEEDED, likeness
from monitor.core.model import Signal, Story
from monitor.core.stories import SAME_EVENT_WITHIN, affinity, group_stories
from monitor.errors import InputError
from monitor.storage import signals, story_edits
from monitor.storage.engine import reading, writing

by_option = click.option("--by", default="", help="Who says so; else the name you are logged in under.")
note_option = click.option("--note", default="", help="Why.")


@cli.group(cls=Commands)
def story() -> None:
    """See why entries are one story; put them together or apart."""


@story.command()
@click.argument("entry", type=int)
@click.pass_context
def show(ctx: click.Context, entry: int) -> None:
    """Print the stories that ENTRY (the number that a digest gives) is part of, and what made each one."""
    context = held(ctx, app.open_context(the_config(ctx)))
    with reading(context.engine) as connection:
        found = _stories_of(connection, entry, app.now())
    for one in found:
        click.echo(f"{one.indicator_id}: {len(one.signals)} of one story")
        in_order = sorted(one.signals, key=lambda s: (s.effective_at, s.id))
        for number, signal in enumerate(in_order):
            why = _why(signal, in_order[:number])
            source = f"{signal.feed_title}{f', passes on {signal.passes_on}' if signal.passes_on else ''}"
            click.echo(f"  entry {signal.entry_id}  {signal.effective_at:%Y-%m-%d %H:%M}Z  {source}")
            click.echo(f"    {signal.title}\n    {why}")


def _why(signal: Signal, before: Sequence[Signal]) -> str:
    """What joined a report to those that the story had already."""
    if not before:
        return "first report"
    points = affinity(signal, before)
    reason = likeness(signal, before[0]).reason
    return f"with the first report: {reason}; {points:.1f} points on average, {NEEDED:g} join"


@story.command()
@click.argument("entry", type=int)
@click.argument("other", type=int)
@by_option
@note_option
@click.pass_context
def merge(ctx: click.Context, entry: int, other: int, by: str, note: str) -> None:
    """Put ENTRY and OTHER into one story, wherever they are signals of one indicator."""
    context = held(ctx, app.open_context(the_config(ctx)))
    at = app.now()
    with writing(context.engine) as connection:
        shared = {s.indicator_id for s in signals.signals_of_entry(connection, entry)} & {
            s.indicator_id for s in signals.signals_of_entry(connection, other)
        }
        if not shared or entry == other:
            raise InputError(f"entries {entry} and {other} are no signals of one indicator")
        pairs = [(entry, other)]
        story_edits.give(connection, pairs, together=True, by=by or getpass.getuser(), note=note, at=at)
    click.echo(f"entries {entry} and {other} are one story of {', '.join(sorted(shared))}")


@story.command()
@click.argument("entry", type=int)
@by_option
@note_option
@click.pass_context
def split(ctx: click.Context, entry: int, by: str, note: str) -> None:
    """Put ENTRY apart from all other entries of its stories."""
    context = held(ctx, app.open_context(the_config(ctx)))
    at = app.now()
    with writing(context.engine) as connection:
        found = _stories_of(connection, entry, at)
        others = sorted({s.entry_id for one in found for s in one.signals} - {entry})
        if not others:
            raise InputError(f"entry {entry} is the only one of its story")
        pairs = [(entry, other) for other in others]
        story_edits.give(connection, pairs, together=False, by=by or getpass.getuser(), note=note, at=at)
    click.echo(f"entry {entry} is apart from {', '.join(map(str, others))}")


def _stories_of(connection: Connection, entry: int, at: datetime) -> list[Story]:
    own = signals.signals_of_entry(connection, entry)
    if not own:
        raise InputError(f"entry {entry} has no signal")
    when = own[0].effective_at
    # Whatever can be linked to it, in both directions of time.
    near = signals.signals_between(connection, when - 2 * SAME_EVENT_WITHIN, when + 2 * SAME_EVENT_WITHIN)
    ids = {signal.indicator_id for signal in own}
    known: list[Signal] = [signal for signal in near if signal.indicator_id in ids]
    grouped = group_stories(known, story_edits.in_force(connection, at))
    return [one for one in grouped if any(signal.entry_id == entry for signal in one.signals)]
