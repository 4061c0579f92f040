"""Short ways to make values for tests; every argument has a default that makes sense."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.model import Direction, Entry, Feed, FeedState, Modality, Place, Signal, Story
from monitor.core.outcome import Outcome

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_signal(**given: Any) -> Signal:
    values: dict[str, Any] = {
        "id": 1,
        "entry_id": given.get("id", 1),
        "revision": 1,
        "indicator_id": "defense.joint-naval-exercise",
        "rule_version": 1,
        "domain": "defense",
        "direction": Direction.DEEPENING,
        "weight": 6.0,
        "half_life": timedelta(days=21),
        "place": Place.TITLE,
        "modality": Modality.OCCURRED,
        "strength": 1.0,
        "spans": (),
        "effective_at": NOON,
        "title": "Two fleets begin a joint patrol",
        "summary": "",
        "link": "https://wire.example.org/1",
        "language": "en",
        "feed_id": "wire",
        "feed_title": "Sample Wire",
        "family": "wire",
        "party": None,
        "reliability": "B",
    }
    return Signal(**(values | given))


def a_story(*signals: Signal) -> Story:
    members = signals or (a_signal(),)
    first = members[0]
    return Story(
        indicator_id=first.indicator_id, domain=first.domain, direction=first.direction, signals=members
    )


def an_entry(**given: Any) -> Entry:
    values: dict[str, Any] = {
        "feed_id": "wire",
        "key": "wire-1",
        "title": "Two fleets begin a joint patrol",
        "summary": "They left port on Monday.",
        "link": "https://wire.example.org/1",
        "language": "en",
        "published_at": NOON,
    }
    return Entry(**(values | given))


def a_feed(**given: Any) -> Feed:
    values: dict[str, Any] = {
        "id": "wire",
        "title": "Sample Wire",
        "url": "https://wire.example.org/feed",
        "language": "en",
        "reliability": "B",
        "domains": ("defense",),
        "expected_every": timedelta(hours=6),
    }
    return Feed(**(values | given))


def a_state(**given: Any) -> FeedState:
    values: dict[str, Any] = {
        "feed": a_feed(),
        "polled_at": NOON,
        "succeeded_at": NOON,
        "outcome": Outcome.OK,
        "newest_entry_at": NOON,
    }
    return FeedState(**(values | given))
