from __future__ import annotations

import logging
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import Message
from monitor.errors import DeliveryError
from monitor.notifiers.file import FileNotifier, file_name


def digest(
    message_id: str = "<digest.1@example.org>", html: str | None = "<p>巡航 &amp; учения</p>"
) -> Message:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = "Digest"
    mail["Date"] = "Mon, 23 Nov 2026 01:00:00 +0300"
    mail.set_content("Plain text: учения\n")
    if html is not None:
        mail.add_alternative(html, subtype="html")
    return Message(
        recipient="watch@example.org", message_id=message_id, subject="Digest", payload=mail.as_bytes()
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_frozen_bytes_and_the_html_stand_side_by_side_under_day_and_id(tmp_path: Path) -> None:
    message = digest()
    FileNotifier(folder=tmp_path / "deep" / "outbox").send(message)
    outbox = tmp_path / "deep" / "outbox"
    # The day is that of UTC: one in the morning in Moscow is the day before.
    stem = "2026-11-22-digest.1@example.org"
    assert names(outbox) == [f"{stem}.eml", f"{stem}.html"]
    assert (outbox / f"{stem}.eml").read_bytes() == message.payload
    assert "<p>巡航 &amp; учения</p>" in (outbox / f"{stem}.html").read_text(encoding="utf-8")


def test_sending_again_replaces_and_adds_nothing(tmp_path: Path) -> None:
    notifier = FileNotifier(folder=tmp_path)
    notifier.send(digest())
    before = names(tmp_path)
    notifier.send(digest())
    assert names(tmp_path) == before


def test_another_id_is_another_file(tmp_path: Path) -> None:
    notifier = FileNotifier(folder=tmp_path)
    notifier.send(digest("<a/b@example.org>"))
    notifier.send(digest("<a_b@example.org>"))
    assert len(names(tmp_path)) == 4


def test_a_message_without_html_or_date_is_one_file(tmp_path: Path) -> None:
    payload = b"Subject: x\r\n\r\n\xff not utf-8\r\n"
    message = Message(recipient="w@example.org", message_id="<x@example.org>", subject="x", payload=payload)
    FileNotifier(folder=tmp_path).send(message)
    assert names(tmp_path) == ["x@example.org.eml"]
    assert (tmp_path / "x@example.org.eml").read_bytes() == payload


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 01:00:00 +0300"])
def test_a_date_that_is_none_costs_the_prefix_only(tmp_path: Path, date: str) -> None:
    payload = f"Date: {date}\r\nSubject: x\r\n\r\nx\r\n".encode()
    message = Message(recipient="w@example.org", message_id="<x@example.org>", subject="x", payload=payload)
    FileNotifier(folder=tmp_path).send(message)
    assert names(tmp_path) == ["x@example.org.eml"]


def test_the_path_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="monitor"):
        FileNotifier(folder=tmp_path).send(digest(html=None))
    assert vars(caplog.records[0])["path"] == str(tmp_path / "2026-11-22-digest.1@example.org.eml")


def test_a_folder_that_cannot_be_written_is_told_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file in the way")
    with pytest.raises(DeliveryError, match="outbox cannot be written: ") as caught:
        FileNotifier(folder=tmp_path / "outbox").send(digest())
    assert caught.value.retryable


def test_a_failed_write_leaves_no_remnant(tmp_path: Path) -> None:
    (tmp_path / "2026-11-22-digest.1@example.org.eml").mkdir()
    with pytest.raises(DeliveryError):
        FileNotifier(folder=tmp_path).send(digest(html=None))
    assert names(tmp_path) == ["2026-11-22-digest.1@example.org.eml"]


@pytest.mark.parametrize(
    "message_id", ["<../../etc/passwd>", "</etc/passwd>", "<..>", "<>", "<.x@y>", "<a\0b>"]
)
def test_no_id_leads_out_of_the_folder(message_id: str) -> None:
    name = file_name(message_id)
    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith(".")
    assert name


@settings(deadline=None)
@given(st.sets(st.text(st.characters(exclude_characters="<>", exclude_categories=["Z", "C"]), max_size=300)))
def test_names_are_short_and_distinct(ids: set[str]) -> None:
    names = {file_name(f"<{bare}>") for bare in ids}
    assert len(names) == len(ids)
    assert all(len(name) < 200 for name in names)
