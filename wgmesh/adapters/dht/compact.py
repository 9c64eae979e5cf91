"""Addresses as the DHT writes them: 4 or 16 bytes and a port; a node's with its 20-byte id before them (BEP 5, 32)."""

import socket
from collections.abc import Iterable

from msgspec import Struct

from wgmesh.domain.values import Endpoint

ID_BYTES = 20
ADDRESS_BYTES = {socket.AF_INET: 6, socket.AF_INET6: 18}


class Contact(Struct, frozen=True):
    """A node of the DHT: its id (20 bytes) and where it answers."""

    id: bytes
    endpoint: Endpoint


def pack_address(endpoint: Endpoint) -> bytes:
    """6 or 18 bytes."""
    family = socket.AF_INET6 if ":" in endpoint.ip else socket.AF_INET
    return socket.inet_pton(family, endpoint.ip) + endpoint.port.to_bytes(2)


def unpack_address(packed: bytes) -> Endpoint | None:
    """The endpoint that 6 or 18 bytes write; None for any other length and for port 0."""
    sizes = {size: family for family, size in ADDRESS_BYTES.items()}
    family = sizes.get(len(packed))
    port = int.from_bytes(packed[-2:])
    return Endpoint(socket.inet_ntop(family, packed[:-2]), port) if family is not None and port else None


def pack_contacts(contacts: Iterable[Contact]) -> bytes:
    """One after the other: id and address."""
    return b"".join(contact.id + pack_address(contact.endpoint) for contact in contacts)


def unpack_contacts(packed: bytes, family: socket.AddressFamily, most: int) -> list[Contact]:
    """Up to `most` nodes of this family; a tail that is no whole node is not read."""
    size = ID_BYTES + ADDRESS_BYTES[family]
    whole = (packed[at : at + size] for at in range(0, min(len(packed) - size + 1, most * size), size))
    found = ((each[:ID_BYTES], unpack_address(each[ID_BYTES:])) for each in whole)
    return [Contact(node_id, endpoint) for node_id, endpoint in found if endpoint is not None]
