"""The identity of entries within one document: the publisher's id, else the link, else the text."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from monitor.core.model import Entry
from monitor.sources.links import is_front_page, without_tracking

MAX_KEY = 200


@dataclass(frozen=True, slots=True)
class Found:
    """An entry as found in a document, with the id that its publisher gave it."""

    publisher_id: str
    entry: Entry


def with_keys(found: Sequence[Found]) -> list[Entry]:
    """Give every entry its key, and keep of those with one key the last.

    An id on entries with different links identifies nothing, nor does a link
    on entries of different texts or to a front page: such entries go by what
    is left.
    """
    bare = [_bare(item.entry.link) for item in found]
    vague_ids = _vague((item.publisher_id, link) for item, link in zip(found, bare, strict=True) if link)
    vague_links = _vague(
        (link, f"{item.entry.title}\n{item.entry.summary}")
        for item, link in zip(found, bare, strict=True)
        if item.publisher_id in vague_ids
    )
    entries: dict[str, Entry] = {}
    for item, link in zip(found, bare, strict=True):
        given = "" if item.publisher_id in vague_ids else item.publisher_id
        key = _key(given or ("" if link in vague_links else link), item.entry)
        entries[key] = replace(item.entry, key=key)
    return list(entries.values())


def _bare(link: str) -> str:
    return "" if is_front_page(link) else without_tracking(link)


def _vague(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """The names that stand for more than one thing, and the empty name."""
    things: dict[str, set[str]] = defaultdict(set)
    for name, thing in pairs:
        things[name].add(thing)
    return {name for name, named in things.items() if len(named) > 1} | {""}


def _key(name: str, entry: Entry) -> str:
    if not name:
        return _digest(f"{entry.title}\n{entry.summary}")
    return name if len(name) <= MAX_KEY else _digest(name)


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
