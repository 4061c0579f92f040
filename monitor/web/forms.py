"""What a form says: the fields of a posted body, and the act's answer in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import compat32
from itertools import islice
from urllib.parse import parse_qsl

from monitor.core.review import Verdict
from monitor.errors import InputError
from monitor.services.tokens import Kind

LONGEST_NOTE = 500
MOST_FIELDS = 20
CHOICE, NOTE = "do", "note"
# RFC 8058, section 3.1: what a mail program posts for its user, and all that it posts.
ONE_CLICK = ("List-Unsubscribe", "One-Click")


class FormError(InputError):
    """A posted body is no answer to the form; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody chose on a form; `verdict` is there when the form asked for one."""

    verdict: Verdict | None = None
    note: str = ""


def fields_in(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of a posted body, URL-encoded or multipart, the first of each name.

    A body without a usable type is read as URL-encoded. Raises FormError.
    """
    if content_type.lower().startswith("multipart/form-data"):
        pairs = _multipart(body, content_type)
    else:
        try:
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
            )
        except ValueError:
            raise FormError("the form cannot be read") from None
    return dict(reversed(pairs))


def _multipart(body: bytes, content_type: str) -> list[tuple[str, str]]:
    header = content_type.encode("ascii", "replace")
    document = BytesParser(policy=compat32).parsebytes(b"Content-Type: " + header + b"\r\n\r\n" + body)
    pairs = []
    for part in islice(document.walk(), MOST_FIELDS + 1):
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            pairs.append((name, content.decode("utf-8", "replace").rstrip("\r\n")))
    return pairs


def answer_in(fields: Mapping[str, str], kind: Kind) -> Answer:
    """The answer to the form of one kind of act; raises FormError when the fields hold none.

    Each form names its own act, so that a body meant for another one does nothing.
    """
    choice = fields.get(CHOICE, "")
    if kind is Kind.VERDICT:
        if choice not in list(Verdict):
            raise FormError("choose one of " + ", ".join(Verdict))
        return Answer(verdict=Verdict(choice), note=_note(fields.get(NOTE, "")))
    is_one_click = kind is Kind.UNSUBSCRIBE and fields.get(ONE_CLICK[0]) == ONE_CLICK[1]
    if choice != kind and not is_one_click:
        raise FormError("the form says nothing")
    return Answer()


def _note(text: str) -> str:
    """A note on one line, without characters that a terminal or a database would take for orders."""
    line = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
    if len(line) > LONGEST_NOTE:
        raise FormError(f"a note has at most {LONGEST_NOTE} characters")
    return line
