"""What commands that look at stored entries share."""

from __future__ import annotations

import os
import re
from datetime import timedelta

import click

from monitor import app
from monitor.cli import held
from monitor.config import load_config
from monitor.errors import InputError
from monitor.services.context import Context
from monitor.storage.archive import ArchivedEntry, count_between, entries_between
from monitor.storage.engine import reading


def days(ctx: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """Read a span written like 90d."""
    found = re.fullmatch(r"(\d{1,5})d", value)
    if not found or int(found[1]) == 0:
        raise click.BadParameter("expected a number of days such as 90d")
    return timedelta(days=int(found[1]))


def the_context(ctx: click.Context) -> Context:
    """The database that the configuration names."""
    return held(ctx, app.open_context(load_config(ctx.find_root().obj, os.environ)))


def stored(context: Context, since: timedelta) -> list[ArchivedEntry]:
    """The stored entries of so many days, up to the newest one. Raises InputError when there are none."""
    at = app.now()
    with reading(context.engine) as connection:
        if not count_between(connection, at - since, at):
            raise InputError(
                f"no entry of the last {since.days} days is stored: poll first, or look further back"
            )
        return list(entries_between(connection, at - since, at))
