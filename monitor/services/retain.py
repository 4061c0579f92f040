"""Retain: forget what is too old to matter; identities stay, so that nothing comes back as news."""

from __future__ import annotations

from datetime import datetime

from monitor.services.context import Context
from monitor.storage.engine import writing
from monitor.storage.retention import prune, thin


def retain(context: Context, at: datetime) -> int:
    """Prune entries without signals beyond the configured age in small transactions; how many went."""
    with writing(context.engine) as connection:
        thin(connection, at)
    total = 0
    while True:
        with writing(context.engine) as connection:
            pruned = prune(connection, before=at - context.config.retain_for, at=at)
        if not pruned:
            return total
        total += pruned
