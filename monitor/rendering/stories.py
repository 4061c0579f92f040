"""A development in words: how sure, how many sources, worth how much."""

from __future__ import annotations

from monitor.core.digest import Development, Quote, Reading
from monitor.core.model import Dating, Direction, Modality
from monitor.rendering.words import count, zulu

CREDIBILITY = {
    "1": "confirmed",
    "2": "probably true",
    "3": "possibly true",
    "4": "doubtful",
    "5": "improbable",
    "6": "cannot be judged",
}
# What is said beside the time at which we first saw an entry, where that stands for its date.
DATINGS = {
    Dating.STATED: "",
    Dating.MISSING: ", when first seen: it has no date",
    Dating.FUTURE: ", when first seen: its date lies in the future",
}


def facts(development: Development) -> list[str]:
    """Grade, sources and points of a story, and what is unusual about it."""
    unusual = (
        development.direction.value if development.direction is not Direction.DEEPENING else "",
        development.modality.value if development.modality is not Modality.OCCURRED else "",
        standing(development),
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


def standing(development: Development) -> str:
    """What the story is to its reader, "" where it is new."""
    if development.is_stronger:
        return f"stronger: {', '.join(gained(development))}{_regraded(development)}"
    return "" if development.is_new else "continuing"


def gained(development: Development) -> list[str]:
    """What a known story has gained since its reader was told of it."""
    earlier = development.earlier
    if earlier is None:
        return ["fits a further indicator"]
    more = development.publishers - earlier.publishers
    found = (
        count(more, "more publisher") if more > 0 else "",
        f"was {earlier.modality.value}" if earlier.modality is not development.modality else "",
    )
    better = "a better source" if earlier.grade != development.grade else "fits a further indicator"
    return [words for words in found if words] or [better]


def _regraded(development: Development) -> str:
    earlier = development.earlier
    return f", was {earlier.grade}" if earlier and earlier.grade != development.grade else ""


def points(development: Development) -> str:
    """What a story adds to its domain's index, signed where it is new."""
    return signed(development.points) if development.is_new else f"{development.points:.1f}"


def signed(value: float) -> str:
    """Points with one decimal, their sign and a true minus."""
    return f"{value:+.1f}".replace("-", "−")


def reading(one: Reading, title: str) -> str:
    """A further indicator that a story fits, with what it is worth there; `title` is its domain's."""
    way = f"{one.direction.value}, " if one.direction is not Direction.DEEPENING else ""
    return f"Also {title}: {one.indicator_title} ({way}{one.grade}, {one.points:.1f} points)"


def origin(quote: Quote) -> str:
    """Who said it and when: language, source with its grade and the state it speaks for, time."""
    organ = f", organ of {quote.party.capitalize()}" if quote.party else ""
    grade = "F, not graded" if quote.reliability == "F" else quote.reliability
    when = zulu(quote.at) + DATINGS[quote.dating]
    return f"{quote.language} · {quote.feed_title} ({grade}{organ}) · {when}"


def why(development: Development) -> str:
    """What `monitor explain` tells beyond this digest."""
    unquoted = development.publishers - len(development.quotes)
    return f"{count(unquoted, 'more publisher')}, and why" if unquoted > 0 else "why"
