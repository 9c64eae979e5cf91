"""What a node says of itself, signed: `signed` = body ‖ Ed25519 signature over "wgmesh-record-v2" ‖ body.

A node speaks only for itself, and others pass its bytes on unchanged. Whether a record is stored is a function of its
bytes alone: an endpoint or route that nobody should use is stored like any other, and using it is each node's choice.
"""

import ipaddress
from functools import lru_cache
from typing import Annotated, Literal

from msgspec import DecodeError, Meta, Struct, msgpack

from wgmesh.domain.identity import SIGNATURE_BYTES, Identity, is_acceptable, verify
from wgmesh.domain.packing import (
    PACKED_ENDPOINT,
    PACKED_PREFIX,
    Malformed,
    pack_endpoint,
    pack_prefix,
    unpack_endpoint,
    unpack_prefix,
)
from wgmesh.domain.values import U32, Endpoint, IdentityKey, Incarnation, Port

LABEL = b"wgmesh-record-v2"

# A signed record of this size still fits a Hello and a Reply of 1200 bytes.
LARGEST_RECORD = 900
MOST_ENDPOINTS = 16
MOST_ROUTES = 16

# One above what an incarnation may be, so that there is always a higher one to recover with.
INCARNATION_END = 2**32 - 1

# Bits of `capabilities`. NO_IPV4: the node ran out of nonces and has no mesh IPv4 address.
RELAY = 1
RENDEZVOUS = 2
PROBE = 4
NO_IPV4 = 8

Kind = Literal["lan", "reflexive", "static"]
Socket = Literal["wg", "exchange"]

# One byte on the wire: the kind in the high half, the socket in the low one.
_CLAIMS: dict[int, tuple[Kind, Socket]] = {
    0x00: ("lan", "wg"),
    0x01: ("lan", "exchange"),
    0x10: ("reflexive", "wg"),
    0x11: ("reflexive", "exchange"),
    0x20: ("static", "wg"),
    0x21: ("static", "exchange"),
}
_CLAIM_BYTES = {claim: bytes([byte]) for byte, claim in _CLAIMS.items()}
_CLAIM = 1 + PACKED_ENDPOINT


class ClaimedEndpoint(Struct, frozen=True):
    """Where a node says it can be reached: on its own LAN, as others saw it, or as its operator set it."""

    kind: Kind
    socket: Socket
    endpoint: Endpoint


class PeerRecord(Struct, frozen=True):
    """One node's word on itself. `life`: 8 random bytes a start; `parameters`: their fingerprint, 8 bytes.

    `generation`: of the secret it uses; `exchange_port` and `listen_port`: of the exchange and of WireGuard;
    `nonce` (0 to 255): of its mesh IPv4 address; `routes`: canonical prefixes; `left`: this is its goodbye.
    """

    identity: IdentityKey
    incarnation: Incarnation
    life: bytes
    generation: int
    parameters: bytes
    exchange_port: Port
    listen_port: Port
    hostname: str
    nonce: int
    endpoints: tuple[ClaimedEndpoint, ...] = ()
    routes: tuple[str, ...] = ()
    capabilities: int = 0
    left: bool = False


class SignedRecord(Struct, frozen=True):
    """A record, and its bytes as its owner signed them."""

    record: PeerRecord
    signed: bytes


class _Body(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    identity: IdentityKey
    incarnation: tuple[U32, U32]
    life: Annotated[bytes, Meta(min_length=8, max_length=8)]
    generation: U32
    parameters: Annotated[bytes, Meta(min_length=8, max_length=8)]
    exchange_port: Port
    listen_port: Port
    hostname: Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,63}\Z")]
    nonce: Annotated[int, Meta(ge=0, le=255)]
    endpoints: Annotated[bytes, Meta(max_length=MOST_ENDPOINTS * _CLAIM)]
    routes: Annotated[bytes, Meta(max_length=MOST_ROUTES * PACKED_PREFIX)]
    capabilities: U32
    left: bool


_BODY = msgpack.Decoder(_Body)


def encode(record: PeerRecord) -> bytes:
    """The body of a record of our own, unsigned. It must not name a link-local address: it means nothing elsewhere."""
    assert not any(ipaddress.ip_address(claim.endpoint.ip).is_link_local for claim in record.endpoints)
    return msgpack.encode(
        _Body(
            identity=record.identity,
            incarnation=(record.incarnation.boot, record.incarnation.sequence),
            life=record.life,
            generation=record.generation,
            parameters=record.parameters,
            exchange_port=record.exchange_port,
            listen_port=record.listen_port,
            hostname=record.hostname,
            nonce=record.nonce,
            endpoints=b"".join(_packed(claim) for claim in record.endpoints),
            routes=b"".join(pack_prefix(route) for route in record.routes),
            capabilities=record.capabilities,
            left=record.left,
        )
    )


def sign(record: PeerRecord, identity: Identity) -> bytes:
    """`signed`: the body and our signature of it. A record that others could not read is a broken invariant."""
    assert record.identity == identity.key
    body = encode(record)
    signed = body + identity.sign(LABEL + body)
    decode(signed)
    return signed


def decode(signed: bytes) -> PeerRecord:
    """Read a signed record, without checking the signature. Malformed if it is not the schema."""
    if not SIGNATURE_BYTES < len(signed) <= LARGEST_RECORD:
        raise Malformed("size")
    return _read(signed[:-SIGNATURE_BYTES])


def authentic(signed: bytes, identity_key: bytes) -> bool:
    """Whether the owner of the identity signed these bytes; about 100 µs."""
    body, signature = signed[:-SIGNATURE_BYTES], signed[-SIGNATURE_BYTES:]
    return verify(identity_key, signature, LABEL + body)


@lru_cache(maxsize=256)  # the same records arrive over and over; reading the largest costs 300 µs
def _read(packed: bytes) -> PeerRecord:
    try:
        body = _BODY.decode(packed)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("schema") from error
    if not is_acceptable(body.identity):
        raise Malformed("identity")
    if INCARNATION_END in body.incarnation:
        raise Malformed("incarnation")
    return PeerRecord(
        identity=body.identity,
        incarnation=Incarnation(*body.incarnation),
        life=body.life,
        generation=body.generation,
        parameters=body.parameters,
        exchange_port=body.exchange_port,
        listen_port=body.listen_port,
        hostname=body.hostname,
        nonce=body.nonce,
        endpoints=tuple(_unpacked(item) for item in _items(body.endpoints, _CLAIM)),
        routes=tuple(unpack_prefix(item) for item in _items(body.routes, PACKED_PREFIX)),
        capabilities=body.capabilities,
        left=body.left,
    )


def _items(packed: bytes, size: int) -> list[bytes]:
    if len(packed) % size:
        raise Malformed("packing")
    return [packed[start : start + size] for start in range(0, len(packed), size)]


def _packed(claim: ClaimedEndpoint) -> bytes:
    return _CLAIM_BYTES[claim.kind, claim.socket] + pack_endpoint(claim.endpoint)


def _unpacked(packed: bytes) -> ClaimedEndpoint:
    claim = _CLAIMS.get(packed[0])
    if claim is None:
        raise Malformed("endpoint")
    return ClaimedEndpoint(*claim, unpack_endpoint(packed[1:]))
