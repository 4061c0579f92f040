"""Match: what the rules in force find in one text, as rows to store."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime

from monitor.services.context import Context
from monitor.storage import signals


def signal_rows(
    context: Context,
    title: str,
    summary: str,
    *,
    entry_id: int,
    revision: int,
    had: AbstractSet[tuple[int, str]],
    effective_at: datetime,
    at: datetime,
    is_retro: bool = False,
) -> list[dict[str, object]]:
    """The signals of an entry's text, without the (entry, indicator) pairs that it `had` already."""
    rows = []
    for match in context.rules.match(title, summary, effective_at):
        if (entry_id, match.indicator_id) in had:
            continue
        indicator = context.catalog.indicators[match.indicator_id]
        rows.append(
            signals.as_row(
                match,
                entry_id=entry_id,
                revision=revision,
                rule_version=indicator.version,
                domain=indicator.domain,
                direction=indicator.direction,
                weight=indicator.weight,
                half_life=indicator.half_life,
                effective_at=effective_at,
                at=at,
                is_retro=is_retro,
            )
        )
    return rows
