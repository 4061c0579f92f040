"""A rule carries its own proof: every example of every indicator, run through the engine itself."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.model import Span
from monitor.rules.catalog import Catalog, Example
from monitor.rules.engine import Rules
from monitor.rules.explain import Explanation, why


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleResult:
    """One example, whether it matched, and why."""

    indicator_id: str
    example: Example
    matched: bool
    explanation: Explanation

    @property
    def passed(self) -> bool:
        return self.matched == self.example.must_match


def run_examples(catalog: Catalog, rules: Rules) -> list[ExampleResult]:
    """Run every example of every indicator that is matched, in order of id."""
    results = []
    by_id = {rule.indicator.id: rule for rule in rules.rules}
    for indicator_id in sorted(catalog.indicators.keys() & by_id.keys()):
        for example in catalog.indicators[indicator_id].examples:
            matches = rules.match(example.text, example.summary)
            explanation = why(rules, example.text, example.summary, only=indicator_id)[0]
            results.append(
                ExampleResult(
                    indicator_id=indicator_id,
                    example=example,
                    matched=any(match.indicator_id == indicator_id for match in matches),
                    explanation=explanation,
                )
            )
    return results


def marked(text: str, spans: tuple[Span, ...], field: str = "title") -> str:
    """The text with its matched words in square brackets."""
    pieces, at = [], 0
    for span in sorted(s for s in spans if s.field == field):
        pieces += [text[at : span.start], "[", text[span.start : span.end], "]"]
        at = span.end
    return "".join([*pieces, text[at:]])


def failure_text(result: ExampleResult) -> str:
    """A failed example: its text with what was found marked in it, and what decided."""
    example, found = result.example, result.explanation
    expected = "must match" if example.must_match else "must not match"
    lines = [f"FAILED {result.indicator_id} {example.language}: {expected}"]
    lines.append(f"    {marked(example.text, found.spans)}")
    if example.summary:
        lines.append(f"    {marked(example.summary, found.spans, 'summary')}")
    if found.missing:
        lines.append(f"    missing: {found.missing}")
    lines += [f"    @{name}: {', '.join(words) or '-'}" for name, words in found.lists.items()]
    return "\n".join(lines)
