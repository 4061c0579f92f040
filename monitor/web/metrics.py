"""How the daemon is doing, in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from monitor.core.assessment import Assessment
from monitor.core.health import Health, health
from monitor.core.progress import Trouble
from monitor.services.backup import last_backup
from monitor.services.context import Context
from monitor.services.heartbeat import last_heartbeat
from monitor.services.holding_back import held_back
from monitor.storage import assessments, deliveries, entries, feeds, signals, size
from monitor.web.readiness import newest_poll

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAIL_STATES = ("pending", "claimed", "unknown", "sent", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Sample:
    """One number under its labels."""

    value: float
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Gauge:
    """Numbers of one name that go up and down; without samples while there is nothing to measure."""

    name: str
    help: str
    samples: tuple[Sample, ...]


def measure(connection: Connection, context: Context, at: datetime) -> list[Gauge]:
    """Everything there is to measure at a time; only reads."""
    states = [state for state in feeds.all_states(connection) if state.feed.enabled]
    healths = Counter(health(state, at) for state in states)
    mails = dict.fromkeys(MAIL_STATES, 0) | deliveries.counts(connection)
    unsent = deliveries.oldest_unsent(connection)
    latest = assessments.latest(connection, at)
    assessed = max((one.as_of for one in latest.values()), default=None)
    backup = last_backup(context)
    return [
        _by("feeds", "Enabled feeds by health.", "health", {kind: healths[kind] for kind in Health}),
        _one("entries_stored", "Entries in the database.", entries.count(connection)),
        _one("signals_stored", "Signals in the database.", signals.count(connection)),
        _by("mails", "Mails in the outbox by state.", "state", mails),
        _one(
            "oldest_unsent_mail_age_seconds",
            "Age of the oldest mail that waits to be sent, 0 when none waits.",
            _age(unsent[0], at) if unsent else 0.0,
        ),
        _one(
            "mail_held_back",
            "1 while the mail server takes nothing at all.",
            float(held_back(connection).failures > 0),
        ),
        _one("last_poll_age_seconds", "Time since a feed was polled last.", _age(newest_poll(states), at)),
        _one("last_assessment_age_seconds", "Time since the domains were assessed last.", _age(assessed, at)),
        _by(
            "domain_level",
            "Warning level of a domain, 0 (Quiet) to 4 (Marked).",
            "domain",
            {domain: int(one.level) for domain, one in latest.items()},
        ),
        _one(
            "last_backup_age_seconds", "Time since the last backup.", _age(backup.at if backup else None, at)
        ),
        _one(
            "last_heartbeat_age_seconds",
            "Time since the last heartbeat was taken.",
            _age(last_heartbeat(connection).sent_at, at),
        ),
        _one("database_bytes", "Size of the database.", size.bytes_of(connection)),
        _one("database_log_bytes", "Size of SQLite's write-ahead log.", size.bytes_of_log(connection)),
        Gauge("entente_domain_index", "Index of a domain, 0 to 100.", tuple(_indexes(latest.values()))),
        _by("rules_info", "Revision of the rules in force.", "revision", {context.catalog.revision: 1}),
    ]


def loops(troubles: Iterable[Trouble]) -> Gauge:
    """How many loops of the daemon do no work."""
    found = Counter("hang" if trouble.hangs else "fail" for trouble in troubles)
    kinds = {kind: found[kind] for kind in ("fail", "hang")}
    return _by("loops_in_trouble", "Loops of the daemon that do no work.", "kind", kinds)


def render(gauges: Iterable[Gauge]) -> str:
    """Gauges as Prometheus reads them."""
    return "".join(f"{line}\n" for gauge in gauges for line in _lines(gauge))


def _lines(gauge: Gauge) -> Iterator[str]:
    text = gauge.help.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {gauge.name} {text}"
    yield f"# TYPE {gauge.name} gauge"
    for sample in gauge.samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
        yield f"{gauge.name}{{{labels}}} {sample.value!r}" if labels else f"{gauge.name} {sample.value!r}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _one(name: str, text: str, value: float | None) -> Gauge:
    return Gauge(f"entente_{name}", text, () if value is None else (Sample(value, {}),))


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Gauge:
    samples = tuple(Sample(value, {label: key}) for key, value in sorted(values.items()))
    return Gauge(f"entente_{name}", text, samples)


def _indexes(made: Iterable[Assessment]) -> Iterator[Sample]:
    for one in sorted(made, key=lambda one: one.domain):
        for score in (one.deepening, one.friction, one.countermeasure):
            yield Sample(score.index, {"domain": one.domain, "direction": score.direction.value})


def _age(since: datetime | None, at: datetime) -> float | None:
    # A clock that was set back makes no negative age.
    return None if since is None else max((at - since).total_seconds(), 0.0)
