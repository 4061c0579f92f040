"""Why an entry matched, or which part of which query was missing."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.model import Span
from monitor.rules.compiling import Rule
from monitor.rules.engine import Rules, answer_rule, is_excluded, merged_spans
from monitor.rules.matching import Reader
from monitor.rules.query import And, Leaf, Near, Node, leaves, written
from monitor.rules.scanner import Found
from monitor.rules.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One rule beside one text. `missing` is the part of the query that decided, "" for a match.

    `spans` are what matched, or else all that the rule's lists hit; `lists`
    says for each list of the query which words of the text it hit.
    """

    indicator_id: str
    matched: bool
    missing: str
    spans: tuple[Span, ...]
    lists: dict[str, tuple[str, ...]]


def why(rules: Rules, title: str, summary: str = "", *, only: str | None = None) -> list[Explanation]:
    """Explain every rule, or one, beside a text: matches first, then those with most of their lists hit."""
    text = Text(title, summary)
    found, context = rules.find(text), rules.context_of(text)
    chosen = [rule for rule in rules.rules if only in (None, rule.indicator.id)]
    explained = [_explain(rule, found, context) for rule in chosen]
    return sorted(explained, key=lambda e: (not e.matched, -_share(e), e.indicator_id))


def _share(explanation: Explanation) -> float:
    return sum(map(bool, explanation.lists.values())) / len(explanation.lists)


def _explain(rule: Rule, found: Found, context: Found) -> Explanation:
    text = found.text
    answer = answer_rule(rule, found)
    missing = ""
    if answer is None:
        missing = _missing(rule.indicator.query, Reader(rule.numbers, found))
        hits = sorted({hit for number in rule.numbers.values() for hit in found.of(number)})
    else:
        hits = answer[1]
        if is_excluded(rule, hits, context):
            missing = _excluding(rule, context)
    return Explanation(
        indicator_id=rule.indicator.id,
        matched=not missing,
        missing=missing,
        spans=merged_spans(text, hits),
        lists={leaf.name: _words(rule, leaf, found) for leaf in leaves(rule.indicator.query)},
    )


def _words(rule: Rule, leaf: Leaf, found: Found) -> tuple[str, ...]:
    hits = found.of(rule.numbers[leaf.name])
    return tuple(dict.fromkeys(found.text.folded[start:end] for start, end in hits))


def _excluding(rule: Rule, context: Found) -> str:
    folded = context.text.folded
    pairs = zip(rule.indicator.except_, rule.excluded, strict=True)
    words = {name: [folded[start:end] for start, end in context.of(number)] for name, number in pairs}
    return "except " + ", ".join(f"{name} ({', '.join(dict.fromkeys(w))})" for name, w in words.items() if w)


def _missing(node: Node, reader: Reader) -> str:
    """The first part of an AND that is not satisfied, as written; the whole of any other part."""
    whole = (0, len(reader.found.text.folded))
    if isinstance(node, And):
        for item in node.items:
            if not reader.occurrences(item, whole):
                return _missing(item, reader)
        for item in node.excluded:
            if reader.occurrences(item, whole):
                return f"NOT {written(item)}"
    if isinstance(node, Near):
        for side in (node.left, node.right):
            if not reader.occurrences(side, whole):
                return _missing(side, reader)
    return written(node)
