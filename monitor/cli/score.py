"""`monitor score`: every factor of every story of an index, why it moved, and the scale it should have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import groupby

import click

from monitor import app
from monitor.cli import Commands, cli, held, the_config
from monitor.core.assessment import Assessment, Score
from monitor.core.change import Change
from monitor.core.model import Direction, Story
from monitor.errors import InputError
from monitor.services.assess import see
from monitor.services.calibrate import FEWEST_DAYS, Scale, scales
from monitor.services.changes import changes_since
from monitor.services.context import Context
from monitor.storage.engine import reading

LEAST = 0.05  # points that are shown
NEARLY = 0.9  # of the days that were asked for, and the record is as good as full


@cli.group(cls=Commands)
def score() -> None:
    """Take the numbers apart."""


def moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Read a time written like 2026-11-23T06:00Z; without a zone it is UTC."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("expected a time such as 2026-11-23T06:00Z") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


@score.command("explain")
@click.option("--domain", required=True, help="Which domain.")
@click.option("--at", callback=moment, help="As of when, such as 2026-11-23T06:00Z; else now.")
@click.option("--since", callback=moment, help="Compare with this time; else with a day earlier.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def explain(
    ctx: click.Context, domain: str, at: datetime | None, since: datetime | None, as_json: bool
) -> None:
    """Print every factor of every story of a domain's indexes; the points add up to each index."""
    context = held(ctx, app.open_context(the_config(ctx)))
    at = at or app.now()
    since = since or at - timedelta(days=1)
    if since >= at:
        raise InputError(f"--since {since:%Y-%m-%dT%H:%MZ} is not before {at:%Y-%m-%dT%H:%MZ}")
    with reading(context.engine) as connection:
        picture = see(connection, context, at)
        changes = changes_since(connection, context, since, at)
    assessment = picture.assessments.get(domain)
    if assessment is None:
        raise InputError(f"no domain {domain!r}; there are {', '.join(sorted(picture.assessments))}")
    if as_json:
        click.echo(json.dumps(_as_dict(assessment, changes), ensure_ascii=False, indent=1, default=str))
        return
    titles = {(s.indicator_id, tuple(sorted(x.id for x in s.signals))): s for s in picture.stories}
    click.echo(
        f"{domain} at {at:%Y-%m-%d %H:%M}Z: {assessment.level.label} "
        f"since {assessment.level_since:%Y-%m-%d}, {assessment.coverage:.0%} of its feeds read"
        f"{'; ' + assessment.note if assessment.note else ''}"
    )
    for one in (assessment.deepening, assessment.friction, assessment.countermeasure):
        _print_score(context, one, titles)
        change = changes.get((domain, one.direction))
        if change and (one.stories or abs(change.total) >= LEAST):
            click.echo(f"  since {since:%Y-%m-%d %H:%M}Z {change.total:+.1f}: {causes(change) or 'nothing'}")


@score.command("calibrate")
@click.option("--days", type=click.IntRange(FEWEST_DAYS, 3650), default=365, help="How far back to look.")
@click.option("--at", callback=moment, help="As of when, such as 2026-11-23T06:00Z; else now.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def calibrate(ctx: click.Context, days: int, at: datetime | None, as_json: bool) -> None:
    """Compute from the stored assessments the scales at which one day in ten reads 60 or more.

    Prints the lines for the _domain.toml of each domain; writes nothing.
    """
    context = held(ctx, app.open_context(the_config(ctx)))
    at = at or app.now()
    with reading(context.engine) as connection:
        found = scales(connection, context, at, timedelta(days=days))
    fewest = min((len(one.days) for one in found), default=0)
    if fewest < FEWEST_DAYS:
        raise InputError(
            f"only {fewest} of the last {days} days can be used (assessed, enough feeds read, methodology "
            f"{context.method.version}) and a scale needs {FEWEST_DAYS}; keep the scales in force and "
            "try again when there are more"
        )
    if as_json:
        for one in found:
            click.echo(json.dumps(asdict(one) | {"days": len(one.days)}))
        return
    _print_scales(context, found)
    if fewest < NEARLY * days:
        click.echo(
            f"\n# {fewest} days of {days}: stories of long half-lives were still gathering, so these "
            "scales are rather too small. Repeat this when the record is full."
        )


def _print_scales(context: Context, found: Sequence[Scale]) -> None:
    for domain, group in groupby(found, key=lambda one: one.domain):
        own = list(group)
        first, last = own[0].days[0], own[0].days[-1]
        click.echo(f"\n# {context.config.catalog_folder / domain}/_domain.toml")
        click.echo(f"# from {len(own[0].days)} days, {first} to {last}\n[sigma]")
        for one in own:
            click.echo(
                f"{one.direction} = {one.calibrated:.1f}  # in force {one.in_force:.1f}; "
                f"S is {one.amount:.1f} or less on nine days in ten"
            )


def causes(change: Change) -> str:
    """The causes that moved an index, in words: "new stories +9.0, decay -3.0"."""
    return ", ".join(f"{name} {points:+.1f}" for name, points in change.parts if abs(points) >= LEAST)


def _print_score(context: Context, one: Score, stories: dict[tuple[str, tuple[int, ...]], Story]) -> None:
    sigma = context.sigma(one.domain, one.direction)
    click.echo(f"\n{one.direction} {one.index:.1f} of 100 (scale {sigma:.1f}), {len(one.stories)} stories")
    for part in one.stories:
        leading = stories[part.indicator_id, part.signal_ids].leading
        review = f" x {part.review:.2f} review" if part.review != 1 else ""
        click.echo(f"  {part.points:5.2f}  {part.indicator_id}  entry {leading.entry_id}  {leading.title}")
        click.echo(
            f"         weight {part.weight:g} x strength {part.strength:.2f} x credibility "
            f"{part.credibility:.2f} x recency {part.recency:.2f}{review} = {part.value:.2f}; "
            f"{len(part.signal_ids)} signal(s)"
        )


def _as_dict(assessment: Assessment, changes: dict[tuple[str, Direction], Change]) -> dict[str, object]:
    found = asdict(assessment)
    for one in (assessment.deepening, assessment.friction, assessment.countermeasure):
        change = changes.get((assessment.domain, one.direction))
        found[one.direction.value]["change"] = (asdict(change) | {"total": change.total}) if change else None
    return found
