"""The identity of entries within one document: the publisher's id, else the link, else the text."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.core.model import Entry
from monitor.sources.links import without_tracking

MAX_KEY = 200


@dataclass(frozen=True, slots=True)
class Found:
    """An entry as found in a document, with the id that its publisher gave it."""

    publisher_id: str
    entry: Entry


def with_keys(found: Sequence[Found]) -> list[Entry]:
    """Give every entry its key, and keep of those with one key the last.

    An id that stands on entries with different links identifies nothing, so
    such entries go by their links.
    """
    links: dict[str, set[str]] = defaultdict(set)
    for item in found:
        links[item.publisher_id.strip()].add(item.entry.link)
    entries: dict[str, Entry] = {}
    for item in found:
        given = item.publisher_id.strip()
        key = _key(given if len(links[given]) <= 1 else "", item.entry)
        entries[key] = replace(item.entry, key=key)
    return list(entries.values())


def _key(given: str, entry: Entry) -> str:
    key = given or (without_tracking(entry.link) if entry.link else "")
    if not key:
        return _digest(f"{entry.title}\n{entry.summary}")
    return key if len(key) <= MAX_KEY else _digest(key)


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
