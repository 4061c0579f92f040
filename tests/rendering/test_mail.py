from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from monitor.core.digest import Digest
from monitor.core.model import Message
from monitor.rendering import Sender, render, render_html, render_text, subject
from tests.rendering.digests import DOT, DUE, LINES, a_digest, a_drawn_digest, a_full_digest, a_quiet_digest

SENDER = Sender(name="Entente", address="entente@example.org")
MESSAGE_ID = "<digest.0123@example.org>"
ROOT_ID = "<2026-W48.watch@example.org>"


def rendered(digest: Digest | None = None, **given: Any) -> Message:
    values: dict[str, Any] = {"sender": SENDER, "message_id": MESSAGE_ID, "root_id": ROOT_ID}
    return render(digest or a_digest(), **(values | given))


def opened(message: Message) -> EmailMessage:
    mail = message_from_bytes(message.payload, policy=SMTP)
    assert isinstance(mail, EmailMessage)
    return mail


def test_text_first_and_html_last_both_whole() -> None:
    mail = opened(rendered())
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().replace("\r\n", "\n") == render_text(a_digest())
    assert html.get_content().replace("\r\n", "\n") == render_html(a_digest())


def test_parts_are_in_base64() -> None:
    assert [part["Content-Transfer-Encoding"] for part in opened(rendered()).iter_parts()] == ["base64"] * 2


def test_headers() -> None:
    mail = opened(rendered())
    assert mail["From"] == "Entente <entente@example.org>"
    assert mail["To"] == "Watch officer <watch@example.org>"
    assert mail["Subject"] == subject(a_digest())
    assert mail["Message-ID"] == MESSAGE_ID
    assert mail["In-Reply-To"] == ROOT_ID
    assert mail["References"] == ROOT_ID
    assert mail["List-Id"] == "<digests.example.org>"
    assert mail["List-Unsubscribe"] == "<mailto:entente@example.org?subject=unsubscribe%20watch>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert set(mail.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id"),
        *("List-Unsubscribe", "Auto-Submitted", "MIME-Version", "Content-Type"),
    }


def test_the_date_is_when_it_was_composed() -> None:
    mail = opened(rendered(a_digest(composed_at=DUE + timedelta(hours=2))))
    assert mail["Date"].datetime == datetime(2026, 11, 23, 7, tzinfo=UTC)


def test_without_a_root_nothing_is_answered() -> None:
    mail = opened(rendered(root_id=""))
    assert mail["In-Reply-To"] is None
    assert mail["References"] is None


def test_what_storage_and_notifiers_need() -> None:
    message = rendered()
    assert (message.recipient, message.message_id) == ("watch@example.org", MESSAGE_ID)
    assert message.subject == subject(a_digest())


def test_the_same_digest_gives_the_same_bytes() -> None:
    assert rendered().payload == rendered().payload
    assert rendered(message_id="<other@example.org>").payload != rendered().payload


@pytest.mark.parametrize("digest", [a_digest(), a_full_digest(), a_quiet_digest()])
def test_lines_end_in_crlf_and_fit_into_998_octets(digest: Digest) -> None:
    payload = rendered(digest).payload
    assert payload.replace(b"\r\n", b"").count(b"\n") == 0
    assert payload.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(map(len, payload.split(b"\r\n"))) <= 998
    assert payload.isascii()


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"])
@pytest.mark.parametrize("tail", ["Bcc: other@example.org", ""])
def test_a_name_cannot_end_its_header(end: str, tail: str) -> None:
    name = f"Watch{end}{tail}"
    mail = opened(rendered(a_digest(name=name), sender=Sender(name=name, address="entente@example.org")))
    assert mail["Bcc"] is None
    assert [one.addr_spec for one in mail["To"].addresses] == ["watch@example.org"]
    assert [one.addr_spec for one in mail["From"].addresses] == ["entente@example.org"]
    assert mail["To"].addresses[0].display_name.startswith("Watch")


@pytest.mark.parametrize("name", ["", "Дежурный офицер", "值班员", 'Quote " and, comma <x@y>'])
def test_names_survive_their_header(name: str) -> None:
    mail = opened(rendered(a_digest(name=name)))
    assert mail["To"].addresses[0].display_name == name
    assert mail["To"].addresses[0].addr_spec == "watch@example.org"


def test_an_id_longer_than_a_line_stays_an_id() -> None:
    long = f"<2026-W48.{'watch' * 9}@{'department.' * 5}example.org>"
    sender = Sender(name="Entente", address=f"entente@{'department.' * 8}example.org")
    payload = rendered(root_id=long, message_id=long, sender=sender).payload
    for header in ("Message-ID", "In-Reply-To", "References"):
        assert f"\r\n{header}: {long}\r\n".encode() in payload
    assert f"\r\nList-Id: <digests.{'department.' * 8}example.org>\r\n".encode() in payload


def test_a_subject_in_ascii_is_not_folded() -> None:
    assert f"\r\nSubject: {subject(a_digest())}\r\n".encode() in rendered().payload


def test_a_subject_in_another_script_is_encoded() -> None:
    digest = a_digest(lines=(replace(LINES[0], title="Оборона и безопасность " * 3), *LINES[1:]))
    message = rendered(digest)
    assert opened(message)["Subject"] == subject(digest)
    assert message.payload.isascii()


def test_an_id_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        rendered(root_id="<a@example.org>\r\nBcc: other@example.org")


def test_the_boundary_stands_in_no_part() -> None:
    message = rendered()
    boundary = opened(message).get_boundary()
    assert boundary is not None
    assert message.payload.count(boundary.encode()) == 4


def test_pictures_stand_beside_the_html_that_names_them() -> None:
    mail = opened(rendered(a_drawn_digest()))
    text, related = mail.iter_parts()
    assert (text.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    html, *pictures = related.iter_parts()
    assert html.get_content_type() == "text/html"
    assert len(pictures) == 5
    for picture in pictures:
        assert picture.get_content_type() == "image/png"
        assert picture.get_content_disposition() == "inline"
        assert picture.get_content() == base64.b64decode(DOT)
        assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html.get_content()


def test_a_mail_with_pictures_has_the_same_bytes_again() -> None:
    assert rendered(a_drawn_digest()).payload == rendered(a_drawn_digest()).payload


def test_a_trend_without_pictures_makes_no_related_part() -> None:
    mail = opened(rendered(a_drawn_digest(trends=())))
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
