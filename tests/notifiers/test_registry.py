from __future__ import annotations

from pathlib import Path

import pytest

from monitor.notifiers import NOTIFIERS, Notifier, open_notifier
from monitor.notifiers.file import FileNotifier
from monitor.notifiers.smtp import SmtpNotifier


def test_a_notifier_is_opened_by_its_name() -> None:
    to_files: Notifier = open_notifier("file", {"folder": Path("outbox")})
    to_server: Notifier = open_notifier("smtp", {"host": "mail.test", "port": 25, "sender": "w@example.org"})
    assert isinstance(to_files, FileNotifier)
    assert isinstance(to_server, SmtpNotifier)
    assert set(NOTIFIERS) == {"file", "smtp"}


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError):
        open_notifier("file", {"folders": Path("outbox")})
