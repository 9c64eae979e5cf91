"""Pseudonyms of keys: other keys in the same order, and an identity still has the WireGuard key that follows from it.

The order of WireGuard keys decides who begins a handshake and who keeps an address. So as many key pairs are made as
there are keys, and the lowest stands for the lowest. Their private halves exist for as long as this takes.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from wgmesh.domain.identity import SEED_BYTES, Identity, is_acceptable, sign_twin, wireguard_key


def pseudonyms(secret: bytes, identities: Iterable[bytes], public_keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """What stands for each of these identity keys and WireGuard keys, 32 bytes each; all zeros stand for themselves.

    What is said to be both is a WireGuard key, which some field that is not known here holds.
    """
    keys = {key: True for key in public_keys if any(key)}
    named = {identity: _public_key(identity) for identity in identities if any(identity) and identity not in keys}
    real = sorted(keys | dict.fromkeys(named.values(), True))
    made = sorted(_pairs(secret, len(real)), key=lambda pair: pair.public_key)
    stands_for = dict(zip(real, made, strict=True))
    shown = {key: pair.public_key for key, pair in stands_for.items()}
    return shown | dict(_identities(named, stands_for))


def _identities(named: Mapping[bytes, bytes], stands_for: Mapping[bytes, Identity]) -> Iterator[tuple[bytes, bytes]]:
    """Of two sign twins the lower stays the lower."""
    for identity, key in named.items():
        pair = stands_for[key].key
        low, high = sorted((pair, sign_twin(pair)))
        yield identity, high if identity > sign_twin(identity) else low


def _public_key(identity: bytes) -> bytes:
    """The WireGuard key of an identity; what is none has only itself."""
    return wireguard_key(identity) if is_acceptable(identity) else identity


def _pairs(secret: bytes, count: int) -> Iterator[Identity]:
    for number in range(count):
        seed = hashlib.blake2b(number.to_bytes(8), key=secret, digest_size=SEED_BYTES, person=b"wgmesh-keys").digest()
        yield Identity.from_seed(seed)
