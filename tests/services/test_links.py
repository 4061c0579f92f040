"""Links in mails, from the digest to the act that they grant."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select

from monitor.config.secret import Secret
from monitor.services.alert import alert_due
from monitor.services.assess import assess
from monitor.services.compose import compose_due, compose_now
from monitor.services.context import Context
from monitor.services.tokens import Act, Kind, verify
from monitor.storage import alerts, meta, signals
from monitor.storage.engine import reading, writing
from monitor.storage.schema import deliveries
from tests.core.builders import NOON
from tests.services.test_alerts import BEFORE, entry, record

SECRET = "a secret of the tests, long enough"


@pytest.fixture
def linked(context: Context) -> Context:
    web = replace(
        context.config.web, port=8080, public_url="https://watch.example.org/", secret=Secret(SECRET)
    )
    return replace(context, config=replace(context.config, web=web))


def acts_in(text: str) -> dict[Kind, Act]:
    tokens = re.findall(r"https://watch\.example\.org/a/(\S+)", text)
    found = [verify(token, secret=SECRET.encode(), at=NOON) for token in tokens]
    return {act.kind: act for act in found}


def last_mail(context: Context):  # type: ignore[no-untyped-def]
    with reading(context.engine) as connection:
        payloads = connection.execute(select(deliveries.c.payload).order_by(deliveries.c.id)).scalars().all()
    return message_from_bytes(payloads[-1], policy=default)


def test_a_digest_holds_links_for_a_verdict_and_for_its_end(linked: Context) -> None:
    record(linked, entry(0))
    compose_now(linked, linked.config.recipients[0], NOON)
    mail = last_mail(linked)
    acts = acts_in(mail.get_body(("plain",)).get_content())
    with reading(linked.engine) as connection:
        (signal, *_) = signals.signals_between(connection, NOON - timedelta(days=1), NOON)
    assert acts[Kind.VERDICT] == Act(Kind.VERDICT, "watch", f"{signal.entry_id} defense.patrol")
    assert acts[Kind.UNSUBSCRIBE] == Act(Kind.UNSUBSCRIBE, "watch")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith("<https://watch.example.org/a/")
    assert "true, routine or false?</a>" in mail.get_body(("html",)).get_content()


def test_without_a_public_address_there_is_no_link(context: Context) -> None:
    record(context, entry(0))
    digest = compose_now(context, context.config.recipients[0], NOON)
    assert (digest.unsubscribe_link, digest.developments[0].verdict_link) == ("", "")
    assert last_mail(context)["List-Unsubscribe-Post"] is None


def test_an_urgent_mail_can_be_acknowledged(linked: Context) -> None:
    steep = replace(linked, method=replace(linked.method, thresholds=(0.1, 0.2, 0.3, 99.0)))
    assess(steep, BEFORE)
    record(steep, entry(0))
    assert alert_due(steep, NOON) == 1
    act = acts_in(last_mail(steep).get_body(("plain",)).get_content())[Kind.ACKNOWLEDGE]
    with reading(steep.engine) as connection:
        assert [alert.id for alert in alerts.since(connection, NOON - timedelta(days=1))] == [act.number]


def test_who_ended_the_mails_gets_none_until_taken_back(linked: Context) -> None:
    late = NOON + timedelta(days=2)
    compose_due(linked, NOON)
    with writing(linked.engine) as connection:
        meta.put(connection, f"{meta.UNSUBSCRIBED}watch", NOON.isoformat())
    assert compose_due(linked, late) == []
    steep = replace(linked, method=replace(linked.method, thresholds=(0.1, 0.2, 0.3, 99.0)))
    assess(steep, BEFORE)
    record(steep, entry(0), at=NOON)
    assert alert_due(steep, NOON) == 0
    with writing(linked.engine) as connection:
        assert meta.forget(connection, f"{meta.UNSUBSCRIBED}watch")
    assert len(compose_due(linked, late)) == 1
