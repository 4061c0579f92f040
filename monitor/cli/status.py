"""`monitor status` and `monitor explain`: what is going on, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import click
from sqlalchemy import Connection

from monitor import app
from monitor.cli import cli, held, the_config
from monitor.cli.status_text import status_text
from monitor.core.assessment import Assessment, Factors
from monitor.core.health import Health, health, reason
from monitor.core.model import Direction, Signal
from monitor.errors import InputError
from monitor.rendering import marks
from monitor.rules.explain import why
from monitor.services.backup import last_backup
from monitor.services.clock import clock_in
from monitor.services.context import Context
from monitor.services.deliver import REFUSED_LATELY
from monitor.services.doctor import service
from monitor.services.findings import Finding, Grade, fail, warn
from monitor.services.heartbeat import last_heartbeat
from monitor.services.holding_back import held_back
from monitor.services.reload import REFUSED, refusal_in
from monitor.storage import assessments, deliveries, digests, entries, feeds, meta, signals
from monitor.storage.engine import reading
from monitor.storage.lock import holder


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Say what needs somebody and what to do about it, worst first, then how all stands."""
    context = held(ctx, app.open_context(the_config(ctx)))
    with reading(context.engine) as connection:
        found = _status(connection, context)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for line in status_text(found):
        click.echo(line)


def _status(connection: Connection, context: Context) -> dict[str, Any]:
    at = app.now()
    states = [state for state in feeds.all_states(connection) if state.feed.enabled]
    healths = {state.feed.id: health(state, at) for state in states}
    oldest = deliveries.oldest_unsent(connection)
    backup = last_backup(context)
    sent_at = last_heartbeat(connection).sent_at
    return {
        "at": at.isoformat(),
        "findings": [_row(one) for one in sorted(_findings(connection, context), key=_grade)],
        "daemon": holder(context.engine),
        "clock": clock.words if (clock := clock_in(connection)) else "",
        "feeds": {kind.value: number for kind in Health if (number := Counter(healths.values())[kind])},
        "troubles": [
            {"id": s.feed.id, "health": healths[s.feed.id].value, "reason": reason(s, at)}
            for s in sorted(states, key=lambda s: (healths[s.feed.id], s.feed.id))
            if healths[s.feed.id] in (Health.DOWN, Health.FROZEN)
        ],
        "entries": entries.count(connection),
        "signals": signals.count(connection),
        "mail": deliveries.counts(connection),
        "oldest_unsent": {"since": oldest[0].isoformat(), "error": oldest[1]} if oldest else None,
        "mail_refused": [
            {
                "recipient": one.recipient,
                "subject": one.subject,
                "written": one.created_at.isoformat(),
                "error": one.error,
            }
            for one in deliveries.refused_since(connection, at - REFUSED_LATELY)
        ],
        "mail_held_back": held_back(connection).words,
        "unsubscribed": [r.id for r in context.config.recipients if meta.wants_no_mail(connection, r.id)],
        "last_digests": {
            r.id: last.composed_at.isoformat()
            for r in context.config.recipients
            if (last := digests.last_digest(connection, r.id, at))
        },
        "backup": {"at": backup.at.isoformat(), "size": backup.size} if backup else None,
        "heartbeat": sent_at.isoformat() if sent_at else "",
        "domains": {
            domain: {"level": a.level.label, "deepening": a.deepening.index, "note": a.note}
            for domain, a in sorted(assessments.latest(connection, at).items(), key=_worst_first)
        },
        "rules": context.catalog.revision,
        "rules_refused": refusal.words if (refusal := refusal_in(meta.get(connection, REFUSED))) else "",
        "indicators": len(context.catalog.indicators),
    }


def _findings(connection: Connection, context: Context) -> Iterator[Finding]:
    if not holder(context.engine):
        yield fail("daemon", "none runs on this database", "start it: systemctl start entente")
    for finding in service(connection, context.config, app.now()):
        if finding.name == "feeds":
            # The feeds themselves are listed below it.
            finding = replace(finding, words=finding.words.partition(":")[0])
        if finding.grade is not Grade.OK:
            yield finding
    if refusal := refusal_in(meta.get(connection, REFUSED)):
        yield warn("rules", refusal.words, "mend the edit: `monitor rules check` shows every problem")
    clock = clock_in(connection)
    if clock and not clock.is_believed:
        yield fail("clock", clock.words, "set it right, or say `monitor trust-clock` if it is")
    if held := held_back(connection).words:
        yield fail("mail server", held, "mend what it complains of; everything is sent then")


