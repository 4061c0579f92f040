"""A feed document to entries, whatever its format."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from monitor.core.model import Entry, Feed
from monitor.core.outcome import Outcome
from monitor.errors import ParseError
from monitor.sources import jsonfeed, xmlfeed
from monitor.sources.charset import decode
from monitor.sources.identity import Found, with_keys
from monitor.sources.links import safe_link
from monitor.sources.text import MAX_SUMMARY, clean, one_line, to_text

MAX_ENTRIES = 1_000
# The web's first year, and one whose every zone still has a calendar.
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a document holds, in its order; of more than a thousand entries the first and the last half."""

    entries: tuple[Entry, ...]
    outcome: Outcome = Outcome.OK
    skipped: int = 0  # over the limit, or without any text
    detail: str = ""
    ttl: timedelta | None = None  # how long it says it may be kept, at most a day


def parse(body: bytes, *, feed: Feed, content_type: str = "", max_entries: int = MAX_ENTRIES) -> Parsed:
    """Read RSS 0.9x, 1.0 and 2.0, Atom or JSON Feed; raises ParseError with the reason.

    TRUNCATED means that not all entries could be kept: the document ends early,
    or holds more than the limit, and loses those in the middle.
    """
    if not body.strip():
        raise ParseError(Outcome.EMPTY_BODY)
    text = decode(body, content_type, feed.language)
    reader = jsonfeed if text.lstrip().startswith("{") else xmlfeed
    raw = reader.read(text, max_entries)
    found = [_found(entry, feed, raw.language) for entry in raw.entries]
    kept = [item for item in found if item is not None]
    empty = len(found) - len(kept)
    return Parsed(
        entries=tuple(with_keys(kept)),
        outcome=Outcome.TRUNCATED if raw.is_cut or raw.over else Outcome.OK,
        skipped=raw.over + empty,
        detail=_detail(raw.is_cut, raw.over, empty),
        ttl=_ttl(raw.ttl),
    )


def _detail(is_cut: bool, over: int, empty: int) -> str:
    parts = [
        "the document ends early" if is_cut else "",
        f"{over} entries over the limit, in the middle" if over else "",
        f"{empty} entries without any text" if empty else "",
    ]
    return "; ".join(part for part in parts if part)


def _ttl(minutes: str) -> timedelta | None:
    minutes = minutes.strip()
    if not (minutes.isascii() and minutes.isdigit()):
        return None
    return min(timedelta(minutes=int(minutes[:9])), timedelta(days=1))


def _found(raw: Mapping[str, Any], feed: Feed, feed_language: str) -> Found | None:
    title = one_line(_field(raw, "title"))
    body = max((to_text(str(c.get("value", ""))) for c in raw.get("content") or ()), key=len, default="")
    summary = max(_field(raw, "summary"), body, key=len)[:MAX_SUMMARY]
    publisher_id = clean(str(raw.get("id") or ""))
    link = safe_link(_link(raw, publisher_id), feed.url)
    if not (title or summary or link or publisher_id):
        return None
    entry = Entry(
        feed_id=feed.id,
        key="",
        title=title or one_line(summary, 200),
        summary="" if summary == title else summary,
        link=link,
        language=_language(raw, feed, feed_language),
        published_at=_published(raw),
    )
    return Found(publisher_id, entry)


def _link(raw: Mapping[str, Any], publisher_id: str) -> str:
    link = str(raw.get("link") or "")
    # For want of a link feedparser takes the id, which is an address only when it looks like one.
    return "" if link == publisher_id and not link.lower().startswith(("http:", "https:")) else link


def _field(raw: Mapping[str, Any], name: str) -> str:
    value = str(raw.get(name) or "")
    detail = raw.get(f"{name}_detail") or {}
    # Text that was declared as text is not markup: "<script>" in it is what the reader sees.
    if detail.get("type") == "text/plain" and not re.search(r"</?[a-z][^>]*>|&#?\w+;", value, re.IGNORECASE):
        return to_text(value.replace("<", "&lt;"))
    return to_text(value)


def _language(raw: Mapping[str, Any], feed: Feed, feed_language: str) -> str:
    if feed.language != "und":
        return feed.language
    own = (raw.get("title_detail") or {}).get("language") or raw.get("language") or feed_language
    found = re.match(r"[A-Za-z]{2,3}(?=$|[-_])", str(own or ""))
    return found[0].lower() if found else "und"


def _published(raw: Mapping[str, Any]) -> datetime | None:
    # `in`, not .get(): asked for a missing "updated", feedparser answers with "published".
    stamps = [raw[name] for name in ("published_parsed", "updated_parsed", "created_parsed") if name in raw]
    for stamp in stamps:
        if stamp:
            return _moment(stamp)
    return _beijing_time(str(raw.get("pubtime") or ""))


def _moment(stamp: tuple[int, ...] | datetime) -> datetime | None:
    try:
        moment = stamp if isinstance(stamp, datetime) else datetime.fromtimestamp(calendar.timegm(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if _FIRST_YEAR <= moment.year < _LAST_YEAR else None


def _beijing_time(text: str) -> datetime | None:
    """China's statistics office writes <pubTime> without a zone."""
    try:
        return _moment(datetime.fromisoformat(text.strip()).replace(tzinfo=_BEIJING).astimezone(UTC))
    except (ValueError, OverflowError):
        return None
