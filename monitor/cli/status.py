"""`monitor status` and `monitor explain`: what is going on, and why."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy import Connection

from monitor import app
from monitor.cli import cli, held, the_config
from monitor.core.assessment import Assessment, Factors
from monitor.core.health import Health, health, reason
from monitor.core.model import Direction, Signal
from monitor.errors import InputError
from monitor.rendering import marks
from monitor.rules.explain import why
from monitor.services.context import Context
from monitor.services.reload import REFUSED, refusal_in
from monitor.storage import assessments, deliveries, digests, entries, feeds, meta, signals
from monitor.storage.engine import reading


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Say how feeds, domains and mail stand, worst first."""
    context = held(ctx, app.open_context(the_config(ctx)))
    with reading(context.engine) as connection:
        found = _status(connection, context)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    kinds = ", ".join(f"{number} {kind}" for kind, number in found["feeds"].items())
    click.echo(f"feeds     {kinds}")
    for feed in found["troubles"]:
        click.echo(f"  {feed['health']:<8} {feed['id']:<28} {feed['reason']}")
    click.echo(f"stored    {found['entries']} entries, {found['signals']} signals")
    mail = ", ".join(f"{number} {state}" for state, number in found["mail"].items()) or "none yet"
    click.echo(f"mail      {mail}")
    if found["oldest_unsent"]:
        click.echo(f"  waiting since {found['oldest_unsent']['since']}: {found['oldest_unsent']['error']}")
    if found["unsubscribed"]:
        click.echo(f"  no more mail for {', '.join(found['unsubscribed'])}: monitor digest resubscribe")
    for domain, row in found["domains"].items():
        click.echo(f"{domain:<18} {row['level']:<9} {row['deepening']:5.1f}  {row['note']}".rstrip())
    click.echo(f"rules     {found['rules']}, {found['indicators']} indicators")
    if found["rules_refused"]:
        click.echo(f"  {found['rules_refused']}")


def _status(connection: Connection, context: Context) -> dict[str, Any]:
    at = app.now()
    states = [state for state in feeds.all_states(connection) if state.feed.enabled]
    healths = {state.feed.id: health(state, at) for state in states}
    oldest = deliveries.oldest_unsent(connection)
    return {
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
        "unsubscribed": [r.id for r in context.config.recipients if meta.wants_no_mail(connection, r.id)],
        "last_digests": {
            r.id: last.composed_at.isoformat()
            for r in context.config.recipients
            if (last := digests.last_digest(connection, r.id))
        },
        "domains": {
            domain: {"level": a.level.label, "deepening": a.deepening.index, "note": a.note}
            for domain, a in sorted(assessments.latest(connection, at).items(), key=_worst_first)
        },
        "rules": context.catalog.revision,
        "rules_refused": refusal.words if (refusal := refusal_in(meta.get(connection, REFUSED))) else "",
        "indicators": len(context.catalog.indicators),
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
