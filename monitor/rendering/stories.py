"""A development in words: how sure, how many sources, worth how much."""

from __future__ import annotations

from monitor.core.digest import Development, Quote
from monitor.core.model import Direction, Modality
from monitor.rendering.words import count, zulu

CREDIBILITY = {
    "1": "confirmed",
    "2": "probably true",
    "3": "possibly true",
    "4": "doubtful",
    "5": "improbable",
    "6": "cannot be judged",
}


def facts(development: Development) -> list[str]:
    """Grade, sources and points of a story, and what is unusual about it."""
    unusual = (
        development.direction.value if development.direction is not Direction.DEEPENING else "",
        development.modality.value if development.modality is not Modality.OCCURRED else "",
        "" if development.is_new else "continuing",
        "found by a later rule" if development.is_retro else "",
    )
    worth = f"{points(development)} points"
    return [graded(development), sources(development), worth, *(word for word in unusual if word)]


def graded(development: Development) -> str:
    """The Admiralty grade, its second half in words."""
    return f"{development.grade}, {CREDIBILITY.get(development.grade[1:], 'not graded')}"


def sources(development: Development) -> str:
    """How many publishers report a story, and how many of them are parties to it."""
    many, parties = count(development.publishers, "publisher"), development.parties
    if not parties:
        return many
    if parties < development.publishers:
        return f"{many}, {parties} of them {'a party' if parties == 1 else 'parties'}"
    return f"{many}, {'a party' if parties == 1 else 'all parties'}"


def points(development: Development) -> str:
    """What a story adds to its domain's index, signed where it is new."""
    return f"{development.points:+.1f}" if development.is_new else f"{development.points:.1f}"


def origin(quote: Quote) -> str:
    """Who said it and when: language, source with its grade and the state it speaks for, time."""
    organ = f", organ of {quote.party.capitalize()}" if quote.party else ""
    return f"{quote.language} · {quote.feed_title} ({quote.reliability}{organ}) · {zulu(quote.at)}"


def why(development: Development) -> str:
    """What `monitor explain` tells beyond this digest."""
    unquoted = development.publishers - len(development.quotes)
    return f"{count(unquoted, 'more publisher')}, and why" if unquoted > 0 else "why"
