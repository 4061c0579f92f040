"""Signals that tell the same event become one story, so that reprints are counted once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from monitor.core.model import Signal, Story

# Two titles tell the same event when they share this part of their words (Jaccard index) ...
SAME_EVENT_OVERLAP = 0.5
# ... and were published this close together: the same sentence a week later is a new event.
SAME_EVENT_WITHIN = timedelta(hours=72)

# Scripts without spaces have no words to compare, so each character of theirs counts as one.
_WORDS = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]{2,}")


def title_words(title: str) -> frozenset[str]:
    """The words of a title that tell it from another one: lower case, pairs of Han characters."""
    words = _WORDS.findall(title.lower())
    pairs = (a + b for a, b in pairwise(words) if len(a) == len(b) == 1)
    return frozenset(word for word in words if len(word) > 1) | frozenset(pairs)


def group_stories(signals: Iterable[Signal]) -> list[Story]:
    """Group the signals of each indicator into stories, in an order of their own.

    The result does not depend on the order of `signals`. Two signals of one
    entry (of two indicators) stay two stories: they answer two questions.
    """
    by_indicator: dict[str, list[Signal]] = defaultdict(list)
    for signal in sorted(signals, key=lambda s: (s.effective_at, s.id)):
        by_indicator[signal.indicator_id].append(signal)
    return [story for _, members in sorted(by_indicator.items()) for story in _clusters(members)]


def first_reported(story: Story) -> datetime:
    """When the first entry of a story was published."""
    return min(signal.effective_at for signal in story.signals)


def _clusters(signals: list[Signal]) -> list[Story]:
    clusters: list[tuple[frozenset[str], list[Signal]]] = []
    for signal in signals:
        words = title_words(signal.title)
        for seed, members in reversed(clusters):
            if signal.effective_at - members[0].effective_at > SAME_EVENT_WITHIN:
                continue
            if _overlap(words, seed) >= SAME_EVENT_OVERLAP:
                members.append(signal)
                break
        else:
            clusters.append((words, [signal]))
    return [_story(members) for _, members in clusters]


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a or b else 1.0


def _story(members: list[Signal]) -> Story:
    first = members[0]
    strongest = sorted(members, key=lambda s: (-s.strength, s.reliability, s.effective_at, s.id))
    return Story(
        indicator_id=first.indicator_id,
        domain=first.domain,
        direction=first.direction,
        signals=tuple(strongest),
    )
