"""Addresses on the wire: 16 bytes, IPv4 as ::ffff:a.b.c.d.

Every address has one form, and an IPv4-mapped IPv6 address, which some kernels would treat as IPv4 behind our back,
cannot be said at all: whoever writes it has written IPv4. The interface that scopes an address is never sent.
"""

import ipaddress

from wgmesh.domain.values import Endpoint

PACKED_ENDPOINT = 18
PACKED_PREFIX = 17

# RFC 4291 section 2.5.5.2
_MAPPED = bytes(10) + b"\xff\xff"
_MAPPED_BITS = 96


class Malformed(ValueError):
    """They sent what is not the schema: `str(error)` is one word, by which it is counted."""


def pack_ip(text: str) -> bytes:
    """16 bytes for an IPv4 or IPv6 address; ValueError for anything else."""
    packed = ipaddress.ip_address(text).packed
    return _MAPPED + packed if len(packed) == 4 else packed


def unpack_ip(packed: bytes) -> str:
    """The address that 16 bytes mean, in canonical text."""
    if packed.startswith(_MAPPED):
        return str(ipaddress.IPv4Address(packed[12:]))
    return str(ipaddress.IPv6Address(packed))


def pack_endpoint(endpoint: Endpoint) -> bytes:
    """18 bytes: the address and its port (big-endian u16), without the scope."""
    return pack_ip(endpoint.ip) + endpoint.port.to_bytes(2, "big")


def unpack_endpoint(packed: bytes) -> Endpoint:
    """The endpoint that 18 bytes mean: any 18 bytes mean one."""
    return Endpoint(unpack_ip(packed[:16]), int.from_bytes(packed[16:], "big"))


def pack_prefix(prefix: str) -> bytes:
    """17 bytes for a canonical prefix: its address and its length in bits, 96 more for IPv4."""
    network = ipaddress.ip_network(prefix)
    length = network.prefixlen + (_MAPPED_BITS if network.version == 4 else 0)
    return pack_ip(str(network.network_address)) + bytes([length])


def unpack_prefix(packed: bytes) -> str:
    """The prefix that 17 bytes mean, in canonical text; Malformed if it has host bits or a length above 128."""
    length = packed[16] - (_MAPPED_BITS if packed.startswith(_MAPPED) else 0)
    try:
        return str(ipaddress.ip_network(f"{unpack_ip(packed[:16])}/{length}"))
    except ValueError as error:
        raise Malformed("route") from error
