"""Configuration, database and archive."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from monitor import app
from monitor.cli import FOUND, Commands, cli, held, the_config
from monitor.notifiers import NOTIFIERS
from monitor.services.archive import read_archive
from monitor.services.backup import back_up
from monitor.services.deliver import deliver_all
from monitor.services.replay import Tick
from monitor.services.replay import replay as replay_archive
from monitor.storage.engine import open_engine
from monitor.storage.migrate import current_revision, head_revision, refuse_newer
from monitor.storage.migrate import upgrade as upgrade_schema


@cli.group(cls=Commands)
def config() -> None:
    """The configuration file."""


@config.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Report every problem of the configuration at once; exit 2 when there is any."""
    found = the_config(ctx)
    for note in found.notes:
        click.echo(f"note: {note}")
    enabled = sum(feed.enabled for feed in found.feeds)
    click.echo(
        f"{found.path}: {len(found.feeds)} feeds, {enabled} enabled, "
        f"{len(found.recipients)} recipients; no problem"
    )


@cli.group(cls=Commands)
def db() -> None:
    """The database."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the database to the schema of this program.

    An SQLite database is backed up first; of one on a server make a backup yourself.
    """
    config = the_config(ctx)
    engine = open_engine(config.storage_url.get())
    ctx.call_on_close(engine.dispose)
    before = current_revision(engine)
    refuse_newer(before)
    if before not in (None, head_revision()) and engine.url.database and engine.dialect.name == "sqlite":
        folder = config.backup.folder or Path(engine.url.database).parent
        click.echo(f"backup: {back_up(engine, folder, at=app.now()).file}")
    upgrade_schema(engine)
    click.echo(f"schema {before or 'none'} -> {current_revision(engine)}")


@cli.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--database", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A new SQLite file."
)
@click.option(
    "--digests",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each day's digest into this folder.",
)
@click.option("--digests-from", type=click.DateTime(["%Y-%m-%d"]), help="Digests only from this day on.")
@click.option("--json", "as_json", is_flag=True, help="A summary as one JSON object.")
@click.pass_context
def replay(
    ctx: click.Context,
    files: tuple[Path, ...],
    database: Path,
    digests: Path | None,
    digests_from: datetime | None,
    as_json: bool,
) -> None:
    """Feed archived entries through the daemon's own code, day by day with a simulated clock.

    FILES are JSON Lines (id, lang, date, source, title, summary; gzip allowed)
    or feed documents. They go into a database of their own. A broken line is
    reported with its number and skipped; the exit code is then 1.
    """
    since = (digests_from or datetime(1970, 1, 1)).replace(tzinfo=UTC) if digests else None  # noqa: DTZ001
    configured = the_config(ctx)
    context = held(ctx, app.open_archive(configured, database))
    broken: list[str] = []
    archived, known = read_archive(files, configured, broken.append)
    for line in broken:
        click.echo(line, err=True)
    totals: dict[str, int] = {"days": 0, "entries": 0, "signals": 0, "digests": 0, "broken": len(broken)}

    def on_tick(tick: Tick) -> None:
        totals["days"] += 1
        totals["entries"] += tick.entries
        totals["signals"] += tick.signals
        totals["digests"] += len(tick.digests)
        bar.update(tick.entries)

    with click.progressbar(
        length=len(archived), label="replaying", hidden=not sys.stderr.isatty(), file=sys.stderr
    ) as bar:
        replay_archive(context, archived, known, digests_from=since, on_tick=on_tick)
    if digests:
        notifier = NOTIFIERS["file"](folder=digests)
        deliver_all(context, notifier, now=app.now, jitter=app.jitter, claimant=app.claimant())
    if as_json:
        click.echo(json.dumps(totals))
    else:
        click.echo(", ".join(f"{number} {name}" for name, number in totals.items()))
    ctx.exit(FOUND if broken else 0)
