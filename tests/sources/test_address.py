from __future__ import annotations

import pytest

from monitor.sources.address import is_public, may_ask, parse_address, parse_allowed

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "100::1", "2001::1", "2002:7f00:1::", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%lo", "ff02::1",
    "2001:db8::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_denied_in_every_spelling(address: str) -> None:
    assert not is_public(parse_address(address))
    assert not may_ask("news.example.com", parse_address(address), 443, ())


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_asked_on_the_ports_of_the_web(address: str) -> None:
    assert may_ask("news.example.com", parse_address(address), 443, ())
    assert not may_ask("news.example.com", parse_address(address), 25, ())


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "printer.local", "db.internal", "x.localhost"])
def test_names_of_this_network_are_denied_wherever_they_lead(host: str) -> None:
    assert not may_ask(host, parse_address("8.8.8.8"), 443, ())


@pytest.mark.parametrize(
    ("entry", "host", "address", "port", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", 9999, True),
        ("127.0.0.1:8080", "127.0.0.1", "127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "127.0.0.1", "127.0.0.1", 8081, False),
        ("10.0.0.0/8", "feeds.intra", "10.9.9.9", 80, True),
        ("10.0.0.0/8", "feeds.intra", "192.168.0.1", 80, False),
        ("feeds.intra:8000", "feeds.intra", "10.9.9.9", 8000, True),
        ("feeds.intra:8000", "other.intra", "10.9.9.9", 8000, False),
        ("[fd00::]/8", "x", "fd00::1", 80, False),
        ("[fd00::/8]:80", "x", "fd00::1", 80, True),
        ("::1", "x", "::1", 7, True),
    ],
)
def test_the_allow_list_opens_what_it_names_and_nothing_else(
    entry: str, host: str, address: str, port: int, expected: bool
) -> None:
    try:
        allowed = (parse_allowed(entry),)
    except ValueError:
        assert not expected
        return
    assert may_ask(host, parse_address(address), port, allowed) is expected


@pytest.mark.parametrize("entry", ["", "*", "*.intra", "10.0.0.0/99", "a/b"])
def test_an_allow_list_that_cannot_be_read_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"expected|appear"):
        parse_allowed(entry)
