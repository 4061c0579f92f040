"""Events: what several indicators read in the same entries is told once, as new, stronger or fading."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.core.assessment import Factors
from monitor.core.digest import Earlier, Fading
from monitor.core.model import Signal, Story
from monitor.core.scoring import Methodology, grade
from monitor.core.stories import first_reported

FADES_FROM = 0.5  # points; less is lost by everything every day
MOST_FADING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A story with what it is worth now, and with what its reader was told of it.

    `told` are its signals that the reader knows, `fresh` those that no digest told of.
    """

    story: Story
    factors: Factors
    before: tuple[Factors, ...] = ()  # of this indicator and this story at the reader's last digest
    told: tuple[Signal, ...] = ()
    fresh: tuple[Signal, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether its reader hears of it for the first time."""
        return bool(self.fresh) and not self.told

    @property
    def is_retro(self) -> bool:
        """Whether all of it was found by later rules in entries of earlier days."""
        return all(signal.is_retro for signal in self.story.signals)

    @property
    def _news(self) -> frozenset[int]:
        return frozenset(signal.id for signal in self.fresh if not signal.is_retro)

    def earlier(self, method: Methodology) -> Earlier | None:
        """What the reader was told, by the rules and grades of now: no edit of ours makes it stronger."""
        if not self.told:
            return None
        signals = tuple(s for s in self.story.signals if s.id not in self._news)
        then = replace(self.story, signals=signals)
        return Earlier(
            grade=grade(then, method),
            publishers=voices(then),
            modality=max((s.modality for s in signals), key=lambda m: method.modality[m]),
            points=sum(factors.points for factors in self.before),
        )

    def is_stronger(self, method: Methodology) -> bool:
        """Better sourced, better graded or nearer to having happened, and by news of it."""
        earlier = self.earlier(method)
        if earlier is None or not self._news:
            return False
        modality = max(method.modality[s.modality] for s in self.story.signals)
        return (
            voices(self.story) > earlier.publishers
            or _rank(grade(self.story, method)) < _rank(earlier.grade)
            or modality > method.modality[earlier.modality]
        )


def by_indicator(found: Iterable[Factors]) -> dict[str, list[Factors]]:
    """The stories of an assessment by their indicator."""
    groups: dict[str, list[Factors]] = defaultdict(list)
    for factors in found:
        groups[factors.indicator_id].append(factors)
    return groups


def weighed(
    story: Story,
    factors: Factors,
    before: Mapping[str, Sequence[Factors]] | None,
    new_ids: frozenset[int],
) -> Weighed:
    """A story beside the assessment of the reader's last digest by indicator, None where there was none.

    `new_ids` are the signals that the reader was not told of. A composite that came
    true only now is news although its parts were told.
    """
    ids = frozenset(factors.signal_ids)
    stood = () if before is None else before.get(story.indicator_id, ())
    same = tuple(f for f in stood if not ids.isdisjoint(f.signal_ids))
    known = ids if before is None else frozenset(number for f in same for number in f.signal_ids)
    return Weighed(
        story=story,
        factors=factors,
        before=same,
        told=tuple(s for s in story.signals if s.id in known and s.id not in new_ids),
        fresh=tuple(s for s in story.signals if s.id in new_ids),
    )


def events(found: Iterable[Weighed]) -> list[tuple[Weighed, ...]]:
    """The stories of one event together, those with most points first.

    A story is compared with the leading one only, so that nothing is chained to what it has no entry of.
    """
    groups: list[list[Weighed]] = []
    led_by: dict[int, list[int]] = defaultdict(list)  # groups whose leading story has an entry
    for one in sorted(found, key=_order):
        near = {number for s in one.story.signals for number in led_by.get(s.entry_id, ())}
        home = next((groups[number] for number in sorted(near) if _joins(one, groups[number])), None)
        if home is not None:
            home.append(one)
            continue
        for entry_id in {s.entry_id for s in one.story.signals}:
            led_by[entry_id].append(len(groups))
        groups.append([one])
    return [tuple(group) for group in groups]


def _order(one: Weighed) -> tuple[float, int, str]:
    return (-one.factors.points, one.story.leading.entry_id, one.story.indicator_id)


def _joins(one: Weighed, group: Sequence[Weighed]) -> bool:
    """Whether it reads at least half of the fewer entries of the two, for another indicator."""
    leading = group[0].story
    if any(one.story.indicator_id == other.story.indicator_id for other in group):
        return False
    # A composite has the very signals of its parts, and tells what they come to: another thing.
    if not {s.id for s in one.story.signals}.isdisjoint(s.id for s in leading.signals):
        return False
    mine, theirs = ({s.entry_id for s in story.signals} for story in (one.story, leading))
    return 2 * len(mine & theirs) >= min(len(mine), len(theirs))


def voices(story: Story) -> int:
    """How many publisher families report it."""
    return len({signal.voice for signal in story.signals})


def fading(groups: Iterable[Sequence[Weighed]], titles: Mapping[str, str]) -> tuple[Fading, ...]:
    """The stories that lost most points by their age alone, not by an edit of ours."""
    lost = [
        Fading(
            indicator_title=titles.get(leading.story.indicator_id, leading.story.indicator_id),
            domain=leading.story.domain,
            reported_at=first_reported(leading.story),
            loss=loss,
        )
        for leading, *_ in groups
        if not leading.fresh and (loss := _aged(leading)) >= FADES_FROM
    ]
    return tuple(sorted(lost, key=lambda f: (-f.loss, f.reported_at))[:MOST_FADING])


def _aged(one: Weighed) -> float:
    """The points lost since the last digest where nothing but the age of the story is another; else 0."""
    if len(one.before) != 1:
        return 0.0
    (then,), now = one.before, one.factors
    is_same = then.recency > 0 < now.recency and math.isclose(
        then.value / then.recency, now.value / now.recency, rel_tol=1e-9
    )
    return then.points - now.points if is_same else 0.0


def _rank(admiralty: str) -> tuple[int, str]:
    """Grades in order, the best first; 6 cannot be judged."""
    return int(admiralty[1:]), admiralty[:1]
