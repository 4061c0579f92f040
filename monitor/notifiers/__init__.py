"""Plugin point 2, what hands a message over: a folder of files, or SMTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from monitor.core.model import Message
from monitor.notifiers.file import FileNotifier
from monitor.notifiers.smtp import SmtpNotifier


class Notifier(Protocol):
    """Something that hands one message over at a time."""

    def send(self, message: Message) -> None:
        """Hand the message over, or raise DeliveryError that says whether to try again."""


NOTIFIERS: Mapping[str, Callable[..., Notifier]] = {"file": FileNotifier, "smtp": SmtpNotifier}


def open_notifier(name: str, options: Mapping[str, Any]) -> Notifier:
    """Build the notifier of a name with its options, as the configuration has them; nothing is sent yet."""
    return NOTIFIERS[name](**options)
