"""What a posted body says, whatever it is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.review import Verdict
from monitor.services.tokens import Kind
from monitor.web.forms import LONGEST_NOTE, Answer, FormError, answer_in, fields_in

URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = 'multipart/form-data; boundary="x"'


def part(name: str, value: str) -> str:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


@pytest.mark.parametrize("content_type", [URL_ENCODED, "", "application/octet-stream", "text/plain"])
def test_a_body_is_read_whatever_its_type_says(content_type: str) -> None:
    assert fields_in(b"do=true&note=%D0%B4%D0%B0+yes", content_type) == {"do": "true", "note": "да yes"}


def test_a_multipart_body_is_read() -> None:
    body = part("List-Unsubscribe", "One-Click") + part("note", "да\r\n是") + "--x--\r\n"
    assert fields_in(body.encode(), MULTIPART) == {"List-Unsubscribe": "One-Click", "note": "да\r\n是"}


def test_the_first_of_two_fields_of_one_name_counts() -> None:
    assert fields_in(b"do=true&do=false", URL_ENCODED) == {"do": "true"}


@pytest.mark.parametrize("body", [b"do=%ff", b"\xff=1", b"&".join([b"a=1"] * 21)])
def test_a_body_that_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(FormError):
        fields_in(body, URL_ENCODED)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: part("do", text).encode()))
def test_no_body_does_harm(body: bytes) -> None:
    for content_type in (URL_ENCODED, MULTIPART, "multipart/form-data", 'multipart/form-data; boundary=""'):
        try:
            fields = fields_in(body, content_type)
        except FormError:
            continue
        assert all(isinstance(text, str) for pair in fields.items() for text in pair)


def test_parts_within_parts_do_no_harm() -> None:
    nested = "".join(f"--{n}\nContent-Type: multipart/mixed; boundary={n + 1}\n\n" for n in range(150))
    assert fields_in(nested.encode()[:8192], "multipart/form-data; boundary=0") == {}


def test_each_form_answers_its_own_question_only() -> None:
    for verdict in Verdict:
        assert answer_in({"do": verdict.value}, Kind.VERDICT) == Answer(verdict=verdict)
    assert answer_in({"do": "acknowledge"}, Kind.ACKNOWLEDGE) == Answer()
    assert answer_in({"do": "unsubscribe"}, Kind.UNSUBSCRIBE) == Answer()
    assert answer_in({"List-Unsubscribe": "One-Click"}, Kind.UNSUBSCRIBE) == Answer()


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Kind.VERDICT),
        ({}, Kind.ACKNOWLEDGE),
        ({}, Kind.UNSUBSCRIBE),
        ({"do": "maybe"}, Kind.VERDICT),
        ({"do": "TRUE"}, Kind.VERDICT),
        ({"do": "true"}, Kind.ACKNOWLEDGE),
        ({"do": "acknowledge"}, Kind.UNSUBSCRIBE),
        ({"List-Unsubscribe": "One-Click"}, Kind.VERDICT),
        ({"List-Unsubscribe": "One-Click"}, Kind.ACKNOWLEDGE),
        ({"List-Unsubscribe": "two"}, Kind.UNSUBSCRIBE),
    ],
)
def test_no_answer_is_an_error(fields: dict[str, str], kind: Kind) -> None:
    with pytest.raises(FormError):
        answer_in(fields, kind)


def test_a_note_is_one_line_of_limited_length() -> None:
    def note(text: str) -> str:
        return answer_in({"do": "true", "note": text}, Kind.VERDICT).note

    assert note("  yearly\r\n\tdrill\x00\x1b[2J\u202e ") == "yearly drill[2J"
    assert note("是" * LONGEST_NOTE) == "是" * LONGEST_NOTE
    with pytest.raises(FormError, match="500"):
        note("x" * (LONGEST_NOTE + 1))
