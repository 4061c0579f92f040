"""Whether two signals of one indicator tell the same event: points for it and against it.

The points were set on pairs judged by a reader; docs/decisions.md has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from monitor.core.model import Signal, Span

# Two signals tell the same event when they have so many points:
NEEDED = 6.0
# for all of a title's words in common (Dice), and part of it for a part,
WORDS = 15.0
# in two scripts, where no word can be shared, instead of words,
OTHER_SCRIPT = 8.0
# for each person, place, body or number that both name;
SHARED_FACT = 8.0
# against it: each person, place or body that only one names,
OTHER_FACT = -5.0
# each day between them,
DAY = -5.0
# two titles that quote different speakers («Lavrov», «expert»), or one that quotes and one that tells.
OTHER_SPEAKER = -20.0
ONE_SPEAKER = -5.0
# Titles that share this part of their words are nearly one title, whoever else is named.
NEAR_COPY = 0.5
NEAR_COPY_POINTS = 10.0
# What the rule itself looks for stands in all of its signals, so that it tells events apart less.
FOUND_WEIGHT = 0.4
# Russian and English endings differ; so much of a word is enough to know it again.
_STEM = 5

_DAY = timedelta(days=1)
_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
# In Russian a dash stands for the verb, so that what follows it is no speaker.
_SPEAKER = re.compile(r"(?: — |--)([^—:]{2,40})$")
_EMPTY = frozenset(
    """the a an of in on to for and with by as at from is are be will over its his after says said
    и в на с по о об от за для к из не что как его её их при""".split()  # noqa: SIM905  a list of 36 lines
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What speaks for it that two signals tell one event, and what against it."""

    words: float  # the part of their titles' words that both have, 0 to 1
    facts: tuple[str, ...] = ()  # both name
    other_facts: tuple[str, ...] = ()  # only one names; texts of one event give different numbers
    days: float = 0.0  # between them
    other_script: bool = False
    quoting: int = 0  # how many of them quote a speaker that the other does not

    @property
    def points(self) -> float:
        """All of it added up; NEEDED and more is one event."""
        total = (
            (OTHER_SCRIPT if self.other_script else WORDS * self.words)
            + SHARED_FACT * len(self.facts)
            + OTHER_FACT * len(self.other_facts)
            + DAY * self.days
            + (0.0, ONE_SPEAKER, OTHER_SPEAKER)[self.quoting]
        )
        return max(total, NEAR_COPY_POINTS) if self.words >= NEAR_COPY else total

    @property
    def is_same_event(self) -> bool:
        return self.points >= NEEDED

    @property
    def reason(self) -> str:
        """In words, for a person who asks why two entries are one story."""
        parts = [f"{self.words:.0%} of the words"] if self.words else []
        parts += ["other script"] if self.other_script else []
        parts += [f"both name {', '.join(self.facts)}"] if self.facts else []
        parts += [f"only one names {', '.join(self.other_facts)}"] if self.other_facts else []
        parts += [f"{self.days:.1f} days apart"] if self.days >= 0.05 else []
        parts += [("", "only one quotes a speaker", "different speakers")[self.quoting]] * bool(self.quoting)
        return f"{'; '.join(parts) or 'nothing in common'} ({self.points:.1f} of {NEEDED:.0f} points)"


def likeness(one: Signal, other: Signal) -> Likeness:
    """Compare two signals of the same indicator; the order does not matter."""
    a, b = set(one.facts), set(other.facts)
    comparable = _script(one.title) == _script(other.title)
    speakers = {_speaker(one.title), _speaker(other.title)} if comparable else {""}
    return Likeness(
        words=_shared_words(one, other) if comparable else 0.0,
        facts=tuple(sorted(a & b)),
        other_facts=tuple(sorted(fact for fact in a ^ b if not fact.startswith("#"))),
        days=abs(one.effective_at - other.effective_at) / _DAY,
        other_script=not comparable,
        quoting=len(speakers - {""}) if len(speakers) > 1 else 0,
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


def _shared_words(one: Signal, other: Signal) -> float:
    a, b = title_words(one.title, one.spans), title_words(other.title, other.spans)
    total = sum(a.values()) + sum(b.values())
    return 2 * sum(min(a[word], b[word]) for word in a.keys() & b.keys()) / total if total else 1.0


@lru_cache(maxsize=20_000)
def _script(title: str) -> str:
    if _HAN.search(title):
        return "Han"
    return "Cyrillic" if _CYRILLIC.search(title) else "Latin"


@lru_cache(maxsize=20_000)
def _speaker(title: str) -> str:
    """Who is quoted after a dash at the end of a title; nobody in Russian."""
    found = None if _CYRILLIC.search(title) else _SPEAKER.search(title)
    return found[1].strip().lower() if found else ""