def _grade(finding: Finding) -> int:
    return -finding.grade


def _row(finding: Finding) -> dict[str, str]:
    return {
        "grade": finding.grade.name,
        "name": finding.name,
        "words": finding.words,
        "fix": finding.fix,
    }


def _worst_first(item: tuple[str, Assessment]) -> tuple[int, float]:
    return -item[1].level, -item[1].deepening.index


@cli.command()
@click.argument("entry", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def explain(ctx: click.Context, entry: int, as_json: bool) -> None:
    """Explain ENTRY (the number that a digest gives): its signals, and every factor of their points."""
    context = held(ctx, app.open_context(the_config(ctx)))
    with reading(context.engine) as connection:
        stored = entries.get_entry(connection, entry)
        if stored is None:
            raise InputError(f"no entry {entry}: a digest gives the number after `monitor explain`")
        found = signals.signals_of_entry(connection, entry)
        latest = assessments.latest(connection, app.now())
    parts = [(signal, _factors(latest.get(signal.domain), signal)) for signal in found]
    if as_json:
        rows = [{"signal": asdict(s), "factors": f and asdict(f)} for s, f in parts]
        document = {"entry": asdict(stored), "signals": rows}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1, default=str))
        return
    click.echo(
        f"entry {stored.id}, {stored.entry.feed_id}, revision {stored.revision}, "
        f"{stored.effective_at:%Y-%m-%d %H:%M}Z"
    )
    click.echo(f"  {stored.entry.title}\n  {stored.entry.link}")
    for signal, factors in parts:
        _print_signal(context, signal, factors)
    if not found:
        _print_misses(context, stored.entry.title, stored.entry.summary)


def _factors(assessment: Assessment | None, signal: Signal) -> Factors | None:
    if assessment is None:
        return None
    score = {
        Direction.DEEPENING: assessment.deepening,
        Direction.FRICTION: assessment.friction,
        Direction.COUNTERMEASURE: assessment.countermeasure,
    }[signal.direction]
    return next((f for f in score.stories if signal.id in f.signal_ids), None)


def _print_signal(context: Context, signal: Signal, factors: Factors | None) -> None:
    indicator = context.catalog.indicators.get(signal.indicator_id)
    click.echo(
        f"\nsignal {signal.id}: {signal.indicator_id} v{signal.rule_version}, "
        f"{signal.domain}, {signal.direction}"
    )
    if indicator:
        click.echo(f"  {indicator.title}\n  rule: {' '.join(indicator.query_text.split())}")
    for field, text in (("title", signal.title), ("summary", signal.summary)):
        shown = marks.starred(text, signal.spans, field)
        if "*" in shown:
            click.echo(f"  {field}: {shown}")
    click.echo(
        f"  source: {signal.feed_title}, grade {signal.reliability}, family {signal.family}"
        + (f", party to it ({signal.party})" if signal.party else "")
    )
    if signal.review:
        click.echo(f"  marked {signal.review.verdict} {signal.review.at:%Y-%m-%d %H:%M}Z")
    if factors is None:
        click.echo("  no points: not assessed yet, too old to weigh anything, or marked false")
        return
    click.echo(
        f"  value = weight {factors.weight:g} x strength {factors.strength:.2f} "
        f"({signal.place}, {signal.modality}) x credibility {factors.credibility:.2f} "
        f"x recency {factors.recency:.2f}{_review(signal, factors)} = {factors.value:.2f}\n"
        f"  story of {len(factors.signal_ids)} signal(s) {list(factors.signal_ids)}: "
        f"{factors.points:.2f} points of the {signal.domain} {signal.direction} index"
    )


def _review(signal: Signal, factors: Factors) -> str:
    return f" x review {factors.review:.2f}" if signal.review or factors.review != 1 else ""


def _print_misses(context: Context, title: str, summary: str) -> None:
    click.echo("\nno signal. The rules that came nearest, and what they missed:")
    for explanation in why(context.rules, title, summary)[:5]:
        hit = {name: words for name, words in explanation.lists.items() if words}
        if hit:
            words = "; ".join(f"@{name}: {', '.join(found)}" for name, found in hit.items())
            click.echo(f"  {explanation.indicator_id}: missing {explanation.missing}   (found {words})")
