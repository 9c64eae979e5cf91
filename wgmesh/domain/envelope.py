"""Seals and opens datagrams: nonce (24) ‖ XAES-256-GCM(u16 length ‖ payload ‖ zeros), the layer as associated data.

Without the key no byte of a datagram is constant or guessable, and a datagram of one layer opens on no other. The size
is looked at before any cryptography. XAES-256-GCM (c2sp.org/XAES-256-GCM) is AES-GCM under a key that each nonce makes
anew, so random nonces are safe for 2^80 datagrams where plain AES-GCM under one key of a whole mesh ends at 2^32.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Layer = Literal["lan", "exchange", "registry", "gossip"]

NONCE_BYTES = 24
TAG_BYTES = 16
LENGTH_BYTES = 2

# Bytes of a datagram: the largest passes every path unfragmented, inside tunnels with WireGuard's own 80 on top.
UNDERLAY_SIZES = (256, 512, 1200)
TUNNEL_SIZES = (128, 512, 1120)
SIZES: dict[Layer, tuple[int, ...]] = {
    "lan": UNDERLAY_SIZES,
    "exchange": UNDERLAY_SIZES,
    "registry": UNDERLAY_SIZES,
    "gossip": TUNNEL_SIZES,
}

_OVERHEAD = NONCE_BYTES + TAG_BYTES + LENGTH_BYTES
_ZEROS = bytes(max(*UNDERLAY_SIZES, *TUNNEL_SIZES))
_ASSOCIATED: dict[Layer, bytes] = {layer: f"wgmesh/2/{layer}".encode() for layer in SIZES}

# Generation of a secret -> its envelope key, the newest generation first.
Keyring = Iterable[tuple[int, bytes]]


def capacity(layer: Layer) -> int:
    """How many bytes of payload the largest datagram of a layer holds."""
    return SIZES[layer][-1] - _OVERHEAD


def seal(key: bytes, layer: Layer, payload: bytes, nonce: bytes, at_least: int = 0) -> bytes:
    """The smallest datagram of the layer, and of `at_least` so many bytes, that holds the payload; about 3 µs.

    `nonce`: 24 bytes of chance, never used again.
    """
    assert len(nonce) == NONCE_BYTES
    needed = max(len(payload) + _OVERHEAD, at_least)
    size = next((size for size in SIZES[layer] if size >= needed), 0)
    assert size, "the payload is larger than any datagram of its layer"
    plain = len(payload).to_bytes(LENGTH_BYTES, "big") + payload + _ZEROS[: size - _OVERHEAD - len(payload)]
    return nonce + xaes_seal(key, nonce, plain, _ASSOCIATED[layer])


def open_datagram(keyring: Keyring, layer: Layer, datagram: bytes) -> tuple[int, bytes] | None:
    """The generation whose key opens the datagram, and its payload; None if it is not for us. About 3 µs a key."""
    if len(datagram) not in SIZES[layer]:
        return None
    nonce, sealed, associated = datagram[:NONCE_BYTES], datagram[NONCE_BYTES:], _ASSOCIATED[layer]
    for generation, key in keyring:
        try:
            plain = xaes_open(key, nonce, sealed, associated)
        except InvalidTag:
            continue
        end = LENGTH_BYTES + int.from_bytes(plain[:LENGTH_BYTES], "big")
        well_padded = end <= len(plain) and plain[end:] == _ZEROS[: len(plain) - end]
        return (generation, plain[LENGTH_BYTES:end]) if well_padded else None
    return None


def xaes_seal(key: bytes, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
    """XAES-256-GCM: ciphertext ‖ tag. `key` 32 bytes, `nonce` 24."""
    return _derived(key, nonce).encrypt(nonce[12:], plain, associated)


def xaes_open(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
    """The plaintext; cryptography's InvalidTag if a single bit is not as it was sealed."""
    return _derived(key, nonce).decrypt(nonce[12:], sealed, associated)


def _derived(key: bytes, nonce: bytes) -> AESGCM:
    """AES-256-GCM under the key that the first half of the nonce makes: one KDF of NIST SP 800-108 over CMAC.

    Its two messages are one block each, so CMAC is one AES block of message ^ subkey; both are done in one call.
    """
    encryptor, masks = _key_schedule(key)
    messages = masks ^ int.from_bytes(nonce[:12] + bytes(4) + nonce[:12], "big")
    return AESGCM(encryptor.update(messages.to_bytes(32, "big")))


@lru_cache(maxsize=16)  # a node has a few generations; expanding a key costs more than opening a datagram
def _key_schedule(key: bytes) -> tuple[CipherContext, int]:
    """AES-256-ECB under the key, and counter ‖ "X" ‖ 0 of both messages, masked with the CMAC subkey K1."""
    encryptor = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305  single blocks, as CMAC is made of
    doubled = int.from_bytes(encryptor.update(bytes(16)), "big") << 1
    subkey = doubled ^ (1 << 128 | 0x87) if doubled >> 128 else doubled
    first, second = (int.from_bytes(prefix + bytes(12), "big") ^ subkey for prefix in (b"\0\1X\0", b"\0\2X\0"))
    return encryptor, first << 128 | second
