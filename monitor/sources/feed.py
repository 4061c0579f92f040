"""A feed document to entries; the only file that knows feedparser."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import feedparser

from monitor.core.model import Entry, Feed, Outcome
from monitor.errors import ParseError
from monitor.sources import jsonfeed
from monitor.sources.charset import decode
from monitor.sources.guard import check
from monitor.sources.identity import Found, with_keys
from monitor.sources.links import safe_link
from monitor.sources.text import MAX_SUMMARY, one_line, to_text

MAX_ENTRIES = 1_000
# The web's first year, and one whose every zone still has a calendar.
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_BEIJING = timezone(timedelta(hours=8))

# Entries become plain text and links are checked in links.py, so neither is needed, and
# both cost half of the time.
feedparser.SANITIZE_HTML = 0
feedparser.RESOLVE_RELATIVE_URIS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a document holds: at most a thousand entries, in its order."""

    entries: tuple[Entry, ...]
    outcome: Outcome = Outcome.OK
    skipped: int = 0  # over the limit, or without any text
    detail: str = ""
    min_wait: timedelta | None = None


def parse(body: bytes, *, feed: Feed, content_type: str = "", max_entries: int = MAX_ENTRIES) -> Parsed:
    """Read RSS 0.9x, 1.0 and 2.0, Atom or JSON Feed; raises ParseError with the reason.

    TRUNCATED means that only the first entries could be kept: the document
    ends early, or holds more than the limit.
    """
    if not body.strip():
        raise ParseError(Outcome.EMPTY_BODY)
    text = decode(body, content_type)
    if text.lstrip().startswith("{"):
        title_language, raws, is_cut = *jsonfeed.read(text), False
    else:
        title_language, raws, is_cut = _read_xml(text)
    found = [_found(raw, feed, title_language) for raw in raws[:max_entries]]
    kept = [item for item in found if item is not None]
    entries = with_keys(kept)
    over = max(len(raws) - max_entries, 0)
    return Parsed(
        entries=tuple(entries),
        outcome=Outcome.TRUNCATED if is_cut or over else Outcome.OK,
        skipped=over + len(found) - len(kept),
        detail=_detail(is_cut, over, len(found) - len(kept)),
    )


def _detail(is_cut: bool, over: int, invalid: int) -> str:
    parts = [
        "the document ends early" if is_cut else "",
        f"{over} entries over the limit" if over else "",
        f"{invalid} entries without any text" if invalid else "",
    ]
    return "; ".join(part for part in parts if part)


def _read_xml(text: str) -> tuple[str, Sequence[Mapping[str, Any]], bool]:
    """Language, raw entries and whether the document ends early."""
    document = check(text)
    # Bytes only: given text, feedparser would take a short one for a path or an address to open.
    parsed = feedparser.parse(
        document.text.encode("utf-8", "replace"),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.entries and not parsed.get("version"):
        raise ParseError(Outcome.NOT_A_FEED, f"no feed in <{document.root[:40]}>")
    language = parsed.feed.get("language", "")
    return language, parsed.entries, document.is_truncated


def _found(raw: Mapping[str, Any], feed: Feed, feed_language: str) -> Found | None:
    title = one_line(_field(raw, "title"))
    body = max((to_text(str(c.get("value", ""))) for c in raw.get("content") or ()), key=len, default="")
    summary = max(_field(raw, "summary"), body, key=len)[:MAX_SUMMARY]
    publisher_id = str(raw.get("id") or "")
    link = safe_link(_link(raw, publisher_id), feed.url)
    if not (title or summary or link or publisher_id.strip()):
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
        return datetime.fromisoformat(text.strip()).replace(tzinfo=_BEIJING).astimezone(UTC)
    except ValueError:
        return None
