from __future__ import annotations

import pytest

from monitor.errors import InputError
from monitor.sources.opml import Outline, read_opml, write_opml

NESTED = b"""<opml version="1.0"><body><outline text="Folder"><outline type="rss" text="A &amp; B"
 xmlUrl="https://a.example.org/feed" htmlUrl="https://a.example.org/"/></outline>
<outline title="Again" xmlUrl="https://a.example.org/feed"/><outline XMLURL="https://b.example.org/feed"/></body></opml>"""


def test_feeds_are_found_at_any_depth_and_each_once() -> None:
    assert read_opml(NESTED) == [
        Outline(title="A & B", url="https://a.example.org/feed", site="https://a.example.org/"),
        Outline(title="https://b.example.org/feed", url="https://b.example.org/feed"),
    ]


def test_what_is_written_is_read_back() -> None:
    outlines = [
        Outline(
            title='<"Ж&">', url="https://a.example.org/?a=1&b=2", site="https://x.example.org", language="ru"
        )
    ]
    assert read_opml(write_opml(outlines, title="Feeds")) == outlines


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"", "no OPML"),
        (b"<opml><body/></opml>", "no outline has an xmlUrl"),
        (b"<opml><body>", "no OPML"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><opml/>', "declares entities"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><opml/>'.encode("utf-16"), "declares entities"),
        (b'<?xml version="1.0" encoding="no-such"?><opml/>', "no OPML"),
        (b" " * 6_000_000, "more than"),
    ],
)
def test_what_cannot_be_read_is_said(document: bytes, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        read_opml(document)
