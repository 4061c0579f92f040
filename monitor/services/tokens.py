"""Tokens of links in mails: each grants one act of one recipient until it expires, and holds no secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.config.web import SHORTEST_SECRET
from monitor.core.model import require_aware
from monitor.errors import MonitorError

VERSION = 1
LONGEST = 600  # characters; what we sign ourselves is never longer
LONGEST_TEXT = 200  # bytes of a recipient's id, and of a subject
_EXPIRY_BYTES = 5
# RFC 2104, section 5: half the output is what a truncated code should keep at least.
_MAC_BYTES = 16
_HEADER_BYTES = 1 + 1 + _EXPIRY_BYTES + 1  # version, kind, expiry, length of the recipient's id


class Kind(StrEnum):
    """What a link lets its recipient do."""

    VERDICT = "verdict"
    ACKNOWLEDGE = "acknowledge"
    UNSUBSCRIBE = "unsubscribe"


_CODES = {Kind.VERDICT: b"v", Kind.ACKNOWLEDGE: b"a", Kind.UNSUBSCRIBE: b"u"}
_KINDS = {code: kind for kind, code in _CODES.items()}
# Of 18 digits at most, so that every number fits the row ids of both databases.
_NUMBER = "[1-9][0-9]{0,17}"
_SUBJECTS = {
    Kind.VERDICT: re.compile(rf"{_NUMBER} [^\s]+"),
    Kind.ACKNOWLEDGE: re.compile(_NUMBER),
    Kind.UNSUBSCRIBE: re.compile(""),
}


class Refusal(StrEnum):
    """Why a token grants nothing."""

    MALFORMED = "malformed"
    FORGED = "bad signature"
    EXPIRED = "expired"
    REVOKED = "recipient has left"  # said by who knows the recipients; `verify` does not


class TokenError(MonitorError):
    """A token grants nothing; `reason` says why, and the text never holds the token."""

    def __init__(self, reason: Refusal) -> None:
        self.reason = reason
        super().__init__(f"token refused: {reason}")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that one recipient may do.

    `subject` is "ENTRY_ID INDICATOR_ID" for a verdict, the alert's id for an
    acknowledgement, and empty for an unsubscription. Raises ValueError for any other.
    """

    kind: Kind
    recipient_id: str
    subject: str = ""

    def __post_init__(self) -> None:
        if not self.recipient_id or not self.recipient_id.isprintable():
            raise ValueError("recipient_id must be printable and not empty")
        if not _SUBJECTS[self.kind].fullmatch(self.subject) or not self.subject.isprintable():
            raise ValueError(f"{self.subject!r} is no subject of {self.kind}")
        if max(len(self.recipient_id.encode()), len(self.subject.encode())) > LONGEST_TEXT:
            raise ValueError(f"recipient_id and subject are at most {LONGEST_TEXT} bytes long")

    @property
    def number(self) -> int:
        """The id of the entry or of the alert; 0 for an unsubscription."""
        return int(self.subject.partition(" ")[0] or 0)

    @property
    def indicator_id(self) -> str:
        """The indicator of a verdict; "" for any other act."""
        return self.subject.partition(" ")[2]


def sign(act: Act, *, secret: bytes, expires_at: datetime) -> str:
    """A token for an act, of letters, digits, "-" and "_"; valid before `expires_at`, in whole seconds.

    Raises ValueError for a secret that is too short, and for a naive time or one before 1970.
    """
    require_aware(expires_at, "expires_at")
    recipient = act.recipient_id.encode()
    expiry = int(expires_at.timestamp())
    if expiry < 0:
        raise ValueError("expires_at must not lie before 1970")
    header = bytes([VERSION]) + _CODES[act.kind] + expiry.to_bytes(_EXPIRY_BYTES) + bytes([len(recipient)])
    payload = header + recipient + act.subject.encode()
    return _encoded(payload + _mac(payload, secret))


def verify(token: str, *, secret: bytes, at: datetime) -> Act:
    """The act that a token grants at a time; raises TokenError when it grants none."""
    require_aware(at, "at")
    signed = _decoded(token)
    payload, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
    # Nothing of the payload is looked at before it is known to be ours.
    if not hmac.compare_digest(mac, _mac(payload, secret)):
        raise TokenError(Refusal.FORGED)
    act, expiry = _read(payload)
    if at.timestamp() >= expiry:
        raise TokenError(Refusal.EXPIRED)
    return act


def _mac(payload: bytes, secret: bytes) -> bytes:
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"the secret must have at least {SHORTEST_SECRET} bytes")
    # HMAC itself takes a key and the same key with zeros behind it for one; their digests differ.
    # The label keeps codes that the same secret makes for another purpose from being tokens.
    key = hashlib.sha256(b"entente link\0" + secret).digest()
    return hmac.digest(key, payload, "sha256")[:_MAC_BYTES]


def _encoded(signed: bytes) -> str:
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode("ascii")


def _decoded(token: str) -> bytes:
    if len(token) > LONGEST or not token.isascii():
        raise TokenError(Refusal.MALFORMED)
    try:
        signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        raise TokenError(Refusal.MALFORMED) from None
    # The decoder skips foreign characters and ignores spare bits: a token has one spelling only.
    if _encoded(signed) != token or len(signed) < _HEADER_BYTES + _MAC_BYTES:
        raise TokenError(Refusal.MALFORMED)
    return signed


def _read(payload: bytes) -> tuple[Act, int]:
    kind = _KINDS.get(payload[1:2])
    if payload[0] != VERSION or kind is None:
        raise TokenError(Refusal.MALFORMED)
    expiry = int.from_bytes(payload[2 : 2 + _EXPIRY_BYTES])
    end = _HEADER_BYTES + payload[_HEADER_BYTES - 1]
    try:
        act = Act(kind, payload[_HEADER_BYTES:end].decode(), payload[end:].decode())
    except ValueError:
        raise TokenError(Refusal.MALFORMED) from None
    return act, expiry
