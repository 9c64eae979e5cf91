"""Who a node is: one 32-byte seed makes its Ed25519 identity and its WireGuard key.

The two are one point in two forms (RFC 7748 section 4.1), so everybody computes a node's WireGuard key from the
identity that signs its records: who signs owns the key, with no pin, no first sight and no proof of possession.
"""

import hashlib
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

SEED_BYTES = 32
SIGNATURE_BYTES = 64

# RFC 7748: the field of both curves.
_P = 2**255 - 19
_SIGN = 1 << 255

# y of a point of order 8; with its negative and 0, 1, -1 these are all points of low order, under either sign of x.
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_LOW_ORDER = (0, 1, _P - 1, _Y8, _P - _Y8)


class Identity(Struct, frozen=True, eq=False):
    """A node's own keys. `key`: Ed25519 public; `public_key`, `private_key`: WireGuard; 32 bytes each."""

    key: bytes
    public_key: bytes
    private_key: bytes
    _seed: bytes
    _signer: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The identity that a 32-byte seed makes; the WireGuard private key is SHA-512 of it, as inside Ed25519."""
        assert len(seed) == SEED_BYTES
        signer = Ed25519PrivateKey.from_private_bytes(seed)
        key = signer.public_key().public_bytes_raw()
        return cls(key, wireguard_key(key), _clamped(hashlib.sha512(seed).digest()[:32]), seed, signer)

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (RFC 8032), 64 bytes."""
        return self._signer.sign(message)

    def lots_key(self, boot: int) -> bytes:
        """32 bytes from which all chance of this start is drawn: secret to others, the same again on replay."""
        info = b"wgmesh-lots-v1" + boot.to_bytes(4, "big")
        return HKDF(SHA256(), 32, None, info).derive(self._seed)

    def __repr__(self) -> str:
        return f"Identity({self.key.hex()})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """For tracebacks that print local variables: the public key alone."""
        return [("key", self.key.hex())]


def is_acceptable(identity_key: bytes) -> bool:
    """Whether these bytes may name a node: 32 of them, y below p, and not of low order.

    Under 01 00…00 one constant signature verifies for every message; y at or above p would give one node two names.
    """
    return len(identity_key) == 32 and (y := _y(identity_key)) < _P and y not in _LOW_ORDER


def wireguard_key(identity_key: bytes) -> bytes:
    """The WireGuard public key of an acceptable identity: u = (1 + y) / (1 - y), RFC 7748 section 4.1; about 25 µs."""
    y = _y(identity_key)
    return ((1 + y) * pow(1 - y, -1, _P) % _P).to_bytes(32, "little")


def sign_twin(identity_key: bytes) -> bytes:
    """The one other identity with the same WireGuard key, the sign of its point turned; its owner can sign as both."""
    return identity_key[:31] + bytes([identity_key[31] ^ 0x80])


def verify(identity_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of an acceptable identity signed the message."""
    if not is_acceptable(identity_key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(identity_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _y(identity_key: bytes) -> int:
    return int.from_bytes(identity_key, "little") & ~_SIGN


def _clamped(scalar: bytes) -> bytes:
    """RFC 7748 section 5."""
    return bytes([scalar[0] & 248]) + scalar[1:31] + bytes([scalar[31] & 127 | 64])
