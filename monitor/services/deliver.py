"""Deliver: claim a message, send it with no transaction open, settle what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from monitor.core.cadence import records_of
from monitor.core.model import Delivery
from monitor.errors import DeliveryError
from monitor.failpoints import failpoint
from monitor.notifiers import Notifier
from monitor.services.context import Context
from monitor.services.holding_back import (
    LONGEST_WAIT,
    HeldBack,
    failed_for_all,
    held_back,
    refused,
    remember,
    retry_wait,
)
from monitor.storage import deliveries, meta, signals
from monitor.storage.engine import writing

log = logging.getLogger(__name__)

REFUSED_LATELY = timedelta(days=7)
NO_SUCH_ADDRESS = "no recipient has this address any more"
# A server that took a message and whose answer got lost may still be at it.
UNKNOWN_WAITS, UNKNOWN_WAITS_AT_MOST = timedelta(minutes=10), timedelta(minutes=110)
UNKNOWN_TRIES = 6  # over four hours


class Result(StrEnum):
    SENT = "sent"
    RETRY = "retry"
    UNKNOWN = "unknown"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TAKEN = "taken over"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    recipient: str
    subject: str
    result: Result
    detail: str = ""


def deliver_all(
    context: Context,
    notifier: Notifier,
    *,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    claimant: str,
    stopping: Callable[[], bool] = lambda: False,
) -> list[DeliveryReport]:
    """Send every message that is due; a refused recipient does not stop the others.

    A server that takes nothing from anybody does: then mail is held back.
    """
    reports = []
    while not stopping():
        report = deliver_next(context, notifier, now=now, jitter=jitter, claimant=claimant)
        if report is None:
            break
        reports.append(report)
    return reports


def deliver_next(
    context: Context,
    notifier: Notifier,
    *,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    claimant: str,
) -> DeliveryReport | None:
    """Send one message, None when none is due or mail is held back.

    A crash between sending and settling sends the same bytes again under the
    same Message-ID, which mail systems can fold; nothing is lost.
    """
    with writing(context.engine) as connection:
        if held_back(connection).is_in_force(now()):
            return None
        delivery = deliveries.claim_next(connection, now(), by=claimant)
        if delivery is None:
            return None
        if reason := _unwanted(connection, context, delivery):
            deliveries.settle_cancelled(connection, delivery, reason=reason)
            if delivery.digest_id is not None and reason == NO_SUCH_ADDRESS:
                # To another address of the same recipient, the next digest tells what this one did not.
                signals.unstamp(connection, delivery.digest_id)
            return _report(delivery, Result.CANCELLED, reason)
    with writing(context.engine) as connection:
        # We may have been stopped since; this is also where a daemon that was replaced ends.
        if not deliveries.is_held(connection, delivery):
            return _report(delivery, Result.TAKEN)
    failpoint("mail.claimed")
    error = None
    try:
        notifier.send(delivery.message)
    except DeliveryError as caught:
        error = caught
    failpoint("mail.before_mark")
    with writing(context.engine) as connection:
        result = _settle(connection, context, delivery, error, now(), jitter())
    failpoint("mail.after_mark")
    return _report(delivery, result, str(error or ""))


def try_again(context: Context, at: datetime) -> int:
    """Let the messages wait again that were refused for good in the last week; how many they are.

    They leave as the same bytes under the same Message-ID; those to an address
    that is configured no more are cancelled then, and the next digest tells what they told.
    """
    with writing(context.engine) as connection:
        again = deliveries.refused_since(connection, at - REFUSED_LATELY)
        deliveries.put_back(connection, [one.id for one in again], next_attempt_at=at)
    return len(again)


def _settle(
    connection: Connection,
    context: Context,
    delivery: Delivery,
    error: DeliveryError | None,
    at: datetime,
    jitter: float,
) -> Result:
    before = held_back(connection)
    if error is None:
        is_ours, result, after = (
            deliveries.settle_sent(connection, delivery.id, at=at),
            Result.SENT,
            HeldBack(),
        )
    elif error.for_all:
        after = failed_for_all(before, str(error), at, jitter)
        # When the server is asked next, this one may be the first again.
        wait = retry_wait(after.failures, jitter)
        is_ours, result = _put_off(connection, delivery, error, at + wait), Result.RETRY
    elif error.unknown and delivery.was_unknown and delivery.attempts >= UNKNOWN_TRIES:
        # Most likely each of them arrived; a person is told, and can let it try again.
        words = f"given up after {delivery.attempts} tries: {error}"
        is_ours = deliveries.settle_failed(connection, delivery, error=words)
        result, after = Result.FAILED, HeldBack(refused=before.refused)
    elif error.retryable:
        wait = retry_wait(delivery.attempts, jitter)
        if error.unknown:
            # Longer each time: a server whose answer is lost for good delivers a copy at each.
            again = UNKNOWN_WAITS * (1 << min(delivery.attempts - 1, 4))
            wait = max(wait, min(again, UNKNOWN_WAITS_AT_MOST))
        is_ours = _put_off(connection, delivery, error, at + wait)
        result = Result.UNKNOWN if error.unknown else Result.RETRY
        after = HeldBack(refused=before.refused)
    else:
        is_ours = deliveries.settle_failed(connection, delivery, error=str(error))
        result, after = _refused(connection, context, delivery, before, error, at, jitter)
    if after != before:
        remember(connection, after)
    return result if is_ours else Result.TAKEN


def _put_off(connection: Connection, delivery: Delivery, error: DeliveryError, until: datetime) -> bool:
    state = "unknown" if error.unknown else "pending"
    return deliveries.settle_retry(connection, delivery, next_attempt_at=until, error=str(error), state=state)


def _refused(
    connection: Connection,
    context: Context,
    delivery: Delivery,
    before: HeldBack,
    error: DeliveryError,
    at: datetime,
    jitter: float,
) -> tuple[Result, HeldBack]:
    """Nobody else suffers from one refusal; but where everybody is refused, no mail is given up."""
    recipients = len(context.config.recipients)
    after, is_everybody = refused(before, delivery.id, delivery.message.recipient, recipients)
    if not is_everybody:
        return Result.FAILED, after
    if recipients == 1 and delivery.attempts > 1 and deliveries.is_overtaken(connection, delivery):
        # A lone recipient is everybody: what came after was taken, so that it is this message.
        return Result.FAILED, before
    reason = f"{len(after.refused)} messages in a row were refused, the last with: {error}"
    after = failed_for_all(after, reason, at, jitter)
    # After all others, so that each of these can show that the server takes mail again.
    later = at + retry_wait(after.failures, jitter) + LONGEST_WAIT
    deliveries.put_back(connection, [number for number, _ in after.refused], next_attempt_at=later)
    return Result.RETRY, after


def _unwanted(connection: Connection, context: Context, delivery: Delivery) -> str:
    """Why a message that was composed earlier must not leave any more, "" when it may."""
    owner, address = deliveries.owner_of(connection, delivery), delivery.message.recipient
    readers = [
        recipient
        for recipient in context.config.recipients
        if recipient.address == address and (not owner or owner in records_of(recipient.id))
    ]
    if not readers:
        return NO_SUCH_ADDRESS
    if all(meta.wants_no_mail(connection, reader.id) for reader in readers):
        return "the recipient wants no more mail"
    return ""


def _report(delivery: Delivery, result: Result, detail: str = "") -> DeliveryReport:
    message = delivery.message
    if result is not Result.SENT:
        extra = {"recipient": message.recipient, "message_id": message.message_id, "reason": detail}
        log.warning("mail not sent: %s", result.value, extra=extra)
    return DeliveryReport(recipient=message.recipient, subject=message.subject, result=result, detail=detail)
