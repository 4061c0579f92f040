"""Hands messages to a mail server. The only file that knows smtplib."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress

from monitor.core.model import Message
from monitor.errors import DeliveryError
from monitor.failpoints import failpoint

CONNECT_S = 30.0
# RFC 5321, 4.5.3.2.6: who gives up sooner makes copies of messages that were accepted.
FINAL_REPLY_S = 600.0
GOODBYE_S = 5.0

_AUTHENTICATION_REQUIRED, _UNAVAILABLE, _TOO_LARGE = 530, 421, 552
# smtplib takes an address out of whatever it is given: a line break must not pick another one.
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_DOT_FIRST = re.compile(rb"(?m)^\.")


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

        Not to be tried again: what the server refuses for good (5xx) of this
        recipient or this message. All else is: the network, and a server that
        lets us or our sender in not at all, which the operator can put right and
        which no other message gets past (`for_all`). Without an answer to the
        end of the message its outcome is unknown.
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

    def look(self) -> None:
        """Connect, secure and log in as for a message, and leave; raises DeliveryError."""
        _leave(self._connect())

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
            raise self._unreachable(error) from error
        return connection

    def _greet(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_s, context=self._tls)
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)

    def _transmit(self, connection: smtplib.SMTP, message: Message) -> None:
        """One transaction: smtplib's sendmail by hand, because it cannot tell where an answer got lost."""
        failpoint("mail.connected")
        try:
            self._expect(2, "MAIL", connection.mail(self.sender, _options(connection, message.payload)))
            self._expect(2, "RCPT", connection.rcpt(message.recipient))
            failpoint("mail.rcpt")
            self._expect(3, "DATA", connection.docmd("DATA"))
            if connection.sock is not None:
                connection.sock.settimeout(self.final_reply_s)
            connection.send(_as_data(message.payload))
            failpoint("mail.dot_sent")
        except OSError as error:
            raise self._unreachable(error) from error
        try:
            answer = connection.getreply()
            if answer[0] < 200:
                raise smtplib.SMTPServerDisconnected("no answer that SMTP knows")
        except OSError as error:
            detail = f"{self._server}: {_in_words(error)} after the whole message: it may have arrived"
            raise DeliveryError(detail, retryable=True, unknown=True) from error
        self._expect(2, "DATA", answer)
        failpoint("mail.accepted")

    def _expect(self, hundreds: int, command: str, answer: tuple[int, bytes]) -> None:
        code, text = answer
        if code // 100 == hundreds:
            return
        of_sender = command == "MAIL" and 500 <= code < 600 and code != _TOO_LARGE
        for_all = of_sender or code in (_AUTHENTICATION_REQUIRED, _UNAVAILABLE)
        is_final = 500 <= code < 600 and not for_all
        detail = f"{self._server} answered {command} with {code} {_one_line(text)}"
        raise DeliveryError(detail, retryable=not is_final, for_all=for_all)

    def _unreachable(self, error: Exception) -> DeliveryError:
        return DeliveryError(f"{self._server}: {_in_words(error)}", retryable=True, for_all=True)

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


def _as_data(payload: bytes) -> bytes:
    """A message as it follows DATA (RFC 5321, 4.5.2): no line of it can be taken for its end."""
    end = b"" if payload.endswith(b"\r\n") or not payload else b"\r\n"
    return _DOT_FIRST.sub(b"..", payload) + end + b".\r\n"


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
