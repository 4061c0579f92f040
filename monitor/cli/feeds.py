"""`monitor feeds`: what is polled, and whether it can be."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from monitor import app
from monitor.cli import FOUND, Commands, cli, held, the_config
from monitor.config import Config
from monitor.core.health import health, reason
from monitor.core.model import Feed, FeedState
from monitor.errors import InputError, SourceError
from monitor.sources.opml import Outline, read_opml, write_opml
from monitor.storage import feeds as stored
from monitor.storage.engine import reading


@cli.group(cls=Commands)
def feeds() -> None:
    """List, check, import and export feeds."""


@feeds.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List every configured feed with what its last poll said."""
    context = held(ctx, app.open_context(the_config(ctx)))
    at = app.now()
    with reading(context.engine) as connection:
        states = stored.all_states(connection)
    rows = [_row(state, at) for state in states]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(
            f"{row['health']:<9} {row['reliability']} {row['language']} {row['id']:<28} {row['reason']}"
        )


def _row(state: FeedState, at: Any) -> dict[str, Any]:
    feed = state.feed
    kind = health(state, at).value if feed.enabled else "disabled"
    return {
        "id": feed.id,
        "title": feed.title,
        "url": feed.url,
        "language": feed.language,
        "reliability": feed.reliability,
        "enabled": feed.enabled,
        "health": kind,
        "reason": reason(state, at) if feed.enabled else "",
        "polled_at": state.polled_at and state.polled_at.isoformat(),
        "newest_entry_at": state.newest_entry_at and state.newest_entry_at.isoformat(),
        "entries_stored": state.entries_stored,
    }


@feeds.command()
@click.argument("ids", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_context
def check(ctx: click.Context, ids: tuple[str, ...], as_json: bool) -> None:
    """Fetch and parse feeds, all enabled ones or those named, and store nothing; exit 1 if one fails."""
    config = the_config(ctx)
    known = {feed.id: feed for feed in config.feeds}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise InputError(f"no feed {', '.join(unknown)}: see `monitor feeds list`")
    chosen = [known[name] for name in ids] or [feed for feed in config.feeds if feed.enabled]
    results = asyncio.run(check_feeds(config, chosen))
    if as_json:
        click.echo(json.dumps(results, ensure_ascii=False, indent=1))
    else:
        for row in results:
            click.echo(f"{row['outcome']:<20} {row['entries']:>4} entries  {row['id']:<28} {row['detail']}")
    ctx.exit(FOUND if any(row["failed"] for row in results) else 0)


async def check_feeds(config: Config, chosen: list[Feed]) -> list[dict[str, Any]]:
    """Fetch and parse feeds, and store nothing: a row each."""
    async with app.open_source(config) as source:

        async def one(feed: Feed) -> dict[str, Any]:
            try:
                fetched = await source(FeedState(feed=feed))
            except SourceError as error:
                return {
                    "id": feed.id,
                    "outcome": error.outcome.value,
                    "failed": True,
                    "entries": 0,
                    "detail": error.detail,
                }
            newest = max((e.published_at for e in fetched.entries if e.published_at), default=None)
            detail = (
                f"newest {newest.isoformat(timespec='minutes')}" if newest else fetched.detail or "no dates"
            )
            return {
                "id": feed.id,
                "outcome": fetched.outcome.value,
                "failed": False,
                "entries": len(fetched.entries),
                "detail": detail,
            }

        return await asyncio.gather(*(one(feed) for feed in chosen))


@feeds.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def import_(ctx: click.Context, file: Path) -> None:
    """Print the feeds of an OPML file as [[feed]] tables to add to config.toml.

    Feeds that are configured already are left out. The configuration is
    yours: nothing is written into it.
    """
    have = {feed.url for feed in the_config(ctx).feeds}
    taken = {feed.id for feed in the_config(ctx).feeds}
    new = [outline for outline in read_opml(file.read_bytes()) if outline.url not in have]
    for outline in new:
        click.echo(_as_table(outline, taken))
    click.echo(f"{len(new)} feeds are new", err=True)


def _as_table(outline: Outline, taken: set[str]) -> str:
    bare = "".join(c if c.isascii() and c.isalnum() else "-" for c in outline.title.lower())
    stem = "-".join(part for part in bare.split("-") if part)[:40] or "feed"
    name = next(n for n in (stem, *(f"{stem}-{i}" for i in range(2, 10_000))) if n not in taken)
    taken.add(name)
    lines = [
        "[[feed]]",
        f"id = {_quoted(name)}",
        f"title = {_quoted(outline.title)}",
        f"url = {_quoted(outline.url)}",
    ]
    if outline.language:
        lines.append(f"language = {_quoted(outline.language[:2].lower())}")
    return "\n".join([*lines, 'reliability = "F"  # grade it: A to F', ""])


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string.
    return json.dumps(text, ensure_ascii=False)


@feeds.command()
@click.option("--output", type=click.File("wb"), default="-", help="Else standard output.")
@click.pass_context
def export(ctx: click.Context, output: Any) -> None:
    """Write the configured feeds as OPML."""
    config = the_config(ctx)
    outlines = [Outline(title=f.title, url=f.url, language=f.language) for f in config.feeds if f.enabled]
    output.write(write_opml(outlines, title="Entente feeds"))
