"""`monitor rules` on our own archive: what an edit would do before it goes live."""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from io import BytesIO
from operator import attrgetter
from pathlib import Path
from typing import Any

import click

from monitor import app
from monitor.cli.rules import rules
from monitor.cli.stored import days, stored, the_context
from monitor.core.model import Signal
from monitor.core.review import Verdict
from monitor.errors import InputError
from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules
from monitor.services.compare import Comparison, Side, compare
from monitor.services.context import Context
from monitor.services.near_misses import near_misses as find_near_misses
from monitor.services.rematch import rematch as rematch_entries
from monitor.storage.engine import reading
from monitor.storage.verdicts import in_force

MOST_LISTED = 20


since_option = click.option("--since", callback=days, default="90d", help="How far back, such as 90d.")
rule_option = click.option("--rule", "only", default="", help="Only indicators whose id begins with this.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@rules.command()
@since_option
@rule_option
@json_option
@click.pass_context
def backtest(ctx: click.Context, since: timedelta, only: str, as_json: bool) -> None:
    """Run the rules in the folder over the stored entries: what they take, and what it comes to."""
    context = the_context(ctx)
    here = app.load_rules(ctx.obj)
    _report(context, here, here, since, only, as_json, title="backtest")


@rules.command()
@click.argument("revision")
@since_option
@rule_option
@json_option
@click.pass_context
def diff(ctx: click.Context, revision: str, since: timedelta, only: str, as_json: bool) -> None:
    """Compare the rules in the folder with those of a git REVISION, on the stored entries."""
    context = the_context(ctx)
    with tempfile.TemporaryDirectory() as scratch:
        before = app.load_rules(catalog_at(Path(ctx.obj), revision, Path(scratch)))
    _report(context, before, app.load_rules(ctx.obj), since, only, as_json, title=f"diff {revision}")


@rules.command("near-misses")
@since_option
@rule_option
@click.option("--most", default=MOST_LISTED, show_default=True, help="How many to list.")
@json_option
@click.pass_context
def near_misses(ctx: click.Context, since: timedelta, only: str, most: int, as_json: bool) -> None:
    """List entries that no rule took but that read like an indicator's positive examples."""
    context = the_context(ctx)
    catalog, compiled = app.load_rules(ctx.obj)
    found = find_near_misses(stored(context, since), catalog, compiled, only=only)[:most]
    if as_json:
        click.echo(json.dumps([asdict(miss) for miss in found], ensure_ascii=False, indent=1, default=str))
        return
    for miss in found:
        click.echo(f"{miss.likeness:3.0f}  {miss.at:%Y-%m-%d}  {miss.feed_title}  (entry {miss.entry_id})")
        click.echo(f"     {miss.title}\n     like {miss.indicator_id}: {miss.example}")
    if not found:
        click.echo("nothing that no rule took reads like an example")


@rules.command()
@since_option
@click.pass_context
def rematch(ctx: click.Context, since: timedelta) -> None:
    """Apply the rules in force to stored entries; what they find is stored as retro signals."""
    context = the_context(ctx)
    at = app.now()
    added = rematch_entries(context, at - since, at)
    click.echo(f"{added} retro signals stored")


def catalog_at(folder: Path, revision: str, scratch: Path) -> Path:
    """The catalog folder as it was at a git revision, unpacked into `scratch`; raises InputError."""
    command = ["git", "-C", str(folder), "archive", "--format=tar", revision, "--", "."]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  no shell
    if done.returncode:
        raise InputError(
            f"git has no {revision!r} of {folder}: {done.stderr.decode(errors='replace').strip()}"
        )
    with tarfile.open(fileobj=BytesIO(done.stdout)) as tar:
        tar.extractall(scratch, filter="data")
    return scratch


def _report(
    context: Context,
    before: tuple[Catalog, Rules],
    after: tuple[Catalog, Rules],
    since: timedelta,
    only: str,
    as_json: bool,
    *,
    title: str,
) -> None:
    until = app.now()
    with reading(context.engine) as connection:
        reviews = in_force(connection)
    entries = stored(context, since)
    found = compare(
        context, entries, before, after, since=until - since, until=until, only=only, reviews=reviews
    )
    if as_json:
        click.echo(json.dumps(as_dict(found), ensure_ascii=False, indent=1))
        return
    languages = " ".join(f"{name} {number}" for name, number in sorted(found.entries.items()))
    click.echo(
        f"{title}   archive {found.since:%Y-%m-%d}..{found.until:%Y-%m-%d}: "
        f"{sum(found.entries.values())} entries ({languages})"
    )
    click.echo(f"{'':34} {'before':>8} {'after':>8} {'gained':>8} {'lost':>8}")
    for row in rows_of(found):
        click.echo(
            f"{row['name']:34} {row['before']:>8} {row['after']:>8} {row['gained']:>8} {row['lost']:>8}"
        )
    for domain in found.after.index:
        click.echo(_domain(domain, found.before, found.after))
    unread = sum(signal.verdict is None for signal in (*found.gained, *found.lost))
    if unread:
        click.echo(f"read the {unread} gained and lost that nobody reviewed before you let this go live")
    click.echo(f"digests that would differ: {found.digests_that_differ} of {since.days}")
    for word, signals in (("gained", found.gained), ("lost", found.lost)):
        for signal in signals[:MOST_LISTED]:
            mark = f"  (marked {signal.verdict})" if signal.verdict else ""
            click.echo(f"{word}  {signal.effective_at:%Y-%m-%d}  {signal.indicator_id}  {signal.title}{mark}")
        if len(signals) > MOST_LISTED:
            click.echo(f"{word}  and {len(signals) - MOST_LISTED} more")


def rows_of(found: Comparison) -> list[dict[str, Any]]:
    """Entries and stories, then every indicator that took something on either side."""
    ids = sorted({s.indicator_id for side in (found.before, found.after) for s in side.signals})
    rows: list[dict[str, Any]] = [
        {
            "name": "entries",
            "before": len({s.entry_id for s in found.before.signals}),
            "after": len({s.entry_id for s in found.after.signals}),
            "gained": len({s.entry_id for s in found.gained}),
            "lost": len({s.entry_id for s in found.lost}),
        },
        {
            "name": "stories",
            "before": len(found.before.stories),
            "after": len(found.after.stories),
            "gained": found.stories_gained,
            "lost": found.stories_lost,
        },
    ]
    rows += [_row(f"marked {v}", found, attrgetter("verdict"), v) for v in Verdict]
    rows.append(_row("not reviewed", found, attrgetter("verdict"), None))
    return rows + [_row(name, found, attrgetter("indicator_id"), name) for name in ids]


def _row(name: str, found: Comparison, of: Callable[[Signal], object], wanted: object) -> dict[str, Any]:
    """How many signals of each kind are what a row counts."""
    kinds = {
        "before": found.before.signals,
        "after": found.after.signals,
        "gained": found.gained,
        "lost": found.lost,
    }
    return {"name": name} | {k: sum(of(s) == wanted for s in signals) for k, signals in kinds.items()}


def _domain(domain: str, before: Side, after: Side) -> str:
    return (
        f"{domain + ' index':34} {before.index[domain]:8.1f} {after.index[domain]:8.1f}   "
        f"level {before.level[domain].label} -> {after.level[domain].label}; "
        f"level changes {before.level_changes[domain]} -> {after.level_changes[domain]}"
    )


def as_dict(found: Comparison) -> dict[str, Any]:
    """The comparison as plain values."""
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "entries": dict(found.entries),
        "rows": rows_of(found),
        "domains": {
            domain: {
                "before": {"index": found.before.index[domain], "level": found.before.level[domain].label},
                "after": {"index": found.after.index[domain], "level": found.after.level[domain].label},
            }
            for domain in found.after.index
        },
        "digests_that_differ": found.digests_that_differ,
        "gained": [[s.entry_id, s.indicator_id, s.title] for s in found.gained],
        "lost": [[s.entry_id, s.indicator_id, s.title] for s in found.lost],
    }
