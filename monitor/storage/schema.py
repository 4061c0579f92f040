"""The tables. alembic/versions holds how they came to be; a test holds the two together."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from monitor.storage.columns import RowId, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _moment(name: str, *, needed: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime(), nullable=not needed)


def _text(name: str, default: str | None = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


feeds = Table(
    "feeds",
    metadata,
    Column("id", Text, primary_key=True),
    _text("title", None),
    _text("url", None),
    _text("language", "und"),
    _text("family", None),
    Column("party", Text),
    _text("reliability", "F"),
    Column("domains", JSON, nullable=False),
    Column("expected_every_s", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    # False once the feed has left the configuration: kept for the entries that it brought.
    Column("listed", Boolean, nullable=False),
    _text("etag"),
    _text("last_modified"),
    _text("body_hash"),
    _moment("next_poll_at"),
    _moment("polled_at"),
    _moment("succeeded_at"),
    _moment("failing_since"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("outcome", Text),
    _text("detail"),
    _moment("newest_entry_at"),
    Column("entries_stored", Integer, nullable=False, server_default="0"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("feed_id", Text, ForeignKey("feeds.id"), nullable=False),
    _text("key", None),
    _text("link"),
    _text("language", "und"),
    _text("title", None),
    _text("summary"),
    _text("fingerprint", None),
    Column("revision", Integer, nullable=False, server_default="1"),
    _moment("published_at"),
    # Publication, or when first seen if that is earlier or unknown: never in the future.
    _moment("effective_at", needed=True),
    _moment("first_seen_at", needed=True),
    _moment("edited_at"),
    UniqueConstraint("feed_id", "key"),
    Index(None, "first_seen_at"),
)

# The texts that edits replaced: the evidence of signals that they had raised.
entry_revisions = Table(
    "entry_revisions",
    metadata,
    Column("entry_id", RowId, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    _text("title", None),
    _text("summary"),
    _text("link"),
    _text("fingerprint", None),
    _moment("seen_at", needed=True),
)

# Identities of entries that retention removed, so that they never come back as news.
tombstones = Table(
    "tombstones",
    metadata,
    Column("feed_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
)

signals = Table(
    "signals",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("entry_id", RowId, ForeignKey("entries.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    _text("indicator_id", None),
    Column("rule_version", Integer, nullable=False),
    _text("domain", None),
    _text("direction", None),
    Column("weight", Float, nullable=False),
    Column("half_life_s", Integer, nullable=False),
    _text("place", None),
    _text("modality", None),
    Column("strength", Float, nullable=False),
    Column("spans", JSON, nullable=False),
    Column("facts", JSON, nullable=False, server_default="[]"),
    _moment("effective_at", needed=True),
    _moment("matched_at", needed=True),
    # Found by later rules in an entry of earlier days: told as that, never urgent.
    Column("is_retro", Boolean, nullable=False, server_default=false()),
    # An edit never makes a second signal of the same indicator.
    UniqueConstraint("entry_id", "indicator_id"),
    Index(None, "effective_at"),
)

# What people say of signals; the latest verdict of a signal is in force. Named by what it is about
# and not by the signal's id, so that it outlives a rematch.
verdicts = Table(
    "verdicts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("entry_id", RowId, ForeignKey("entries.id"), nullable=False),
    _text("indicator_id", None),
    Column("rule_version", Integer, nullable=False),
    _text("verdict", None),
    _text("given_by", None),
    _text("note"),
    _moment("given_at", needed=True),
    Index(None, "entry_id", "indicator_id"),
)

# Pairs of entries that a person put into one story, or into two; the latest word on a pair holds.
story_edits = Table(
    "story_edits",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("entry_id", RowId, ForeignKey("entries.id"), nullable=False),
    Column("other_id", RowId, ForeignKey("entries.id"), nullable=False),
    Column("together", Boolean, nullable=False),
    _text("given_by", None),
    _text("note"),
    _moment("given_at", needed=True),
)

assessments = Table(
    "assessments",
    metadata,
    Column("id", RowId, primary_key=True),
    _moment("as_of", needed=True),
    _text("domain", None),
    Column("level", Integer, nullable=False),
    _moment("level_since", needed=True),
    Column("deepening", Float, nullable=False),
    Column("friction", Float, nullable=False),
    Column("countermeasure", Float, nullable=False),
    Column("coverage", Float, nullable=False),
    _text("note"),
    Column("evidence", JSON, nullable=False),
    _text("methodology", None),
    _text("rules_revision", None),
    UniqueConstraint("domain", "as_of"),
)

digests = Table(
    "digests",
    metadata,
    Column("id", RowId, primary_key=True),
    _text("recipient_id", None),
    # The local date and time that it was due at: a due has one digest.
    _text("due_key", None),
    _moment("due_at", needed=True),
    _moment("composed_at", needed=True),
    _moment("since_at"),
    _text("subject", None),
    Column("levels", JSON, nullable=False),
    # All that it says, as JSON; empty for digests from before this was kept.
    _text("content"),
    UniqueConstraint("recipient_id", "due_key"),
)

# Which digest told a recipient of a signal. A digest takes what no row names yet: ids are
# drawn before commit, so «newer than the last» would skip a row that commits late.
digest_signals = Table(
    "digest_signals",
    metadata,
    Column("recipient_id", Text, primary_key=True),
    Column("signal_id", RowId, ForeignKey("signals.id"), primary_key=True),
    Column("digest_id", RowId, ForeignKey("digests.id"), nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("digest_id", RowId, ForeignKey("digests.id")),
    _text("recipient", None),
    Column("message_id", Text, nullable=False, unique=True),
    _text("subject", None),
    Column("payload", LargeBinary, nullable=False),
    _text("state", "pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _moment("next_attempt_at", needed=True),
    _moment("claimed_at"),
    Column("claimed_by", Text),
    _text("last_error"),
    _moment("created_at", needed=True),
    _moment("sent_at"),
    Index(None, "state", "next_attempt_at"),
)

# What was worth an urgent mail, for each recipient: what became of it, and why.
alerts = Table(
    "alerts",
    metadata,
    Column("id", RowId, primary_key=True),
    _text("recipient_id", None),
    _text("key", None),
    _text("subject", None),
    _text("domain", None),
    _text("title", None),
    Column("level", Integer, nullable=False),
    _text("state", None),
    _text("reason"),
    _moment("found_at", needed=True),
    _moment("sent_at"),
    _text("message_id"),
    _text("acknowledged_by"),
    _moment("acknowledged_at"),
    UniqueConstraint("recipient_id", "key"),
)

silences = Table(
    "silences",
    metadata,
    Column("id", RowId, primary_key=True),
    _text("subject", None),
    _text("owner", None),
    _text("reason", None),
    _moment("starts_at", needed=True),
    _moment("ends_at", needed=True),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    _text("value", None),
)
