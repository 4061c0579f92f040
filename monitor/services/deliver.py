"""Deliver: claim a message, send it with no transaction open, settle what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.errors import DeliveryError
from monitor.notifiers import Notifier
from monitor.services.context import Context
from monitor.storage import deliveries
from monitor.storage.engine import writing

FIRST_RETRY = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=30)


class Result(StrEnum):
    SENT = "sent"
    RETRY = "retry"
    FAILED = "failed"


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
    """Send every message that is due; a refused recipient does not stop the others."""
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
    """Send one message, None when none is due.

    A crash between sending and settling sends the same bytes again under the
    same Message-ID, which mail systems can fold; nothing is lost.
    """
    with writing(context.engine) as connection:
        delivery = deliveries.claim_next(connection, now(), by=claimant)
    if delivery is None:
        return None

    result, detail = Result.SENT, ""
    try:
        notifier.send(delivery.message)
    except DeliveryError as error:
        result = Result.RETRY if error.retryable else Result.FAILED
        detail = str(error)

    with writing(context.engine) as connection:
        if result is Result.SENT:
            deliveries.settle_sent(connection, delivery.id, at=now())
        elif result is Result.RETRY:
            wait = retry_wait(delivery.attempts, jitter())
            deliveries.settle_retry(connection, delivery.id, next_attempt_at=now() + wait, error=detail)
        else:
            deliveries.settle_failed(connection, delivery.id, error=detail)
    message = delivery.message
    return DeliveryReport(recipient=message.recipient, subject=message.subject, result=result, detail=detail)


def retry_wait(attempts: int, jitter: float) -> timedelta:
    """Back-off before the next attempt: 30 s doubled up to 30 min, 50 to 100 % of it by jitter (0 to 1)."""
    wait = min(FIRST_RETRY * (1 << min(max(attempts - 1, 0), 12)), LONGEST_WAIT)
    return wait * (0.5 + 0.5 * jitter)
