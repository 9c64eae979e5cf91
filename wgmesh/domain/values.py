"""Small values that everything else is made of; each is checked where it is made and frozen afterwards.

Times are integers in milliseconds: `at` is wall-clock time since 1970, `awake` counts this node's running life
(it carries on over restarts and stands still while the node is down). Durations are measured on `awake` only.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Annotated, Self

from msgspec import Meta, Struct

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Ed25519 public key of a node, 32 raw bytes: who a node is.
IdentityKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
# WireGuard (X25519) public key, 32 raw bytes.
PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]

Port = Annotated[int, Meta(ge=0, le=65535)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]

# IPv4 as it is, IPv6 in brackets with or without the interface that scopes it; then the port.
_ENDPOINT = re.compile(r"(?:([0-9.]+)|\[([0-9A-Fa-f:.]+)(?:%([^%\[\]]+))?\]):([0-9]{1,5})")


class Moment(Struct, frozen=True):
    """When an input is decided: `at` and `awake` in ms, and `lot`, 8 bytes of chance that repeat on replay."""

    at: int
    awake: int
    lot: bytes = bytes(8)


class Ground(Struct, frozen=True, array_like=True):
    """The record that established a fact: its sequence, and its `at` and `awake` in ms."""

    sequence: int
    at: int
    awake: int


class Incarnation(Struct, frozen=True, array_like=True, order=True):
    """A node's own version of its record: starts of the node, changes since the start. Higher wins."""

    boot: U32
    sequence: U32


class Endpoint(Struct, frozen=True, order=True):
    """An underlay socket address. `scope` names the interface of a link-local address and is empty otherwise."""

    ip: str
    port: Port
    scope: str = ""

    def __str__(self) -> str:
        """`192.0.2.1:51820`, `[2001:db8::1]:51820` or `[fe80::1%eth0]:51820`."""
        scope = f"%{self.scope}" if self.scope else ""
        return f"[{self.ip}{scope}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The endpoint in a text of the form that `str` writes; ValueError for anything else."""
        match = _ENDPOINT.fullmatch(text)
        if not match or int(match[4]) > 65535:
            raise ValueError(f"not an endpoint: {text!r}")
        ip = ipaddress.IPv4Address(match[1]) if match[1] else ipaddress.IPv6Address(match[2])
        return cls(str(ip), int(match[4]), match[3] or "")


class Interface(Struct, frozen=True):
    """An up, multicast-capable interface of this machine that is neither the mesh's nor another VPN's.

    `prefixes` are its addresses with their prefix lengths (`192.168.1.17/24`, `fe80::1/64`), `mtu` is in bytes.
    """

    name: str
    index: int
    mtu: int
    prefixes: tuple[str, ...] = ()


@lru_cache(maxsize=4096)  # asked of the same few hundred addresses again and again
def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address that the text means; ValueError when it means none."""
    return ipaddress.ip_address(text)


@lru_cache(maxsize=1024)  # a machine has a few addresses, and every look at the device asks for their networks
def network_of(prefix: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The network in which an address with a prefix length stands; ValueError when it is neither."""
    return ipaddress.ip_network(prefix, strict=False)
