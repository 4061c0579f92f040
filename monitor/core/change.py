"""Why an index moved: news and our own edits told apart, by scoring in steps from the old window to the new.

Step 12 of docs/methodology.md. Each step changes one thing and keeps all before it,
so that the parts add up to the whole change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import pairwise

from monitor.core.assessment import Score
from monitor.core.model import Signal, Story
from monitor.core.scoring import Methodology, saturated, score

# Stories of signals as of a time: grouped, without those marked false, composites among them.
StoriesOf = Callable[[Sequence[Signal], datetime], Sequence[Story]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of one index in its causes, in points; they add up to `total`."""

    methodology: float
    source_grades: float
    rules: float
    verdicts: float
    decay: float
    corroboration: float
    new_stories: float

    @property
    def total(self) -> float:
        return (
            self.methodology + self.source_grades + self.rules + self.verdicts
            + self.decay + self.corroboration + self.new_stories
        )  # fmt: skip

    @property
    def parts(self) -> list[tuple[str, float]]:
        """The causes by name, news before our own edits."""
        names = [field.name for field in reversed(fields(self))]
        return [(name.replace("_", " "), getattr(self, name)) for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The signals of two times. `old` have the verdicts of then, `now` those of now."""

    before: datetime
    at: datetime
    old: Sequence[Signal]
    now: Sequence[Signal]

    @property
    def old_reviewed(self) -> list[Signal]:
        """The old ones with the verdicts of now."""
        ids = {signal.id for signal in self.old}
        return [signal for signal in self.now if signal.id in ids]

    @property
    def retro(self) -> list[Signal]:
        """Signals that later rules found in entries of the old window."""
        ids = {signal.id for signal in self.old}
        return [s for s in self.now if s.id not in ids and s.is_retro and s.effective_at <= self.before]


def sigma_of(stored: Score, method: Methodology) -> float | None:
    """The scale that a stored index was made with, from its own evidence; None for an index of 0.

    The formula of step 7 solved for sigma.
    """
    total = saturated(stored.stories, method)
    if not total or not 0 < stored.index < 100:
        return None
    return -total / math.log(1 - stored.index / 100)


def split_change(
    stored: Score,
    windows: Windows,
    *,
    sigma: float,
    method: Methodology,
    same_method: bool,
    stories_of: StoriesOf,
) -> Change:
    """The causes of the change from a stored index to that of now.

    `same_method` says that the stored index was made with this methodology
    version. With another one what its constants and the grades of sources did
    cannot be told apart, and is told as methodology. So is another scale.
    """
    domain, direction = stored.domain, stored.direction
    old_sigma = sigma_of(stored, method) or sigma

    def index(stories: Sequence[Story], scale: float, at: datetime) -> float:
        return score(domain, direction, stories, sigma=scale, at=at, method=method).index

    before, at = windows.before, windows.at
    then = stories_of(windows.old, before)
    with_retro = stories_of([*windows.old, *windows.retro], before)
    reviewed = stories_of([*windows.old_reviewed, *windows.retro], before)
    everything = stories_of(windows.now, at)
    known = {signal.id for signal in (*windows.old, *windows.retro)}
    continued = [story for story in everything if any(s.id in known for s in story.signals)]
    steps = [
        stored.index,
        index(then, old_sigma, before),
        index(then, sigma, before),
        index(with_retro, sigma, before),
        index(reviewed, sigma, before),
        index(stories_of([*windows.old_reviewed, *windows.retro], at), sigma, at),
        index(continued, sigma, at),
        index(everything, sigma, at),
    ]
    edits, scale, rules, verdicts, decay, corroboration, new_stories = (b - a for a, b in pairwise(steps))
    return Change(
        methodology=scale if same_method else edits + scale,
        source_grades=edits if same_method else 0.0,
        rules=rules,
        verdicts=verdicts,
        decay=decay,
        corroboration=corroboration,
        new_stories=new_stories,
    )
