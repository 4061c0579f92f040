"""A document as its parser left it, before anything in it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFeed:
    """Entries as mappings under feedparser's names, and what is known of the rest."""

    language: str
    entries: Sequence[Mapping[str, Any]]
    over: int = 0  # entries beyond the limit, not looked at
    is_cut: bool = False  # the document ends early
    ttl: str = ""  # minutes that it says it may be kept
