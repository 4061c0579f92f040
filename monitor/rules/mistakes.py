"""Where the rules and a reader of labelled entries differ, each row with the clause that decided."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules
from monitor.rules.evaluation import Label, Predictions
from monitor.rules.examples import marked
from monitor.rules.explain import why


def mistakes(
    labels: Sequence[Label], predictions: Predictions, catalog: Catalog, rules: Rules
) -> Iterator[str]:
    """A block of text for each row not judged as labelled: misses, then alarms, then wrong ids.

    A row with at least one right indicator is listed when another fired too.
    """
    found = [(_kind(row, predictions.get(row.id, ()), catalog), row) for row in labels]
    for wanted in ("MISSED", "ALARM", "WRONG ID", "MORE"):
        for kind, row in found:
            if kind == wanted:
                yield _block(kind, row, predictions.get(row.id, ()), catalog, rules)


def _kind(row: Label, predicted: Collection[str], catalog: Catalog) -> str:
    right = [name for name in predicted if _covers(name, row, catalog)]
    if not row.checklist:
        return "ALARM" if predicted else ""
    if not predicted:
        return "MISSED"
    if not right:
        return "WRONG ID"
    return "MORE" if len(right) < len(predicted) else ""


def _covers(name: str, row: Label, catalog: Catalog) -> bool:
    return not set(row.checklist).isdisjoint(catalog.indicators[name].checklist)


def _block(kind: str, row: Label, predicted: Collection[str], catalog: Catalog, rules: Rules) -> str:
    certainty = "sure" if row.is_sure else "borderline"
    labelled = ", ".join(row.checklist) or "no signal"
    lines = [f"{kind} {row.id} {row.language} {certainty}, labelled {labelled}", f"    {row.title}"]
    if row.summary:
        lines.append(f"    {row.summary}")
    for name in predicted:
        verdict = "right" if _covers(name, row, catalog) else "wrong"
        [found] = why(rules, row.title, row.summary, only=name)
        lines.append(f"  {verdict}: {name} ({', '.join(catalog.indicators[name].checklist)})")
        lines.append(f"    {marked(row.title, found.spans)}")
        if any(span.field == "summary" for span in found.spans):
            lines.append(f"    {marked(row.summary, found.spans, 'summary')}")
    if kind in ("MISSED", "WRONG ID"):
        lines += _silent(row, catalog, rules)
    return "\n".join(lines)


def _silent(row: Label, catalog: Catalog, rules: Rules) -> Iterator[str]:
    """The indicators that should have taken the row, and the part of each query that was missing."""
    for name in catalog.indicators:
        if _covers(name, row, catalog):
            for found in why(rules, row.title, row.summary, only=name):
                yield f"  silent: {name}: missing {found.missing}"
                hit = "; ".join(f"@{key} {', '.join(words)}" for key, words in found.lists.items() if words)
                yield f"    found {hit or 'nothing'}"
