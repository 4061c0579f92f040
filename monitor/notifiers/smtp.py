"""Hands messages to a mail server. The only file that knows smtplib."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress

from monitor.core.model import Message
from monitor.errors import DeliveryError

CONNECT_S = 30.0
# RFC 5321, 4.5.3.2.6: who gives up sooner makes copies of messages that were accepted.
FINAL_REPLY_S = 600.0
GOODBYE_S = 5.0

_AUTHENTICATION_REQUIRED = 530
# smtplib takes an address out of whatever it is given: a line break must not pick another one.
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class SmtpNotifier:
    """Sends each message in a connection and a transaction of its own, so that none blocks another.

    `security` is "starttls" (required, never skipped), "tls" or "none".
    `tls` replaces the system's certificate checks, for tests and private authorities.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        security: str = "starttls",
        username: str = "",
        password: str = "",
        timeout_s: float = CONNECT_S,
        final_reply_s: float = FINAL_REPLY_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.sender = sender
        self.security = security
        self.timeout_s = timeout_s
        self.final_reply_s = final_reply_s
        self._username = username
        self._password = password
        self._tls = tls or ssl.create_default_context()

    def send(self, message: Message) -> None:
        """Send the frozen bytes unchanged; raises DeliveryError.

        Not to be tried again: what the server refuses for good (5xx) in this
        message's own transaction. All else is: the network, and a server that
        does not let us in at all, which the operator can put right.
        """
        if not _ADDRESS.fullmatch(message.recipient):
            raise DeliveryError(f"{message.recipient!r} is no address that SMTP carries", retryable=False)
        if _BARE_LINE_END.search(message.payload):
            # A server may take what follows such a line for a second message.
            raise DeliveryError("the message has line ends that are not CRLF", retryable=False)
        connection = self._connect()
        try:
            self._transmit(connection, message)
        finally:
            _leave(connection)

    def _connect(self) -> smtplib.SMTP:
        """A connection that is secured and authenticated as configured."""
        connection: smtplib.SMTP | None = None
        try:
            connection = self._greet()
            if self.security == "starttls":
                connection.starttls(context=self._tls)
            connection.ehlo_or_helo_if_needed()
            if self._username:
                connection.login(self._username, self._password)
        except (OSError, ValueError) as error:  # smtplib's own errors are OSErrors
            if connection is not None:
                connection.close()
            raise DeliveryError(f"{self._server}: {_in_words(error)}", retryable=True) from error
        return connection

    def _greet(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_s, context=self._tls)
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)

    def _transmit(self, connection: smtplib.SMTP, message: Message) -> None:
        """One transaction: smtplib's sendmail by hand, because it cannot wait longer for the last reply."""
        try:
            self._accepted("MAIL", connection.mail(self.sender, _options(connection, message.payload)))
            self._accepted("RCPT", connection.rcpt(message.recipient))
            if connection.sock is not None:
                connection.sock.settimeout(self.final_reply_s)
            self._accepted("DATA", connection.data(message.payload))
        except smtplib.SMTPDataError as error:
            raise self._refusal("DATA", error.smtp_code, _bytes(error.smtp_error)) from error
        except OSError as error:
            raise DeliveryError(f"{self._server}: {_in_words(error)}", retryable=True) from error

    def _accepted(self, command: str, answer: tuple[int, bytes]) -> None:
        code, text = answer
        if not 200 <= code < 300:
            raise self._refusal(command, code, text)

    def _refusal(self, command: str, code: int, text: bytes) -> DeliveryError:
        is_final = 500 <= code < 600 and code != _AUTHENTICATION_REQUIRED
        detail = f"{self._server} answered {command} with {code} {_one_line(text)}"
        return DeliveryError(detail, retryable=not is_final)

    @property
    def _server(self) -> str:
        return f"{self.host}:{self.port}"


def _options(connection: smtplib.SMTP, payload: bytes) -> list[str]:
    """What a server that knows these extensions wants to hear of the message beforehand."""
    options = [f"SIZE={len(payload)}"] if connection.has_extn("size") else []
    # Without the extension 8-bit text goes all the same: frozen bytes cannot be recoded.
    if not payload.isascii() and connection.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    return options


def _leave(connection: smtplib.SMTP) -> None:
    """Say goodbye; whatever comes of that, the message was accepted or refused before."""
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.settimeout(GOODBYE_S)
            connection.quit()
    connection.close()


def _in_words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_one_line(_bytes(error.smtp_error))}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return _one_line(str(error).encode()) or type(error).__name__


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _one_line(text: bytes) -> str:
    """A server's words on one line of printable characters, not longer than a log line should be."""
    words = " ".join(text.decode("utf-8", "replace").split())
    return "".join(c if c.isprintable() else "?" for c in words)[:300]
