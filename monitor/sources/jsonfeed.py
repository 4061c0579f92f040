"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), in the shape that feed.py reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from monitor.core.outcome import Outcome
from monitor.errors import ParseError
from monitor.sources.raw import RawFeed


def read(text: str, max_entries: int) -> RawFeed:
    """Read the entries of a JSON Feed, of too many both ends; raises ParseError for any other JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(Outcome.NOT_A_FEED, "broken JSON") from error
    version = str(document.get("version", "")) if isinstance(document, dict) else ""
    items = document.get("items") if isinstance(document, dict) else None
    if "jsonfeed.org" not in version or not isinstance(items, list):
        raise ParseError(Outcome.NOT_A_FEED, "JSON, but no JSON Feed")
    return RawFeed(
        language=_scalar(document.get("language")),
        # What is no object becomes an entry without text, which is counted as skipped.
        entries=[_raw(item if isinstance(item, dict) else {}) for item in _both_ends(items, max_entries)],
        over=max(len(items) - max_entries, 0),
    )


def _both_ends(items: list[Any], most: int) -> list[Any]:
    """All items, or the first and the last ones: some publishers write their newest last."""
    head = most // 2
    return items if len(items) <= most else items[:head] + items[head - most :]


def _raw(item: Mapping[str, Any]) -> dict[str, Any]:
    plain = [escape(_scalar(item.get(name))) for name in ("content_text", "summary")]
    bodies = [_scalar(item.get("content_html")), *plain]
    return {
        "id": _scalar(item.get("id")),
        "title": escape(_scalar(item.get("title"))),
        "link": _scalar(item.get("url")) or _scalar(item.get("external_url")),
        "summary": "",
        "content": [{"value": body} for body in bodies],
        "language": _scalar(item.get("language")),
        "published_parsed": _moment(
            _scalar(item.get("date_published")) or _scalar(item.get("date_modified"))
        ),
    }


def _scalar(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
