"""Checked tables -> the values of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from monitor.core.composites import Composition
from monitor.core.model import Direction
from monitor.rules.catalog import CompositeIndicator, Example, Indicator, Term, TermList
from monitor.rules.query import Node
from monitor.rules.schema import ComposeTable, ExampleTable, IndicatorFile, ListTable, MatchTable, TermTable

_UNITS = {"d": "days", "h": "hours"}


def duration(written: str) -> timedelta:
    """A length of time as written in the catalog: "21d" or "36h"."""
    return timedelta(**{_UNITS[written[-1]]: int(written[:-1])})


def term_list(name: str, table: ListTable) -> TermList:
    """A list, with its languages that have terms."""
    terms = {"en": table.en, "ru": table.ru, "zh": table.zh}
    return TermList(
        name=name,
        title=table.title,
        version=table.version,
        terms={language: tuple(map(_term, written)) for language, written in terms.items() if written},
        include=tuple(table.include),
        is_fact=table.fact,
    )


def _term(written: str | TermTable) -> Term:
    if isinstance(written, str):
        return Term(text=written)
    return Term(text=written.term, not_in=tuple(written.not_in))


def indicator(table: IndicatorFile, match: MatchTable, query: Node, domain: str) -> Indicator:
    """An indicator that is matched against texts."""
    return Indicator(
        **_observable(table, domain),
        query_text=match.query,
        query=query,
        terms={name: term_list(name, terms) for name, terms in table.terms.items()},
        except_=tuple(match.except_),
        examples=tuple(map(_example, table.example)),
    )


def composite(
    table: IndicatorFile, compose: ComposeTable, parts: list[frozenset[str]], domain: str
) -> CompositeIndicator:
    """An indicator made of others. Raises ValueError where its parts do not fit together."""
    composition = Composition(
        indicator_id=table.id,
        parts=tuple(parts),
        needed=compose.any_n or len(parts),
        within=duration(compose.within),
        in_order=compose.in_order,
    )
    return CompositeIndicator(
        **_observable(table, domain),
        composition=composition,
        parts_text=tuple(map(alternatives, compose.all or compose.of)),
        min_weight=float(compose.min_weight),
    )


def alternatives(part: str | list[str]) -> tuple[str, ...]:
    """A part as the names of which any is enough."""
    return (part,) if isinstance(part, str) else tuple(part)


def _observable(table: IndicatorFile, domain: str) -> Mapping[str, Any]:
    return {
        "id": table.id,
        "domain": domain,
        "title": table.title,
        "version": table.version,
        "status": table.status,
        "direction": Direction(table.direction),
        "actors": table.actors,
        "weight": float(table.weight),
        "why": table.why,
        "half_life": duration(table.half_life),
        "requirement": table.requirement,
        "checklist": tuple(table.checklist),
        "section": table.report.section if table.report else "",
        "quote": table.report.quote if table.report else "",
        "urgent": table.urgent,
        "review": table.review,
    }


def _example(table: ExampleTable) -> Example:
    return Example(
        language=table.lang,
        must_match=table.expect == "match",
        text=table.text,
        summary=table.summary,
        why=table.why,
    )
