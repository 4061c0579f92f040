"""A look at the machine: its clock, its disk, its time zones, and the libraries that Python came with."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.core.cadence import find_zone
from monitor.core.model import Recipient
from monitor.errors import ConfigError
from monitor.services.findings import Finding, fail, ok, warn

Version = tuple[int, int, int]

EXPAT_NEEDED = (2, 4, 0)  # from here on it limits what entities grow to
EXPAT_ADVISED = (2, 6, 0)  # from here on it does not parse a long token again and again
SQLITE_NEEDED = (3, 35, 0)
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # before this the program was not written
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
CLOCKS_APART = timedelta(seconds=30)
ZONES_OLD_AFTER_YEARS = 2
ROOM_NEEDED = 100 * 2**20
ROOM_ADVISED = 2**30


def clock(at: datetime, others: Iterable[tuple[str, datetime | None]]) -> list[Finding]:
    """Is the time a likely one? `others` are times that should not lie ahead of it, by what they are of."""
    fix = "set the clock, and keep it with NTP: timedatectl set-ntp true"
    if not EARLIEST <= at <= LATEST:
        return [fail("clock", f"says {at:%Y-%m-%d}", fix)]
    for name, other in others:
        if other is not None and other - at > CLOCKS_APART:
            words = f"{name} is {(other - at).total_seconds():.0f} s ahead of the clock, which was set back"
            return [fail("clock", words, fix)]
    return [ok("clock", f"{at:%Y-%m-%d %H:%M}Z")]


def clocks_agree(at: datetime, server: datetime) -> Finding:
    """Does the database's server have the same time?"""
    apart = abs(at - server)
    if apart > CLOCKS_APART:
        words = f"the database's server is {apart.total_seconds():.0f} s apart from this machine"
        return fail("clock of the database", words, "keep both with NTP")
    return ok("clock of the database", f"{apart.total_seconds():.1f} s apart")


def room(name: str, folder: Path, *, needed: int = ROOM_NEEDED, advised: int = ROOM_ADVISED) -> Finding:
    """Is there room in a folder, in bytes, and may we write into it?"""
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    free = shutil.disk_usage(there).free
    words = f"{free // 2**20:,} MiB free at {there}"
    if free < needed:
        return fail(name, words, "free some space: what cannot be stored is fetched again later")
    if free < advised:
        return warn(name, words, f"free some space: {advised // 2**20:,} MiB are advised")
    return ok(name, words)


def zones(recipients: Iterable[Recipient], tzdata: str, at: datetime) -> list[Finding]:
    """Does every recipient's zone exist, and is the table of zones (such as "2025.2") recent?"""
    found = []
    for recipient in recipients:
        try:
            find_zone(recipient.timezone)
        except ValueError as error:
            fix = f'write another timezone for recipient "{recipient.id}"'
            found.append(fail("time zones", f"{recipient.id}: {error}", fix))
    year = int(tzdata.split(".")[0]) if tzdata[:4].isdigit() else 0
    if at.year - year > ZONES_OLD_AFTER_YEARS:
        found.append(warn("time zones", f"tzdata {tzdata or 'unknown'}", "pip install --upgrade tzdata"))
    return found or [ok("time zones", f"tzdata {tzdata}")]


def require_safe_parser(expat: Version) -> None:
    """Raise ConfigError for an XML parser that a feed could use to fill the memory."""
    if expat < EXPAT_NEEDED:
        named, needed = (".".join(map(str, version)) for version in (expat, EXPAT_NEEDED))
        raise ConfigError([f"this Python's XML parser is expat {named}: use one with {needed} or later"])


def libraries(expat: Version, sqlite: Version) -> list[Finding]:
    """Are the parser and the database that Python was built with safe and recent enough?"""
    expat_words, sqlite_words = (".".join(map(str, version)) for version in (expat, sqlite))
    fix = "use a Python that is built with a later expat"
    if expat < EXPAT_NEEDED:
        found = [fail("XML parser", f"expat {expat_words} has no limit on entities", fix)]
    elif expat < EXPAT_ADVISED:
        found = [warn("XML parser", f"expat {expat_words} can be slowed down by a long tag", fix)]
    else:
        found = [ok("XML parser", f"expat {expat_words}")]
    if sqlite < SQLITE_NEEDED:
        fix = f"use a Python with SQLite {'.'.join(map(str, SQLITE_NEEDED))} or later"
        return [*found, fail("SQLite", sqlite_words, fix)]
    return [*found, ok("SQLite", sqlite_words)]
