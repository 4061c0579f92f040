"""A row of the table of domains: shapes, colours, small charts."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.digest import DomainLine
from monitor.core.model import Level
from monitor.rendering import remarks
from monitor.rendering.language import _, n_
from monitor.rendering.words import WEAK_BELOW, change, percent

SHAPES = {Level.QUIET: "○", Level.ROUTINE: "●", Level.NOTABLE: "▲", Level.ELEVATED: "◆", Level.MARKED: "■"}
# At least 4.5 : 1 on white; the template holds their counterparts for a dark ground.
COLOURS = {
    Level.QUIET: "#5f6b76",
    Level.ROUTINE: "#3f7347",
    Level.NOTABLE: "#96600f",
    Level.ELEVATED: "#b3470a",
    Level.MARKED: "#b3202b",
}
BLOCKS = "▁▂▃▄▅▆▇█"
FULL = 50.0  # index points that fill a chart; more where a bar is taller
RARE_FROM = 4.0  # weeks: what comes oftener than once a month is nothing to mention


def arrow(line: DomainLine) -> str:
    """Which way the level moved since the recipient's last digest, "" where it stayed."""
    if line.previous_level is None or line.level == line.previous_level:
        return ""
    return "↑" if line.level > line.previous_level else "↓"


def unread(line: DomainLine, lines: Sequence[DomainLine]) -> str:
    """That a domain could hardly be read, "" where it could, or where none could.

    The bottom line says it when it holds for every domain.
    """
    if line.coverage >= WEAK_BELOW or all(other.coverage < WEAK_BELOW for other in lines):
        return ""
    return _("only {share} of its feeds could be read", share=percent(line.coverage))


def week(line: DomainLine) -> str:
    """The new stories of the week, and the usual number where there is a baseline: "9 (2-5)"."""
    usual = line.week.usual
    return f"{line.week.stories} ({usual[0]}-{usual[1]})" if usual else str(line.week.stories)


def cause(line: DomainLine) -> str:
    """What moved the deepening index, "" where it hardly moved: "Deepening +7: new stories +9, decay −2"."""
    if line.cause is None or not round(line.cause.total):
        return ""
    parts = [f"{remarks.cause(name)} {change(points)}" for name, points in line.cause.parts if round(points)]
    causes = _(", ").join(parts) or _("several small causes")
    return _("Deepening {by}: {causes}", by=change(line.cause.total), causes=causes)


def unusual(line: DomainLine) -> str:
    """How rare the week is, "" where it is nothing to mention."""
    usual, weeks = line.week.usual, line.week.weeks
    if usual is None or weeks is None or weeks < RARE_FROM:
        return ""
    return n_(
        "{number} new story this week; usual {low} to {high}; "
        "a week like this is expected about once in {span}",
        "{number} new stories this week; usual {low} to {high}; "
        "a week like this is expected about once in {span}",
        line.week.stories,
        low=usual[0],
        high=usual[1],
        span=_span(weeks),
    )


def _span(weeks: float) -> str:
    if weeks < 9:
        return n_("{number} week", "{number} weeks", round(weeks))
    if weeks < 104:
        return n_("{number} month", "{number} months", round(weeks / 4.35))
    years = round(min(weeks / 52.2, 10))
    return n_("{number} year or less often", "{number} years or less often", years)


def baseline(lines: Sequence[DomainLine]) -> str:
    """What the numbers of stories are compared with."""
    if all(line.week.usual is None for line in lines):
        return _("the usual number is not known yet: the baseline is forming")
    return _("in brackets the usual number")


def forming(line: DomainLine, lines: Sequence[DomainLine]) -> str:
    """What a domain cannot be compared with yet, "" where it can, or where none can."""
    if not _has_past(line) and any(map(_has_past, lines)):
        return _("baseline forming: not assessed before this week")
    is_usual = line.week.usual is not None or all(other.week.usual is None for other in lines)
    return "" if is_usual else _("baseline forming")


def _has_past(line: DomainLine) -> bool:
    return any(value is not None for value in line.history[:-1])


def countermeasures(lines: Sequence[DomainLine]) -> str:
    """Where others answer, one sentence; "" where they do nowhere."""
    named = [f"{line.title} {line.countermeasure:.0f}" for line in lines if round(line.countermeasure)]
    return _("Countermeasures by others: {domains}.", domains=_(", ").join(named)) if named else ""


def bars(history: Sequence[float | None]) -> list[int]:
    """Heights of a small chart in per cent, never so low that a bar is lost; 0 where there is no number."""
    scale = max((FULL, *(value for value in history if value is not None)))
    return [0 if value is None else max(4, round(100 * value / scale)) for value in history]


def sparkline(history: Sequence[float | None]) -> str:
    """The same chart as block characters, a dot where there is no number."""
    return "".join(BLOCKS[height * len(BLOCKS) // 101] if height else "·" for height in bars(history))


def numbers(history: Sequence[float | None]) -> str:
    """The numbers of a chart, for who cannot see it."""
    return _(", ").join(_("none") if value is None else f"{value:.0f}" for value in history)
