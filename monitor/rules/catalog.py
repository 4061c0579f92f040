"""The catalog as values: what loading.py reads from indicators/ and the engine compiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from monitor.core.composites import Composition
from monitor.core.model import Direction
from monitor.rules.query import Node

LANGUAGES = ("en", "ru", "zh")
# Which of the two states an indicator needs.
ACTORS = ("both", "either")
# Shared lists that set a match's modality, strongest claim on it first.
MODALITY_LISTS = ("denied", "alleged", "retrospective", "opinion", "planned")


class Term(NamedTuple):  # a hundred thousand of them are looked up in sets
    """One term as written; a hit inside a longer word of `not_in` does not count."""

    text: str
    not_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TermList:
    """A named list of terms in up to three languages, with other lists folded in."""

    name: str
    title: str = ""
    version: int = 1
    terms: Mapping[str, tuple[Term, ...]] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    is_fact: bool = False  # who, where or what a report names: evidence that two tell the same event


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text of one language that must match, or must not."""

    language: str
    must_match: bool
    text: str
    summary: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A subject area; `sigma` is its calibrated scale by direction, where it has one."""

    id: str
    title: str
    order: int = 0
    sigma: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observable:
    """Something whose appearance changes our estimate, and by how much."""

    id: str
    domain: str
    title: str
    version: int
    status: str
    direction: Direction
    actors: str  # "both": both states take part; "either": one of them, or others, suffices
    weight: float
    why: str
    half_life: timedelta
    requirement: str = ""
    checklist: tuple[str, ...] = ()
    section: str = ""
    quote: str = ""
    urgent: bool = False
    review: date | None = None

    @property
    def is_matched(self) -> bool:
        """Whether it may give signals; drafts and retired ones do not."""
        return self.status in ("active", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(Observable):
    """An observable with the rule that finds it in a text."""

    query_text: str
    query: Node
    terms: Mapping[str, TermList] = field(default_factory=dict)
    except_: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeIndicator(Observable):
    """An observable made of signals of other indicators; `parts_text` are its parts as written.

    `min_weight` is what an indicator must weigh to stand for its domain.
    """

    composition: Composition
    parts_text: tuple[tuple[str, ...], ...]
    min_weight: float = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything that analysts wrote, checked; `revision` names exactly this content."""

    domains: Mapping[str, Domain]
    lists: Mapping[str, TermList]
    indicators: Mapping[str, Indicator]
    revision: str = ""
    composites: Mapping[str, CompositeIndicator] = field(default_factory=dict)

    def observable(self, id: str) -> Observable:
        """The indicator or composite of that id. Raises KeyError where there is none."""
        return self.indicators.get(id) or self.composites[id]

    def terms_of(self, indicator: Indicator | None, name: str) -> dict[str, tuple[Term, ...]]:
        """All terms of a list by language, with those of the lists that it includes."""
        own = indicator.terms if indicator else {}
        gathered: dict[str, dict[Term, None]] = {language: {} for language in LANGUAGES}
        waiting, seen = [name], set()
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            found = own.get(current) or self.lists[current]
            for language, terms in found.terms.items():
                gathered[language].update(dict.fromkeys(terms))
            waiting.extend(found.include)
        return {language: tuple(terms) for language, terms in gathered.items()}
