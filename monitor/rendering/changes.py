"""What changed since the reader's last digest: new, stronger, fading, and our own edits, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.core.digest import Development, Digest, Fading, Reading
from monitor.core.model import Direction
from monitor.rendering.stories import gained, signed
from monitor.rendering.words import change, count

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
        found.append(Row(kind="New", text=f"and {count(more, 'other')}, named below", is_news=True))
    found += [_stronger(d, titles) for d in shown if d.is_stronger]
    found += [_fading(one, digest, titles) for one in digest.fading]
    found += [Row(kind="Ours", text=text, worth=worth, is_ours=True) for text, worth in _ours(digest, titles)]
    return found


def named(development: Development, titles: Mapping[str, str]) -> str:
    """An event by its domain and indicator, and by the further indicators that it fits."""
    also = "".join(
        f"; also {f'{titles[one.domain]}: ' if one.domain != development.domain else ''}{_titled(one)}"
        for one in development.readings
    )
    return f"{titles[development.domain]}: {_titled(development)}{also}"


def _titled(of: Development | Reading) -> str:
    way = f" ({of.direction.value})" if of.direction is not Direction.DEEPENING else ""
    return f"{of.indicator_title}{way}"


def _new(d: Development, titles: Mapping[str, str]) -> Row:
    return Row(kind="New", text=named(d, titles), worth=f"{d.grade} · {signed(d.points)}", is_news=True)


def _stronger(d: Development, titles: Mapping[str, str]) -> Row:
    was = f"{d.earlier.grade} → " if d.earlier and d.earlier.grade != d.grade else ""
    by = signed(d.points - (d.earlier.points if d.earlier else 0.0))
    text = f"{named(d, titles)}; {', '.join(gained(d))}"
    return Row(kind="Stronger", text=text, worth=f"{was}{d.grade} · {by}", is_news=True)


def _fading(one: Fading, digest: Digest, titles: Mapping[str, str]) -> Row:
    age = count((digest.composed_at - one.reported_at).days, "day")
    return Row(
        kind="Fading", text=f"{titles[one.domain]}: {one.indicator_title}, {age} old", worth=signed(-one.loss)
    )


def _ours(digest: Digest, titles: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Text and worth of what we changed: effects on indexes, what rules found late, verdicts, versions."""
    for line in digest.lines:
        parts = [(name, points) for name, points in line.cause.parts if name in OURS] if line.cause else []
        told = [f"{name} {change(points)}" for name, points in parts if round(points)]
        if told:
            yield f"{line.title}: {', '.join(told)}", ""
    for d in digest.developments:
        if d.is_new and d.is_retro:
            yield f"{named(d, titles)}; found by a later rule", f"{d.grade} · {signed(d.points)}"
    verdicts = digest.edits.verdicts
    for one in verdicts[:MOST_VERDICTS]:
        yield f"{titles[one.domain]}: {one.indicator_title}, marked {one.verdict.value}", ""
    if len(verdicts) > MOST_VERDICTS:
        yield f"and {count(len(verdicts) - MOST_VERDICTS, 'more verdict')}", ""
    if digest.edits.rules_before:
        yield f"rules {digest.rules_revision}, before {digest.edits.rules_before}", ""
    if digest.edits.methodology_before:
        yield f"methodology {digest.methodology}, before {digest.edits.methodology_before}", ""
