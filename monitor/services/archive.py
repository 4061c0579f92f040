"""Archived entries from files: JSON Lines, or feed documents as they were fetched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from monitor.config import Config
from monitor.core.model import Entry, Feed
from monitor.errors import InputError, ParseError
from monitor.services.replay import Archived
from monitor.sources.feed import parse
from monitor.sources.lines import BrokenLine, Line, read_lines, read_moment, text_of
from monitor.sources.text import one_line, to_text


def read_archive(
    files: Sequence[Path], config: Config, on_broken: Callable[[str], None]
) -> tuple[list[Archived], dict[str, Feed]]:
    """The entries of archive files, and the feeds that they came from by id.

    A source that is the host of a configured feed counts as that feed;
    another one is a feed of its own, ungraded. What cannot be read is
    reported as «file:line: reason» and left out.
    """
    feeds = _Feeds(config.feeds)
    archived: list[Archived] = []
    for path in files:
        read = _read_document if _is_document(path) else _read_lines
        archived.extend(read(path, feeds, on_broken))
    return archived, feeds.known


class _Feeds:
    """The feeds that archived entries came from."""

    def __init__(self, configured: Iterable[Feed]) -> None:
        self._by_host: dict[str, Feed] = {}
        for feed in configured:
            self._by_host.setdefault((urlsplit(feed.url).hostname or "").removeprefix("www."), feed)
        self._by_source: dict[str, Feed] = {}

    @property
    def known(self) -> dict[str, Feed]:
        return {feed.id: feed for feed in self._by_source.values()}

    def of(self, source: str, language: str = "und") -> Feed:
        """The feed of a source, made up where no configured feed has its host."""
        if source not in self._by_source:
            host = source.lower().removeprefix("www.")
            self._by_source[source] = self._by_host.get(host) or _made_up(source, language)
        return self._by_source[source]


def _made_up(source: str, language: str) -> Feed:
    stem = re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:40]
    mark = hashlib.sha256(source.encode()).hexdigest()[:6]
    return Feed(id=f"archive-{stem}-{mark}", title=source or "unknown source", url="", language=language)


def _is_document(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(200).lstrip(b"\xef\xbb\xbf\xff\xfe\0 \r\n\t")
    return start.startswith(b"<")


def _read_lines(path: Path, feeds: _Feeds, on_broken: Callable[[str], None]) -> Iterator[Archived]:
    for line in read_lines(path):
        found = line if isinstance(line, BrokenLine) else _archived(line, feeds)
        if isinstance(found, BrokenLine):
            on_broken(f"{path}:{found.number}: {found.reason}")
        else:
            yield found


def _archived(line: Line, feeds: _Feeds) -> Archived | BrokenLine:
    value = line.value
    at = read_moment(value.get("date"))
    title = one_line(to_text(text_of(value, "title")))
    if at is None:
        return BrokenLine(line.number, "date: expected an ISO date or time")
    if not title:
        return BrokenLine(line.number, "title: expected a text")
    language = text_of(value, "lang") or "und"
    feed = feeds.of(text_of(value, "source"), language)
    entry = Entry(
        feed_id=feed.id,
        key=text_of(value, "id")[:200] or hashlib.sha256(f"{at}{title}".encode()).hexdigest(),
        title=title,
        summary=to_text(text_of(value, "summary")),
        language=language,
        published_at=at,
    )
    return Archived(at=at, entry=entry)


def _read_document(path: Path, feeds: _Feeds, on_broken: Callable[[str], None]) -> Iterator[Archived]:
    feed = feeds.of(path.name)
    try:
        parsed = parse(path.read_bytes(), feed=feed)
    except ParseError as error:
        on_broken(f"{path}: {error}")
        return
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    for entry in parsed.entries:
        if entry.published_at is None:
            on_broken(f"{path}: {entry.key}: no date, so it has no place in time")
        else:
            yield Archived(at=entry.published_at, entry=entry)
