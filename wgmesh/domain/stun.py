"""STUN's Binding request and its answer (RFC 8489), as much as it takes to learn our own address.

An answer counts only with the 12 bytes that we sent; who sent it is for the asker to check. What is said from
WireGuard's own port is in this format and no other: WireGuard passes it over, and a filter in the kernel finds it.
"""

import ipaddress

from wgmesh.domain.values import Endpoint

MAGIC = 0x2112A442
TRANSACTION_BYTES = 12
HEADER_BYTES = 20
REQUEST, SUCCESS = 0x0001, 0x0101
MAPPED_ADDRESS, XOR_MAPPED_ADDRESS = 0x0001, 0x0020
_ADDRESS_BYTES = {1: 4, 2: 16}


def kind_of(data: bytes) -> int:
    """The type of a message that is framed as STUN frames it (REQUEST, SUCCESS, …); 0 for all else."""
    is_framed = len(data) >= HEADER_BYTES and data[4:8] == MAGIC.to_bytes(4)
    return int.from_bytes(data[:2]) if is_framed and int.from_bytes(data[2:4]) == len(data) - HEADER_BYTES else 0


def transaction_of(data: bytes) -> bytes:
    """The 12 bytes that tie an answer to its request."""
    return data[8:HEADER_BYTES]


def request(transaction: bytes) -> bytes:
    """A Binding request without attributes: 20 bytes."""
    assert len(transaction) == TRANSACTION_BYTES
    return REQUEST.to_bytes(2) + bytes(2) + MAGIC.to_bytes(4) + transaction


def mapped(data: bytes, transaction: bytes) -> Endpoint | None:
    """The address that a success answer to this transaction names; None for anything else.

    XOR-MAPPED-ADDRESS counts before MAPPED-ADDRESS, which some routers rewrite.
    """
    if kind_of(data) != SUCCESS or transaction_of(data) != transaction:
        return None
    attributes = _attributes(data[HEADER_BYTES:])
    if XOR_MAPPED_ADDRESS in attributes:
        return _address(attributes[XOR_MAPPED_ADDRESS], MAGIC.to_bytes(4) + transaction)
    return _address(attributes.get(MAPPED_ADDRESS, b""), bytes(16))


def xor_mapped(seen: Endpoint, transaction: bytes) -> bytes:
    """The attribute that says as which address a request came: 12 bytes for IPv4, 24 for IPv6."""
    mask = MAGIC.to_bytes(4) + transaction
    packed = ipaddress.ip_address(seen.ip).packed
    port = seen.port ^ int.from_bytes(mask[:2])
    value = bytes([0, 1 if len(packed) == 4 else 2]) + port.to_bytes(2) + _masked(packed, mask)
    return XOR_MAPPED_ADDRESS.to_bytes(2) + len(value).to_bytes(2) + value


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
    return Endpoint(str(ipaddress.ip_address(_masked(value[4:], mask))), port)


def _masked(packed: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ other for byte, other in zip(packed, mask, strict=False))
