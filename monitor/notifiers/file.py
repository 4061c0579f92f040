"""Writes messages into a folder: the frozen bytes as .eml, and their HTML beside them to look at."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
from contextlib import suppress
from datetime import UTC
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from monitor.core.model import Message
from monitor.errors import DeliveryError

log = logging.getLogger(__name__)

_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]")
_LONGEST_NAME = 150


class FileNotifier:
    """Keeps every message as a file named after its Message-ID, so that a repeat replaces itself."""

    def __init__(self, *, folder: Path) -> None:
        self.folder = folder

    def send(self, message: Message) -> None:
        """Write the message; raises DeliveryError (to be tried again) when the folder cannot be written."""
        parsed = BytesParser(EmailMessage, policy=default).parsebytes(message.payload)
        name = _day(parsed) + file_name(message.message_id)
        path = self.folder / f"{name}.eml"
        html = _html_part(parsed)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if html is not None:
                _replace(self.folder / f"{name}.html", html)
            _replace(path, message.payload)
        except OSError as error:
            detail = f"{self.folder} cannot be written: {error.strerror or error}"
            raise DeliveryError(detail, retryable=True, for_all=True) from error
        log.info("message written", extra={"path": str(path), "message_id": message.message_id})


def file_name(message_id: str) -> str:
    """A file name without suffix for a Message-ID; different ids never share one."""
    bare = message_id.strip().removeprefix("<").removesuffix(">")
    safe = _UNSAFE.sub("_", bare).lstrip(".")[:_LONGEST_NAME]
    if safe and safe == bare:
        return safe
    return f"{safe}-{hashlib.sha256(bare.encode()).hexdigest()[:16]}"


def _day(parsed: EmailMessage) -> str:
    """The day of the Date header and a dash, so that a folder sorts by day; nothing without a date."""
    sent_at = getattr(parsed["Date"], "datetime", None)
    return f"{sent_at.astimezone(UTC):%Y-%m-%d}-" if sent_at else ""


def _html_part(parsed: EmailMessage) -> bytes | None:
    part = parsed.get_body(("html",))
    html = part.get_payload(decode=True) if part is not None else None
    return html if isinstance(html, bytes) else None


def _replace(path: Path, content: bytes) -> None:
    """Put a file in place whole: a reader, or a crash, never meets half of one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
