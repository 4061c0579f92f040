"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), in the shape that feed.py reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from monitor.core.model import Outcome
from monitor.errors import ParseError


def read(text: str) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """Language and raw entries of a JSON Feed; raises ParseError for any other JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(Outcome.NOT_A_FEED, "broken JSON") from error
    version = str(document.get("version", "")) if isinstance(document, dict) else ""
    items = document.get("items") if isinstance(document, dict) else None
    if "jsonfeed.org" not in version or not isinstance(items, list):
        raise ParseError(Outcome.NOT_A_FEED, "JSON, but no JSON Feed")
    return str(document.get("language") or ""), [_raw(item) for item in items if isinstance(item, dict)]


def _raw(item: Mapping[str, Any]) -> dict[str, Any]:
    plain = [escape(str(item.get(name) or "")) for name in ("content_text", "summary")]
    bodies = [str(item.get("content_html") or ""), *plain]
    return {
        "id": _scalar(item.get("id")),
        "title": escape(str(item.get("title") or "")),
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
