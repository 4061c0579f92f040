"""All rules against one text: scan once, then answer only the rules whose rarest lists were hit."""

from __future__ import annotations

import gc
import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from itertools import accumulate

from monitor.core.model import Match, Modality, Place, Span
from monitor.core.scoring import Methodology, strength
from monitor.rules.catalog import MODALITY_LISTS, Catalog
from monitor.rules.compiling import Gate, Rule, compile_catalog
from monitor.rules.matching import Occurrence, Reader
from monitor.rules.query import Scope
from monitor.rules.scanner import Found, Hit
from monitor.rules.text import Text
from monitor.rules.years import past_years

# A match is ranked by what the method makes of it; scores take the configured one.
_METHOD = Methodology()
# Of two digits or more; a year says little.
_NUMBER = re.compile(r"(?<=[ \u2e80-\uffff])(?!(?:19|20)\d\d[ \u2e80-\uffff])\d{2,}(?=[ \u2e80-\uffff])")
# A word of doubt or negation speaks of what stands this close to it.
MODALITY_REACH = 12


def compile_rules(catalog: Catalog) -> Rules:
    """Make a catalog ready to match; takes seconds, and the result may be used from several threads."""
    # Of the millions of small objects made here nearly all stay: to look for garbage among
    # them would take a fifth of the time.
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        return Rules(catalog)
    finally:
        if was_collecting:
            gc.enable()


class Rules:
    """The compiled rules of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.revision = catalog.revision
        self._compiled = compile_catalog(catalog)
        self._scanner = self._compiled.topics
        self._gate = Gate(self._compiled.rules, self._scanner.sizes)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that take part: those of active and of test indicators."""
        return self._compiled.rules

    @property
    def patterns(self) -> int:
        """How many surface forms are looked for in every text."""
        return self._scanner.size

    def match(self, title: str, summary: str = "", at: datetime | None = None) -> list[Match]:
        """Every indicator that the entry satisfies, strongest first, then by weight and id.

        `at` is when the entry appeared; without it no year in the text is long past.
        """
        text = Text(title, summary)
        hits = self._scanner.scan(text.folded)
        candidates = list(self._gate.open_for(self._scanner.lists_in(hits)))
        if not candidates:
            return []
        found = Found(self._scanner, text, hits)
        context: Found | None = None
        facts: tuple[str, ...] = ()
        matches: list[tuple[Match, float]] = []
        for rule in candidates:
            answer = answer_rule(rule, found)
            if answer is None:
                continue
            if context is None:
                context = self.context_of(text)
                facts = self._facts(context)
            if not is_excluded(rule, answer[1], context):
                matches.append((self._match(rule, *answer, context, at, facts), rule.indicator.weight))
        matches.sort(key=lambda m: (-m[0].strength, -m[1], m[0].indicator_id))
        return [match for match, _ in matches]

    def find(self, text: Text) -> Found:
        """What the lists of all rules hit in a text; for explanations."""
        return Found(self._scanner, text, self._scanner.scan(text.folded))

    def context_of(self, text: Text) -> Found:
        """What the exclusion and modality lists hit in a text."""
        scanner = self._compiled.context
        return Found(scanner, text, scanner.scan(text.folded))

    def _facts(self, context: Found) -> tuple[str, ...]:
        """The fact lists and the numbers that title and first sentence name."""
        names = self._compiled.facts
        text = context.text
        end = max(window[1] for scope in (Scope.TITLE, Scope.LEAD) for window in text.windows(scope))
        found = {
            names[n] for n in context.lists & names.keys() if any(hit[1] <= end for hit in context.of(n))
        }
        numbers = {f"#{number}" for number in _NUMBER.findall(text.folded[: text.windows(Scope.TITLE)[0][1]])}
        return tuple(sorted(found | numbers))

    def _match(
        self,
        rule: Rule,
        place: Place,
        hits: list[Hit],
        context: Found,
        at: datetime | None,
        facts: tuple[str, ...],
    ) -> Match:
        modality = self._modality(hits, context, at)
        return Match(
            indicator_id=rule.indicator.id,
            place=place,
            modality=modality,
            strength=strength(place, modality, _METHOD),
            spans=merged_spans(context.text, hits),
            facts=facts,
        )

    def _modality(self, hits: list[Hit], context: Found, at: datetime | None) -> Modality:
        numbers = self._compiled.modalities
        for name in MODALITY_LISTS:
            words = context.of(numbers[name]) if name in numbers else []
            if at and name == Modality.RETROSPECTIVE:
                words = words + past_years(context.text, at)
            if words and any(_speaks_of(word, hits, context.text) for word in _outside(words, hits)):
                return Modality(name)
        return Modality.OCCURRED


def answer_rule(rule: Rule, found: Found) -> tuple[Place, list[Hit]] | None:
    """Where the narrowest part of the entry that satisfies the query is, and the hits that did; else None."""
    reader = Reader(rule.numbers, found)
    query = rule.indicator.query
    text = found.text
    whole = (0, len(text.folded))
    satisfied = reader.occurrences(query, whole)
    if not satisfied:
        return None
    title = text.windows(Scope.TITLE)[0]
    # Satisfied without the rest: a term that the rest excludes was already asked for above.
    if in_title := reader.occurrences(query, title):
        return Place.TITLE, hits_of(in_title)
    for lead in text.windows(Scope.LEAD):
        if in_lead := reader.occurrences(query, (0, lead[1])):
            return Place.LEAD, hits_of(in_lead)
    return Place.BODY, hits_of(satisfied)


def hits_of(occurrences: list[Occurrence]) -> list[Hit]:
    """The hits of all occurrences, in order, each once."""
    return sorted({hit for occurrence in occurrences for hit in occurrence.hits})


def is_excluded(rule: Rule, hits: list[Hit], context: Found) -> bool:
    """Whether a term of the rule's exclusion lists stands in the title or in a sentence of the match."""
    if not rule.excluded:
        return False
    text = context.text
    title = text.windows(Scope.TITLE)[0]
    sentences = {text.sentence_at(start) for start, _ in hits}
    return any(
        start < title[1] or text.sentence_at(start) in sentences
        for number in rule.excluded
        for start, _ in context.of(number)
    )


def merged_spans(text: Text, hits: list[Hit]) -> tuple[Span, ...]:
    """The places of hits in the original title and summary, in order; those that touch become one."""
    merged: list[Span] = []
    for span in sorted(text.span(start, end) for start, end in hits):
        last = merged[-1] if merged else None
        if last and last.field == span.field and span.start <= last.end:
            merged[-1] = Span(last.field, last.start, max(last.end, span.end))
        else:
            merged.append(span)
    # "title" sorts after "summary", but is read first.
    return tuple(sorted(merged, key=lambda s: (s.field != "title", s.start)))


def _outside(words: list[Hit], hits: list[Hit]) -> Iterator[Hit]:
    """The words that overlap no hit; hits are in order of place."""
    ends = list(accumulate((end for _, end in hits), max))
    for word in words:
        before = bisect_left(hits, (word[1], 0))
        if not before or ends[before - 1] <= word[0]:
            yield word


def _speaks_of(word: Hit, hits: list[Hit], text: Text) -> bool:
    """Whether a modality word stands near the match, in its sentence, and is no part of it."""
    low, high = text.sentence_at(word[0])
    at = bisect_left(hits, (word[0], 0))
    own = text.word_at(word[0])
    # Of the hits on either side the next ones are nearest.
    near = [hit for hit in hits[max(at - 1, 0) : at + 1] if low <= hit[0] < high]
    return any(abs(text.word_at(start) - own) <= MODALITY_REACH for start, _ in near)
