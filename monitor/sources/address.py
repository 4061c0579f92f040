"""Which addresses may be asked: public ones, and what the operator's allow-list names."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = frozenset({80, 443, 8080, 8443})

# `is_global` alone is no policy: it lets multicast through, and old ranges that nobody routes, and
# every way to write a private IPv4 address inside an IPv6 one.
_DENIED = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, ORCHID
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
# The one block of IPv6 that public addresses come from: what is mapped, translated (NAT64), local or
# multicast is outside of it.
_PUBLIC_V6 = ip_network("2000::/3")
_LOCAL_NAMES = ("localhost", "local", "internal", "localdomain", "home.arpa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """One entry of the allow-list: a network or a host name, with a port or for all."""

    network: Network | None = None
    host: str = ""
    port: int | None = None


def parse_allowed(text: str) -> Allowed:
    """Read `cidr`, `cidr:port`, `host` or `host:port` (IPv6: `[cidr]:port`); raises ValueError."""
    bare, port = text.strip(), None
    head, colon, tail = bare.rpartition(":")
    if colon and tail.isdigit() and (":" not in head or head.endswith("]")):
        bare, port = head, int(tail)
    bare = bare.strip("[]")
    if not bare or "*" in bare:
        raise ValueError("expected an address, a network or a host name")
    try:
        return Allowed(network=ip_network(bare, strict=False), port=port)
    except ValueError:
        if "/" in bare or ":" in bare:
            raise
        return Allowed(host=bare.lower().rstrip("."), port=port)


def parse_address(text: str) -> Address:
    """An address as a socket names it, zone (`%eth0`) dropped. Raises ValueError."""
    return ip_address(text.partition("%")[0])


def is_public(address: Address) -> bool:
    """Is this an address of the public internet, under whatever spelling?"""
    if address.version == 6 and address not in _PUBLIC_V6:
        return False
    if any(address in block for block in _DENIED if block.version == address.version):
        return False
    return address.is_global and not address.is_multicast


def is_local_name(host: str) -> bool:
    """Does a host name mean this machine or this network by convention?"""
    name = host.lower().rstrip(".")
    return name in _LOCAL_NAMES or any(name.endswith(f".{suffix}") for suffix in _LOCAL_NAMES)


def may_look_up(host: str, allowed: Iterable[Allowed]) -> bool:
    """May a name be looked up? One of this network means nothing to name servers elsewhere."""
    if not is_local_name(host):
        return True
    return any(entry.network or entry.host == host.lower().rstrip(".") for entry in allowed)


def may_ask(
    host: str, address: Address, port: int, allowed: Iterable[Allowed], ports: Container[int] = PORTS
) -> bool:
    """May the host be asked at the address that it resolved to? `ports` are those of public ones."""
    for entry in allowed:
        if entry.port is not None and entry.port != port:
            continue
        if entry.host and entry.host == host.lower().rstrip("."):
            return True
        if entry.network and entry.network.version == address.version and address in entry.network:
            return True
    return port in ports and is_public(address) and not is_local_name(host)
