from __future__ import annotations

import pytest

from monitor.rendering.links import host, safe_link


@pytest.mark.parametrize(
    "link",
    [
        "https://one.example.org/a?b=c&d=%20#e",
        "http://one.example.org:8080/",
        "HTTPS://one.example.org/",
        "https://[2001:db8::1]/x",
    ],
)
def test_web_addresses_are_shown_as_they_are(link: str) -> None:
    assert safe_link(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "",
        "javascript:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "//one.example.org/",
        "/relative",
        "https://",
        "https:one.example.org",
        "https://[broken",
        "https://bank.example.com@one.example.org/",
        "https://one.example.org/a b",
        "https://one.example.org/\r\nBcc: x",
        "https://one.exаmple.org/",
    ],
)
def test_anything_else_is_no_link(link: str) -> None:
    assert safe_link(link) == ""


def test_the_reader_sees_the_host() -> None:
    assert host("https://www.one.example.org:8080/path") == "one.example.org"
