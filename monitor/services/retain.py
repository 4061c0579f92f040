"""Retain: forget what is too old to matter; identities stay, so that nothing comes back as news."""

from __future__ import annotations

import logging
from datetime import datetime

from monitor.services.clock import clock_in
from monitor.services.context import Context
from monitor.storage.engine import writing
from monitor.storage.retention import prune, thin

log = logging.getLogger(__name__)


def retain(context: Context, at: datetime) -> int:
    """Prune entries without signals beyond the configured age in small transactions; how many went."""
    total = 0
    while pruned := retain_some(context, at):
        total += pruned
    return total


def retain_some(context: Context, at: datetime) -> int:
    """One of these transactions, 0 when nothing is left; between two of them others get the database.

    Nothing goes by a clock that jumped: a machine that believes to be ten years on would forget it all.
    """
    with writing(context.engine) as connection:
        clock = clock_in(connection)
        if clock and clock.forbids_pruning(at):
            log.warning("nothing is forgotten: %s", clock.words)
            return 0
        pruned = prune(connection, before=at - context.config.retain_for, at=at)
        if not pruned:
            thin(connection, at)
        return pruned
