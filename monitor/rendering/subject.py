"""The subject says what changed; words of ours only, on one line."""

from __future__ import annotations

from monitor.core.digest import Digest, DomainLine
from monitor.rendering.bottom_line import moved, strengthened, warning
from monitor.rendering.language import _, marked, n_
from monitor.rendering.layout import flat
from monitor.rendering.words import change, comma, level, local, percent

LONGEST = 120


def subject(digest: Digest) -> str:
    """What changed, how much is steady, and when; one line of at most 120 characters.

    No word of a feed gets in: a title could pretend to be a change of level.
    """
    start = (_("[SAMPLE] ") if digest.is_sample else "") + "[RU-CN] "
    start += _("URGENT: ") if digest.urgent else ""
    end = f" - {local(digest.due_at, digest.timezone)}"
    room = LONGEST - len(start) - len(end)
    what = flat(_what(digest) + _poorly_read(digest))
    return start + (what if len(what) <= room else what[: room - 3] + "...") + end


def _poorly_read(digest: Digest) -> str:
    """That too little was read, where the rest of the subject does not say it."""
    says_it = not digest.urgent and digest.lines and digest.since_at and _what(digest) == _nothing(digest)
    if says_it or not warning(digest):
        return ""
    return _("; only {share} of feeds read", share=percent(digest.coverage.share))


def _what(digest: Digest) -> str:
    if digest.urgent:
        others = len(digest.urgent) - 1
        return digest.urgent[0] + (n_(" and {number} more", " and {number} more", others) if others else "")
    moves = moved(digest.lines)
    new = digest.new_stories
    stories = n_("{number} new story", "{number} new stories", new)
    if digest.since_at is None and digest.lines:
        top = max(digest.lines, key=lambda line: line.level)
        return _(
            "First digest: {domain} {level} ({index}); {stories}",
            domain=top.title,
            level=level(top.level),
            index=round(top.deepening),
            stories=stories,
        )
    if moves:
        return _moves(moves, steady=len(digest.lines) - len(moves))
    if new:
        return _("{stories}, no level changed", stories=stories)
    stronger = len(strengthened(digest))
    if stronger:
        known = n_("{number} known story stronger", "{number} known stories stronger", stronger)
        return _("{stories}, no level changed", stories=known)
    return _nothing(digest)


def _nothing(digest: Digest) -> str:
    coverage = digest.coverage
    return _(
        "Nothing new; {healthy} of {expected} feeds healthy",
        healthy=coverage.feeds_healthy,
        expected=coverage.feeds_expected,
    )


def _moves(moves: list[DomainLine], steady: int) -> str:
    top = moves[0]
    is_up = top.level > (top.previous_level or 0)
    words = (
        marked("{domain} up to {level} ({numbers})")
        if is_up
        else marked("{domain} down to {level} ({numbers})")
    )
    # A true minus would put the whole subject into an encoded word.
    by = change(top.deepening_change).replace("−", "-")
    more = len(moves) - 1
    others = n_(", {number} more moved", ", {number} more moved", more) if more else ""
    index = str(round(top.deepening))
    numbers = comma(index, by) if by else index
    first = _(words, domain=top.title, level=level(top.level), numbers=numbers)
    return first + others + n_("; {number} domain steady", "; {number} domains steady", steady)
