"""A development in words: how sure, how many sources, worth how much."""

from __future__ import annotations

from monitor.core.digest import Development, Quote, Reading
from monitor.core.model import Dating, Direction, Modality
from monitor.core.review import Verdict
from monitor.rendering.language import _, marked, n_
from monitor.rendering.words import bracketed, comma, zulu

CREDIBILITY = {
    "1": marked("confirmed"),
    "2": marked("probably true"),
    "3": marked("possibly true"),
    "4": marked("doubtful"),
    "5": marked("improbable"),
    "6": marked("cannot be judged"),
}
NOT_GRADED = marked("not graded")
# What is said beside the time at which we first saw an entry, where that stands for its date.
DATINGS = {
    Dating.STATED: "",
    Dating.MISSING: marked(", when first seen: it has no date"),
    Dating.FUTURE: marked(", when first seen: its date lies in the future"),
}
DIRECTIONS = {
    Direction.DEEPENING: marked("deepening"),
    Direction.FRICTION: marked("friction"),
    Direction.COUNTERMEASURE: marked("countermeasure"),
}
MODALITIES = {
    Modality.OCCURRED: marked("occurred"),
    Modality.PLANNED: marked("planned"),
    Modality.ALLEGED: marked("alleged"),
    Modality.DENIED: marked("denied"),
    Modality.RETROSPECTIVE: marked("retrospective"),
    Modality.OPINION: marked("opinion"),
}
VERDICTS = {
    Verdict.TRUE: marked("true"),
    Verdict.ROUTINE: marked("routine"),
    Verdict.FALSE: marked("false"),
}
ORGANS = {"russia": marked("organ of Russia"), "china": marked("organ of China")}


def direction(of: Direction) -> str:
    """Which way an indicator points."""
    return _(DIRECTIONS[of])


def facts(development: Development) -> list[str]:
    """Grade, sources and points of a story, and what is unusual about it."""
    unusual = (
        direction(development.direction) if development.direction is not Direction.DEEPENING else "",
        _(MODALITIES[development.modality]) if development.modality is not Modality.OCCURRED else "",
        standing(development),
        _("found by a later rule") if development.is_retro else "",
    )
    worth = _("{points} points", points=points(development))
    return [graded(development), sources(development), worth, *(word for word in unusual if word)]


def graded(development: Development) -> str:
    """The Admiralty grade, its second half in words."""
    return comma(development.grade, _(CREDIBILITY.get(development.grade[1:], NOT_GRADED)))


def sources(development: Development) -> str:
    """How many publishers report a story, and how many of them are parties to it."""
    many, parties = _publishers(development.publishers), development.parties
    if not parties:
        return many
    if parties < development.publishers:
        some = n_("{number} of them a party", "{number} of them parties", parties)
        return comma(many, some)
    return comma(many, _("a party") if parties == 1 else _("all parties"))


def _publishers(number: int) -> str:
    return n_("{number} publisher", "{number} publishers", number)


def standing(development: Development) -> str:
    """What the story is to its reader, "" where it is new."""
    if development.is_stronger:
        gains = _(", ").join(gained(development)) + _regraded(development)
        return _("stronger: {gains}", gains=gains)
    return "" if development.is_new else _("continuing")


def gained(development: Development) -> list[str]:
    """What a known story has gained since its reader was told of it."""
    earlier = development.earlier
    if earlier is None:
        return [_("fits a further indicator")]
    more = development.publishers - earlier.publishers
    found = (
        _more(more) if more > 0 else "",
        _("was {modality}", modality=_(MODALITIES[earlier.modality]))
        if earlier.modality is not development.modality
        else "",
    )
    is_better = earlier.grade != development.grade
    better = _("a better source") if is_better else _("fits a further indicator")
    return [words for words in found if words] or [better]


def _regraded(development: Development) -> str:
    earlier = development.earlier
    has_changed = earlier and earlier.grade != development.grade
    return _(", was {grade}", grade=earlier.grade) if earlier and has_changed else ""


def _more(number: int) -> str:
    return n_("{number} more publisher", "{number} more publishers", number)


def points(development: Development) -> str:
    """What a story adds to its domain's index, signed where it is new."""
    return signed(development.points) if development.is_new else f"{development.points:.1f}"


def signed(value: float) -> str:
    """Points with one decimal, their sign and a true minus."""
    return f"{value:+.1f}".replace("-", "−")


def reading(one: Reading, title: str) -> str:
    """A further indicator that a story fits, with what it is worth there; `title` is its domain's."""
    is_deepening = one.direction is Direction.DEEPENING
    return _(
        "Also {domain}: {indicator} ({grade}, {points} points)",
        domain=title,
        indicator=one.indicator_title,
        grade=one.grade if is_deepening else comma(direction(one.direction), one.grade),
        points=f"{one.points:.1f}",
    )


def origin(quote: Quote) -> str:
    """Who said it and when: language, source with its grade and the state it speaks for, time."""
    grade = _("F, not graded") if quote.reliability == "F" else quote.reliability
    about = comma(grade, _(ORGANS.get(quote.party, quote.party))) if quote.party else grade
    dating = DATINGS[quote.dating]
    when = zulu(quote.at) + (_(dating) if dating else "")
    return f"{quote.language} · {bracketed(quote.feed_title, about)} · {when}"


def why(development: Development) -> str:
    """What `monitor explain` tells beyond this digest."""
    unquoted = development.publishers - len(development.quotes)
    return _("{more}, and why", more=_more(unquoted)) if unquoted > 0 else _("why")
