"""Near misses: entries that no rule took but that read like an indicator's positive examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import fuzz, process

from monitor.rules.catalog import LANGUAGES, Catalog
from monitor.rules.engine import Rules
from monitor.rules.folding import fold
from monitor.storage.archive import ArchivedEntry

# Below this the two share little but the names of the actors.
ALIKE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """An entry, the example that it reads like, and how much: 0 to 100."""

    likeness: float
    indicator_id: str
    example: str
    entry_id: int
    title: str
    language: str
    feed_title: str
    at: datetime


def near_misses(
    entries: Iterable[ArchivedEntry],
    catalog: Catalog,
    rules: Rules,
    *,
    only: str = "",
    on_entry: Callable[[], None] = lambda: None,
) -> list[NearMiss]:
    """Rank the entries that no rule takes by their likeness to positive examples, most alike first.

    An entry is compared with the examples of its own language (of all where it
    is unknown), and reported once, with the example that it is most like.
    `only` restricts the examples to indicators whose id begins with it.
    """
    examples = _examples(catalog, only)
    found = []
    for entry in entries:
        on_entry()
        known = examples.get(entry.language) or [e for many in examples.values() for e in many]
        if not known or rules.match(entry.title, entry.summary):
            continue
        texts = [text for text, _, _ in known]
        # Words in any order, repeated ones once: headlines of one event differ in just that.
        best = process.extractOne(
            _spaced(entry.title), texts, scorer=fuzz.token_set_ratio, score_cutoff=ALIKE
        )
        if best is None:
            continue
        _, likeness, position = best
        _, indicator_id, example = known[position]
        found.append(
            NearMiss(
                likeness=likeness,
                indicator_id=indicator_id,
                example=example,
                entry_id=entry.id,
                title=entry.title,
                language=entry.language,
                feed_title=entry.feed_title,
                at=entry.effective_at,
            )
        )
    return sorted(found, key=lambda miss: (-miss.likeness, miss.entry_id))


def _examples(catalog: Catalog, only: str) -> dict[str, Sequence[tuple[str, str, str]]]:
    """Positive examples by language: as compared, of which indicator, as written."""
    found: dict[str, list[tuple[str, str, str]]] = {language: [] for language in LANGUAGES}
    for indicator in catalog.indicators.values():
        if indicator.is_matched and indicator.id.startswith(only):
            for example in indicator.examples:
                if example.must_match:
                    found[example.language].append((_spaced(example.text), indicator.id, example.text))
    return dict(found)


def _spaced(text: str) -> str:
    """Folded text, with Han characters apart, so that each counts as a word."""
    return "".join(f" {char} " if "\u3400" <= char <= "\u9fff" else char for char in fold(text))
