"""Is this entry new, edited, or one that we have? Decided here, acted on elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from enum import Enum, auto

from monitor.core.model import Entry


class Change(Enum):
    NEW = auto()
    EDITED = auto()
    SAME = auto()


def fingerprint(entry: Entry) -> str:
    """Digest of the content that matters: title and summary, white space folded.

    Dates, links and categories change without news, so they do not count.
    """
    text = " ".join(entry.title.split()) + "\n" + " ".join(entry.summary.split())
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def classify(new: str, known: str | None) -> Change:
    """Compare an entry's fingerprint with the one stored under its key, None where there is none."""
    if known is None:
        return Change.NEW
    return Change.SAME if new == known else Change.EDITED


def is_key_reused(entry: Entry, *, title: str, link: str) -> bool:
    """Tell a publisher's reuse of an id for another story from an edit: title and link both changed."""
    return bool(link) and bool(entry.link) and entry.link != link and entry.title != title


def rekeyed(entry: Entry) -> Entry:
    """The same entry under a key of its own, for an id that its publisher used for another story."""
    own = hashlib.sha256(entry.link.encode()).hexdigest()[:16]
    return replace(entry, key=f"{entry.key[:180]}#{own}")
