"""Predict: what the rules say of entries outside the database, in the form that `rules match` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The indicators that an entry is a signal of, strongest first, with their checklist ids and domains."""

    id: str
    indicators: tuple[str, ...]
    checklist: tuple[str, ...]
    domains: tuple[str, ...]


def predict(entry: Mapping[str, Any], catalog: Catalog, rules: Rules) -> Prediction:
    """Match one entry, given as id, title and summary; other fields are ignored."""
    matches = rules.match(str(entry.get("title") or ""), str(entry.get("summary") or ""))
    found = [catalog.indicators[match.indicator_id] for match in matches]
    return Prediction(
        id=str(entry.get("id") or ""),
        indicators=tuple(indicator.id for indicator in found),
        checklist=tuple(dict.fromkeys(row for indicator in found for row in indicator.checklist)),
        domains=tuple(dict.fromkeys(indicator.domain for indicator in found)),
    )
