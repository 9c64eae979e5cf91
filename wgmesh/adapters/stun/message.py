"""STUN's Binding request and its answer (RFC 8489), as much as it takes to learn our own address.

An answer counts only with the 12 bytes that we sent; who sent it is for the asker to check.
"""

import ipaddress

from wgmesh.domain.values import Endpoint

MAGIC = 0x2112A442
TRANSACTION_BYTES = 12
HEADER_BYTES = 20
REQUEST, SUCCESS = 0x0001, 0x0101
MAPPED_ADDRESS, XOR_MAPPED_ADDRESS = 0x0001, 0x0020
_ADDRESS_BYTES = {1: 4, 2: 16}


def request(transaction: bytes) -> bytes:
    """A Binding request without attributes: 20 bytes."""
    assert len(transaction) == TRANSACTION_BYTES
    return REQUEST.to_bytes(2) + bytes(2) + MAGIC.to_bytes(4) + transaction


def mapped(data: bytes, transaction: bytes) -> Endpoint | None:
    """The address that a success answer to this transaction names; None for anything else.

    XOR-MAPPED-ADDRESS counts before MAPPED-ADDRESS, which some routers rewrite.
    """
    if len(data) < HEADER_BYTES or data[4:20] != MAGIC.to_bytes(4) + transaction:
        return None
    if int.from_bytes(data[:2]) != SUCCESS or int.from_bytes(data[2:4]) != len(data) - HEADER_BYTES:
        return None
    attributes = _attributes(data[HEADER_BYTES:])
    if XOR_MAPPED_ADDRESS in attributes:
        return _address(attributes[XOR_MAPPED_ADDRESS], MAGIC.to_bytes(4) + transaction)
    return _address(attributes.get(MAPPED_ADDRESS, b""), bytes(16))


def _attributes(data: bytes) -> dict[int, bytes]:
    """The first of each kind; what is cut off is not read."""
    attributes: dict[int, bytes] = {}
    while len(data) >= 4:
        kind, length = int.from_bytes(data[:2]), int.from_bytes(data[2:4])
        if 4 + length > len(data):
            break
        attributes.setdefault(kind, data[4 : 4 + length])
        data = data[4 + -(-length // 4) * 4 :]
    return attributes


def _address(value: bytes, mask: bytes) -> Endpoint | None:
    size = _ADDRESS_BYTES.get(value[1]) if len(value) > 1 else None
    if size is None or len(value) != 4 + size:
        return None
    port = int.from_bytes(value[2:4]) ^ int.from_bytes(mask[:2])
    packed = bytes(byte ^ other for byte, other in zip(value[4:], mask, strict=False))
    return Endpoint(str(ipaddress.ip_address(packed)), port)
