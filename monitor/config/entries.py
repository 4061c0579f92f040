"""[[domain]], [[recipient]] and [[feed]]: from tables of the file to the values of the core."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from monitor.config.problems import Problems
from monitor.config.schema import FeedTable, RecipientTable
from monitor.config.settings import MailSettings
from monitor.core.model import Feed, Level, Recipient

_RSSHUB = "rsshub:"
# Nobody receives mail at these (RFC 2606).
_EXAMPLE = re.compile(r"[@.](example\.(org|com|net)|example|invalid|test)$")


def to_recipient(table: RecipientTable) -> Recipient:
    """The recipient that a table describes."""
    return Recipient(
        id=table.id,
        address=table.address,
        name=table.name,
        timezone=table.timezone,
        cadences=tuple(table.cadence),
        language=table.language,
        domains=tuple(table.domains),
        minimum_level=Level[table.minimum_level.upper()],
        urgent=table.urgent,
    )


def to_feed(table: FeedTable, rsshub: str) -> Feed:
    """The feed that a table describes; a path behind RSSHub becomes an address, or is off without one."""
    behind = table.url.startswith(_RSSHUB)
    return Feed(
        id=table.id,
        title=table.title or table.id,
        url=rsshub.rstrip("/") + table.url.removeprefix(_RSSHUB) if behind and rsshub else table.url,
        language=table.language,
        family=table.family,
        party=table.party,
        reliability=table.reliability,
        domains=tuple(table.domains),
        expected_every=table.every,
        enabled=table.enabled and bool(rsshub or not behind),
    )


def notes_on(
    feeds: Sequence[Feed], wanted: Sequence[FeedTable], recipients: Sequence[Recipient], mail: MailSettings
) -> list[str]:
    """What an operator may not expect, although nothing is wrong."""
    notes = []
    if not recipients:
        notes.append("there is no [[recipient]]: domains are scored, and nobody is told")
    if not any(feed.enabled for feed in feeds):
        notes.append("no [[feed]] is enabled: there is nothing to read")
    off = sum(table.enabled for table in wanted) - sum(feed.enabled for feed in feeds)
    if off:
        them = "1 feed is" if off == 1 else f"{off} feeds are"
        notes.append(f"{them} off because fetch.rsshub is empty")
    addresses = [mail.from_address, *(recipient.address for recipient in recipients)]
    examples = [address for address in addresses if _EXAMPLE.search(address)]
    if mail.smtp is not None and examples:
        notes.append(f"mail goes to or from an example address: {', '.join(examples)}")
    return notes


def check_distinct(kind: str, name: str, tables: Sequence[Any], problems: Problems) -> None:
    """Note every entry of a kind whose value of a key another one before it has."""
    first: dict[str, int] = {}
    for number, table in enumerate(tables):
        value = table.get(name) if isinstance(table, dict) else None
        if not isinstance(value, str):
            continue
        if first.setdefault(value, number) != number:
            problems.add((kind, number, name), f"the same as that of {kind}[{first[value] + 1}]")
