"""Netlink's attributes as bytes (linux/netlink.h): a length, a kind and a value each, which may hold attributes again.

All numbers are in the order of bytes of this machine.
"""

import struct
from collections.abc import Iterator

_HEADER = struct.Struct("=HH")  # struct nlattr: length with this header, kind
_NESTED = 0x8000  # NLA_F_NESTED
_KIND = 0x3FFF  # NLA_TYPE_MASK: without the flags
# A length is 16 bits.
MOST_BYTES = 0xFFFF - _HEADER.size


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded so that another may follow."""
    assert len(value) <= MOST_BYTES
    return _HEADER.pack(_HEADER.size + len(value), kind) + value + bytes(-len(value) % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds others."""
    return attribute(kind | _NESTED, b"".join(attributes))


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each kind and value in their order; ValueError for what are no attributes."""
    at = 0
    while at < len(data):
        if at + _HEADER.size > len(data):
            raise ValueError("an attribute that is cut off")
        length, kind = _HEADER.unpack_from(data, at)
        if not _HEADER.size <= length <= len(data) - at:
            raise ValueError("an attribute with a length that cannot be")
        yield kind & _KIND, data[at + _HEADER.size : at + length]
        at += (length + 3) & ~3
