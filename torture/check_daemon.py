"""I11 to I14: acts are kept, the database is whole, nothing leaked, and one daemon ran at a time."""

from __future__ import annotations

from itertools import pairwise

from sqlalchemy import Connection, select, text

from monitor.storage.migrate import head_revision
from monitor.storage.schema import alerts, deliveries, meta, verdicts
from torture.evidence import Evidence, Violations
from torture.setting import SECRET


def acks_are_kept(evidence: Evidence, connection: Connection) -> Violations:
    """I11: whatever was answered with 2xx is in the database."""
    query = select(verdicts.c.entry_id, verdicts.c.indicator_id, verdicts.c.verdict, verdicts.c.given_by)
    given = {tuple(row) for row in connection.execute(query)}
    query = select(alerts.c.id, alerts.c.acknowledged_by)
    dealt_with = {row.id for row in connection.execute(query) if row.acknowledged_by}
    left = {
        row for row in connection.execute(select(meta.c.key)).scalars() if row.startswith("unsubscribed:")
    }
    for ack in evidence.analyst.acks:
        number, _, indicator = ack.subject.partition(" ")
        is_kept = {
            "verdict": (int(number or 0), indicator, ack.verdict, ack.recipient) in given,
            "acknowledge": int(number or 0) in dealt_with,
            "unsubscribe": f"unsubscribed:{ack.recipient}" in left,
        }[ack.kind]
        if not is_kept:
            yield "I11", f"{ack.kind} of {ack.subject or ack.recipient} was answered with 2xx and is lost"


def database_is_whole(evidence: Evidence, connection: Connection) -> Violations:
    """I12: the database's own checks, foreign keys, and the schema."""
    if connection.dialect.name == "sqlite":
        found = list(connection.execute(text("PRAGMA integrity_check")).scalars())
        if found != ["ok"]:
            yield "I12", f"integrity_check: {found[:3]}"
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
        yield from (("I12", f"foreign key of {row[0]} row {row[1]}") for row in broken)
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision != head_revision():
        yield "I12", f"the schema is {revision}, not {head_revision()}"


def nothing_leaked(evidence: Evidence, connection: Connection) -> Violations:
    """I13: nobody touched the canary, no secret is in the log, no error came from anything but the faults."""
    if evidence.canary.connections:
        yield "I13", f"{evidence.canary.connections} connections to the forbidden port"
    log = evidence.nemesis.launch.folder / "daemon.log"
    if SECRET in log.read_text(encoding="utf-8", errors="replace"):
        yield "I13", "the secret of the links is in the log"
    for life in evidence.lives:
        yield from (("I13", f"stray line in the log: {line}") for line in life.stray[:3])
        for at, event in life.log:
            if "traceback" in event and not (_is_storage(event) and evidence.in_fault(at)):
                yield "I13", f"{event['event']}: {str(event['traceback']).splitlines()[-1]}"


def one_daemon_at_a_time(evidence: Evidence, connection: Connection) -> Violations:
    """I14: lives do not overlap, second daemons were turned away, and only daemons of ours claimed mail."""
    for one, other in pairwise(evidence.lives):
        if one.ended is None or (other.running is not None and other.running < one.ended):
            yield "I14", f"the daemons {one.pid} and {other.pid} ran at once"
    yield from (("I14", words) for words in evidence.nemesis.broken)
    pids = {str(life.pid) for life in evidence.lives}
    query = select(deliveries.c.message_id, deliveries.c.claimed_by).where(
        deliveries.c.claimed_by.is_not(None)
    )
    for row in connection.execute(query):
        if row.claimed_by.rpartition(":")[2] not in pids:
            yield "I14", f"{row.message_id} was claimed by {row.claimed_by}, which never ran"


def _is_storage(event: dict[str, object]) -> bool:
    return "StorageError" in str(event["traceback"])


CHECKS = (acks_are_kept, database_is_whole, nothing_leaked, one_daemon_at_a_time)
AT_EVERY_PROBE = (database_is_whole,)
