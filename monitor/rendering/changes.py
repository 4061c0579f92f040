"""What changed since the reader's last digest: new, stronger, fading, and our own edits, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.core.digest import Development, Digest, Fading, Reading
from monitor.core.model import Direction
from monitor.rendering import remarks
from monitor.rendering.language import _, n_
from monitor.rendering.stories import VERDICTS, direction, gained, signed
from monitor.rendering.words import bracketed, change, comma

# The causes of a change that are ours, by the name that a Change gives them.
OURS = ("verdicts", "rules", "source grades", "methodology")
MOST_VERDICTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the list: its kind, what it is of, and what it is worth."""

    kind: str
    text: str
    worth: str = ""
    is_ours: bool = False
    is_news: bool = False  # new or stronger


def rows(digest: Digest) -> list[Row]:
    """All that changed, news first and our own edits last."""
    titles = {line.domain: line.title for line in digest.lines}
    shown = digest.developments
    found = [_new(d, titles) for d in shown if d.is_news]
    more = digest.new_stories - len(found)
    if found and more > 0:
        others = n_("and {number} other, named below", "and {number} others, named below", more)
        found.append(Row(kind=_("New"), text=others, is_news=True))
    found += [_stronger(d, titles) for d in shown if d.is_stronger]
    found += [_fading(one, digest, titles) for one in digest.fading]
    found += [
        Row(kind=_("Ours"), text=text, worth=worth, is_ours=True) for text, worth in _ours(digest, titles)
    ]
    return found


def named(development: Development, titles: Mapping[str, str]) -> str:
    """An event by its domain and indicator, and by the further indicators that it fits."""
    also = "".join(
        _("; also {indicator}", indicator=_further(one, development, titles)) for one in development.readings
    )
    return titles[development.domain] + _(": ") + _titled(development) + also


def _further(one: Reading, development: Development, titles: Mapping[str, str]) -> str:
    return titles[one.domain] + _(": ") + _titled(one) if one.domain != development.domain else _titled(one)


def _titled(of: Development | Reading) -> str:
    if of.direction is Direction.DEEPENING:
        return of.indicator_title
    return bracketed(of.indicator_title, direction(of.direction))


def _new(d: Development, titles: Mapping[str, str]) -> Row:
    return Row(kind=_("New"), text=named(d, titles), worth=f"{d.grade} · {signed(d.points)}", is_news=True)


def _stronger(d: Development, titles: Mapping[str, str]) -> Row:
    was = f"{d.earlier.grade} → " if d.earlier and d.earlier.grade != d.grade else ""
    by = signed(d.points - (d.earlier.points if d.earlier else 0.0))
    text = named(d, titles) + _("; ") + _(", ").join(gained(d))
    return Row(kind=_("Stronger"), text=text, worth=f"{was}{d.grade} · {by}", is_news=True)


def _fading(one: Fading, digest: Digest, titles: Mapping[str, str]) -> Row:
    age = n_("{number} day old", "{number} days old", (digest.composed_at - one.reported_at).days)
    text = titles[one.domain] + _(": ") + comma(one.indicator_title, age)
    return Row(kind=_("Fading"), text=text, worth=signed(-one.loss))


def _ours(digest: Digest, titles: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Text and worth of what we changed: effects on indexes, what rules found late, verdicts, versions."""
    for line in digest.lines:
        parts = [(name, points) for name, points in line.cause.parts if name in OURS] if line.cause else []
        told = [f"{remarks.cause(name)} {change(points)}" for name, points in parts if round(points)]
        if told:
            yield line.title + _(": ") + _(", ").join(told), ""
    for d in digest.developments:
        if d.is_new and d.is_retro:
            text = _("{event}; found by a later rule", event=named(d, titles))
            yield text, f"{d.grade} · {signed(d.points)}"
    verdicts = digest.edits.verdicts
    for one in verdicts[:MOST_VERDICTS]:
        text = _(
            "{domain}: {indicator}, marked {verdict}",
            domain=titles[one.domain],
            indicator=one.indicator_title,
            verdict=_(VERDICTS[one.verdict]),
        )
        yield text, ""
    if len(verdicts) > MOST_VERDICTS:
        more = len(verdicts) - MOST_VERDICTS
        yield n_("and {number} more verdict", "and {number} more verdicts", more), ""
    if digest.edits.rules_before:
        now, before = digest.rules_revision, digest.edits.rules_before
        yield _("rules {now}, before {before}", now=now, before=before), ""
    if digest.edits.methodology_before:
        now, before = digest.methodology, digest.edits.methodology_before
        yield _("methodology {now}, before {before}", now=now, before=before), ""
