"""A keyring for tests: one private key, and a preshared key for each generation."""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wgmesh.domain.device import FOREIGN_KEY

GENERATIONS = (1, 2)


@dataclass(frozen=True)
class Keyring:
    """All that follows from a name."""

    name: str = "ada"
    generation: int = 1

    def private_key(self) -> bytes:
        key = bytearray(hashlib.sha256(self.name.encode()).digest())
        key[0] &= 248
        key[31] = key[31] & 127 | 64
        return bytes(key)

    @property
    def public_key(self) -> bytes:
        return X25519PrivateKey.from_private_bytes(self.private_key()).public_key().public_bytes_raw()

    def psk(self, generation: int) -> bytes:
        return hashlib.sha256(b"psk %d" % generation).digest()

    def private_generation(self, key: bytes) -> int:
        return self.generation if key == self.private_key() else FOREIGN_KEY

    def psk_generation(self, key: bytes) -> int:
        return next((each for each in GENERATIONS if self.psk(each) == key), FOREIGN_KEY)
