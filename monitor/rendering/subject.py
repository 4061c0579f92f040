"""The subject says what changed; words of ours only, on one line."""

from __future__ import annotations

from monitor.core.digest import Digest, DomainLine
from monitor.rendering.bottom_line import moved, strengthened, warning
from monitor.rendering.layout import flat
from monitor.rendering.words import change, count, local, percent

LONGEST = 120


def subject(digest: Digest) -> str:
    """What changed, how much is steady, and when; one line of at most 120 characters.

    No word of a feed gets in: a title could pretend to be a change of level.
    """
    start = "[SAMPLE] [RU-CN] " if digest.is_sample else "[RU-CN] "
    start += "URGENT: " if digest.urgent else ""
    end = f" - {local(digest.due_at, digest.timezone)}"
    room = LONGEST - len(start) - len(end)
    what = flat(_what(digest) + _poorly_read(digest))
    return start + (what if len(what) <= room else what[: room - 3] + "...") + end


def _poorly_read(digest: Digest) -> str:
    """That too little was read, where the rest of the subject does not say it."""
    says_it = not digest.urgent and digest.lines and digest.since_at and _what(digest).startswith("Nothing")
    return f"; only {percent(digest.coverage.share)} of feeds read" if warning(digest) and not says_it else ""


def _what(digest: Digest) -> str:
    if digest.urgent:
        more = f" and {len(digest.urgent) - 1} more" if len(digest.urgent) > 1 else ""
        return f"{digest.urgent[0]}{more}"
    moves = moved(digest.lines)
    new = digest.new_stories
    stories = count(new, "new story", "new stories")
    if digest.since_at is None and digest.lines:
        top = max(digest.lines, key=lambda line: line.level)
        return f"First digest: {top.title} {top.level.label} ({round(top.deepening)}); {stories}"
    if moves:
        return _moves(moves, steady=len(digest.lines) - len(moves))
    if new:
        return f"{stories}, no level changed"
    stronger = len(strengthened(digest))
    if stronger:
        return f"{count(stronger, 'known story', 'known stories')} stronger, no level changed"
    coverage = digest.coverage
    return f"Nothing new; {coverage.feeds_healthy} of {coverage.feeds_expected} feeds healthy"


def _moves(moves: list[DomainLine], steady: int) -> str:
    top = moves[0]
    way = "up" if top.level > (top.previous_level or 0) else "down"
    # A true minus would put the whole subject into an encoded word.
    by = change(top.deepening_change).replace("−", "-")
    others = f", {len(moves) - 1} more moved" if len(moves) > 1 else ""
    numbers = f"{round(top.deepening)}{f', {by}' if by else ''}"
    return f"{top.title} {way} to {top.level.label} ({numbers}){others}; {count(steady, 'domain')} steady"
