"""What was worth an urgent mail, and what was held back and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.core.alerts import Silence
from monitor.core.model import Level
from monitor.rendering import remarks
from monitor.rendering.language import _, n_
from monitor.rendering.words import level


def acknowledged(title: str, who: str) -> str:
    """An occasion that somebody deals with."""
    return _("{what}: acknowledged by {who}.", what=title, who=who)


def not_sent(title: str, reason: str) -> str:
    """An occasion of which no urgent mail left."""
    return _("No urgent mail of {what}: {why}.", what=title, why=remarks.of_alert(reason))


def silenced(silence: Silence) -> str:
    """A silence in force."""
    return _(
        "Urgent mail of {what} is silenced by {who} until {when}: {why}.",
        what=silence.subject,
        who=silence.owner,
        when=f"{silence.ends_at:%Y-%m-%d %H:%M}Z",
        why=silence.reason,
    )


def marked_false(number: int) -> str:
    """New stories that a person left out."""
    return n_(
        "{number} new story was marked false and left out.",
        "{number} new stories were marked false and left out.",
        number,
    )


def found_late(number: int, days: int) -> str:
    """Reports too old by their date to be told, though they were found just now."""
    return n_(
        "{number} report that is dated over {days} days ago was found only now: "
        "it counts in the scores and is not told as new.",
        "{number} reports that are dated over {days} days ago were found only now: "
        "they count in the scores and are not told as new.",
        number,
        days=days,
    )


def refused_edit(problems: Sequence[str], number: int) -> str:
    """An edit of the rules that is not in force; the problem as the check put it."""
    first = problems[0].splitlines()[0] if problems else _("unreadable")
    more = n_(" and {number} more", " and {number} more", number - 1) if number > 1 else ""
    problem = first + more
    return _("an edit of the rules is not in force, the old rules are: {problem}", problem=problem)


def risen(domain: str, to: Level) -> str:
    """A domain whose level rose."""
    return _("{domain} up to {level}", domain=domain, level=level(to))


def title_of(
    subject: str, level: Level, domains: Mapping[str, str], indicators: Mapping[str, str], stored: str
) -> str:
    """An urgent occasion in the language in force: a domain that rose, or the title of its indicator.

    `stored` is its English title, for an indicator that is no more.
    """
    return risen(domains.get(subject, subject), level) if level else indicators.get(subject, stored)


def several(title: str, number: int) -> str:
    """An occasion with the number of its stories."""
    return n_("{what} ({number} story)", "{what} ({number} stories)", number, what=title)
