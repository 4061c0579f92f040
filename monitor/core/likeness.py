"""Whether two signals of one indicator tell the same event, and what speaks for it.

Measured on pairs judged by a reader; docs/decisions.md has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from monitor.core.model import Signal, Span

# Two titles in one script tell the same event when they share this part of their words (Dice),
SAME_WORDS = 0.37
# or when both texts name so many of the same persons, places, bodies and numbers,
SAME_FACTS = 2
# or, in two scripts, where no word can be shared, when they are of one day.
SAME_DAY = timedelta(hours=24)
# What the rule itself looks for stands in all of its signals, so that it tells events apart less.
FOUND_WEIGHT = 0.4
# Russian and English endings differ; so much of a word is enough to know it again.
_STEM = 5

_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_EMPTY = frozenset(
    """the a an of in on to for and with by as at from is are be will over its his after says said
    и в на с по о об от за для к из не что как его её их при""".split()  # noqa: SIM905  a list of 36 lines
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two signals share: a part of their title's words, facts, and the day if scripts differ."""

    words: float
    facts: tuple[str, ...] = field(default=())
    is_same_day: bool = False

    @property
    def is_same_event(self) -> bool:
        return self.words >= SAME_WORDS or len(self.facts) >= SAME_FACTS or self.is_same_day

    @property
    def reason(self) -> str:
        """In words, for a person who asks why two entries are one story."""
        parts = [f"{self.words:.0%} of the words"] if self.words else []
        parts += [f"both name {', '.join(self.facts)}"] if self.facts else []
        parts += ["other script, same day"] if self.is_same_day else []
        return "; ".join(parts) or "nothing in common"


def likeness(one: Signal, other: Signal) -> Likeness:
    """Compare two signals of the same indicator; the order does not matter."""
    a, b = title_words(one.title, one.spans), title_words(other.title, other.spans)
    total = sum(a.values()) + sum(b.values())
    shared = sum(min(a[word], b[word]) for word in a.keys() & b.keys())
    comparable = _script(one.title) == _script(other.title)
    return Likeness(
        words=2 * shared / total if total else 1.0,
        facts=tuple(sorted(set(one.facts) & set(other.facts))),
        is_same_day=not comparable and abs(one.effective_at - other.effective_at) < SAME_DAY,
    )


@lru_cache(maxsize=20_000)
def title_words(title: str, spans: tuple[Span, ...] = ()) -> Mapping[str, float]:
    """The stems of a title, in Chinese its pairs of characters, each with its weight."""
    found = [span for span in spans if span.field == "title"]
    weights: dict[str, float] = {}
    for match in _WORD.finditer(title.lower()):
        word, start = match[0], match.start()
        if _HAN.match(word):
            pieces = [(word[at : at + 2], start + at, start + at + 2) for at in range(len(word) - 1)]
        else:
            is_empty = word in _EMPTY or len(word) < 2
            pieces = [] if is_empty else [(word[:_STEM], start, match.end())]
        for piece, low, high in pieces:
            inside = any(span.start < high and low < span.end for span in found)
            weights[piece] = max(weights.get(piece, 0.0), FOUND_WEIGHT if inside else 1.0)
    return weights


def _script(title: str) -> str:
    if _HAN.search(title):
        return "Han"
    return "Cyrillic" if _CYRILLIC.search(title) else "Latin"
