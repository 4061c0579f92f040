"""How a round is played: what is published to whom, how fast the clock runs, what goes wrong how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

RATE = 600.0  # our clock runs so much faster: an hour in six seconds, a retry of half a minute in one
HOUR = 3600.0

# Shortly before the clocks of Europe change, in spring and in autumn.
STARTS = (datetime(2026, 3, 29, 0, 10, tzinfo=UTC), datetime(2026, 10, 25, 0, 10, tzinfo=UTC))

# A short round has time for these, at which most is at stake; the others come after them.
FIRST_FAILPOINTS = (
    "ingest.before_commit:1",
    "ingest.before_commit:2",
    "digest.before_commit:1",
    "digest.before_commit:2",
    "mail.claimed:1",
    "mail.rcpt:1",
    "mail.dot_sent:1",
    "mail.accepted:1",
)
FAILPOINTS = (
    "ingest.before_commit",
    "digest.before_commit",
    "mail.claimed",
    "mail.rcpt",
    "mail.dot_sent",
    "mail.accepted",
    "fetch.got_headers",
    "fetch.body_done",
    "parse.done",
    "ingest.begin",
    "ingest.after_commit",
    "score.before_commit",
    "alert.before_commit",
    "alert.after_commit",
    "digest.due_seen",
    "digest.after_commit",
    "mail.connected",
    "mail.before_mark",
    "mail.after_mark",
    "rules.swapped",
    "prune.mid",
    "backup.mid",
)
ONLY_AT_FIRST = "migrate.mid:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One round. Times are real seconds."""

    seconds: float  # of kills
    settle: float  # without faults, at most
    feeds: int
    entries_per_second: float
    marked: float  # the share of entries that show an indicator
    keeps: float  # an entry stays in its document at least so long
    life: float  # mean time between two kills
    failpoint_within: float  # else such a life is killed all the same
    failpoint_share: float  # of the lives that end at a named place
    retain: str  # of entries without signals, in our time
    pause_longest: float
    lock_longest: float
    broken_rules: float  # how long an edit of the rules takes
    whole_rules: float  # how long they rest between two


QUICK = Plan(
    seconds=34,
    settle=60,
    feeds=40,
    entries_per_second=6,
    marked=0.25,
    keeps=60,
    life=0.8,
    failpoint_within=3,
    failpoint_share=0.7,
    retain="2h",
    pause_longest=2,
    lock_longest=2,
    broken_rules=2.5,
    whole_rules=2.5,
)
LONG = Plan(
    seconds=360,
    settle=120,
    feeds=100,
    entries_per_second=8,
    marked=0.06,
    keeps=75,
    life=0.6,
    failpoint_within=2.5,
    failpoint_share=0.4,
    retain="10h",
    pause_longest=4,
    lock_longest=4,
    broken_rules=1.3,
    whole_rules=7,
)
