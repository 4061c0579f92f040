"""Links in mails: each lets its reader do one thing, and only after a button was pressed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from monitor.core.digest import Development, Digest, Reading
from monitor.services.context import Context
from monitor.services.tokens import Act, Kind, sign

Told = TypeVar("Told", Development, Reading)


def with_links(context: Context, digest: Digest, alert_id: int | None = None) -> Digest:
    """The digest with its links; as it is where the configuration names no public address."""
    if not context.config.web.public_url:
        return digest
    reader, at = digest.recipient_id, digest.composed_at
    developments = tuple(_with_verdicts(context, reader, one, at) for one in digest.developments)
    acknowledge = _link(context, Act(Kind.ACKNOWLEDGE, reader, str(alert_id)), at) if alert_id else ""
    return replace(
        digest,
        developments=developments,
        unsubscribe_link=_link(context, Act(Kind.UNSUBSCRIBE, reader), at),
        acknowledge_link=acknowledge,
    )


def _with_verdict(context: Context, reader: str, one: Told, at: datetime) -> Told:
    # A composite has no signal of its own to speak of; its parts have.
    if one.indicator_id in context.catalog.composites:
        return one
    act = Act(Kind.VERDICT, reader, f"{one.explain_id} {one.indicator_id}")
    return replace(one, verdict_link=_link(context, act, at))


def _with_verdicts(context: Context, reader: str, one: Development, at: datetime) -> Development:
    readings = tuple(_with_verdict(context, reader, reading, at) for reading in one.readings)
    return replace(_with_verdict(context, reader, one, at), readings=readings)


def _link(context: Context, act: Act, at: datetime) -> str:
    web = context.config.web
    token = sign(act, secret=web.secret.get().encode(), expires_at=at + web.link_lifetime)
    return f"{web.public_url.rstrip('/')}/a/{token}"
