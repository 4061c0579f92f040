"""What a link is about, and doing what it grants: the database's part of the door."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from monitor.core.model import Signal
from monitor.services.context import Context
from monitor.services.tokens import Act, Kind
from monitor.storage import alerts, meta, signals, verdicts
from monitor.storage.schema import alerts as alert_rows
from monitor.web.forms import Answer
from monitor.web.pages import About


def is_granted(context: Context, act: Act) -> bool:
    """Whether the recipient may still act: who left the configuration may only unsubscribe."""
    return act.kind is Kind.UNSUBSCRIBE or act.recipient_id in {r.id for r in context.config.recipients}


def describe(connection: Connection, context: Context, act: Act) -> About | None:
    """What a link is about, None when that is gone. Only reads."""
    if act.kind is Kind.VERDICT:
        return _verdict(connection, context, act)
    if act.kind is Kind.ACKNOWLEDGE:
        return _alert(connection, act)
    return About(title=act.recipient_id, standing=meta.get(connection, meta.UNSUBSCRIBED + act.recipient_id))


def carry_out(
    connection: Connection, context: Context, act: Act, answer: Answer, *, at: datetime
) -> About | None:
    """Do what a link grants, and tell what it was about; None when that is gone.

    Doing the same again changes nothing but the time of an unsubscription.
    """
    about = describe(connection, context, act)
    if about is None:
        return None
    if act.kind is Kind.VERDICT:
        _give(connection, act, answer, at)
    elif act.kind is Kind.ACKNOWLEDGE:
        if about.standing != act.recipient_id:
            alerts.acknowledge(connection, act.number, by=act.recipient_id, at=at)
    else:
        meta.put(connection, meta.UNSUBSCRIBED + act.recipient_id, at.isoformat())
    return about


def _verdict(connection: Connection, context: Context, act: Act) -> About | None:
    signal = _signal(connection, act)
    if signal is None:
        return None
    said = signal.review
    return About(
        title=context.labels.indicators.get(signal.indicator_id, signal.indicator_id),
        quote=signal.title,
        language=signal.language,
        origin=f"{signal.feed_title}, {_stamp(signal.effective_at)}",
        standing=f"{said.verdict}, {_stamp(said.at)}" if said else "",
    )


def _alert(connection: Connection, act: Act) -> About | None:
    row = connection.execute(select(alert_rows).where(alert_rows.c.id == act.number)).one_or_none()
    if row is None:
        return None
    return About(title=row.title, origin=_stamp(row.found_at), standing=row.acknowledged_by)


def _signal(connection: Connection, act: Act) -> Signal | None:
    # An entry has at most one signal of an indicator; the table says so.
    found = signals.signals_of_entry(connection, act.number)
    return next((signal for signal in found if signal.indicator_id == act.indicator_id), None)


def _give(connection: Connection, act: Act, answer: Answer, at: datetime) -> None:
    signal = _signal(connection, act)
    if signal is None or answer.verdict is None:
        return
    said = (answer.verdict.value, act.recipient_id, answer.note)
    if said != _last_said(connection, act):
        verdicts.give(connection, signal, answer.verdict, by=act.recipient_id, note=answer.note, at=at)


def _last_said(connection: Connection, act: Act) -> tuple[str, str, str] | None:
    found = verdicts.latest().c
    query = select(found.verdict, found.given_by, found.note).where(
        found.entry_id == act.number, found.indicator_id == act.indicator_id
    )
    row = connection.execute(query).one_or_none()
    return (row.verdict, row.given_by, row.note) if row else None


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"
