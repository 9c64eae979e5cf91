"""The secrets of a node, in one place: its own identity, and what it derives from the mesh's secret."""

import hmac
from typing import Self

from wgmesh.domain.device import FOREIGN_KEY
from wgmesh.domain.identity import Identity
from wgmesh.domain.keys import Keys, derive, pair_key, parameters
from wgmesh.domain.parameters import Parameters, fingerprint
from wgmesh.domain.secret import Secret


class Keyring:
    """`generation` counts the mesh's secrets from 1; `fingerprint` (8 bytes) is of the mesh's parameters."""

    __slots__ = ("fingerprint", "generation", "identity", "keys", "parameters")

    def __init__(self, identity: Identity, keys: Keys, parameters: Parameters, generation: int) -> None:
        self.identity = identity
        self.keys = keys
        self.parameters = parameters
        self.fingerprint = fingerprint(parameters)
        self.generation = generation

    @classmethod
    def of(cls, seed: bytes, secret: Secret, generation: int = 1) -> Self:
        """The keyring of the node with this seed in the mesh of this secret."""
        return cls(Identity.from_seed(seed), derive(secret), parameters(secret), generation)

    def private_key(self) -> bytes:
        """This node's WireGuard private key, 32 bytes."""
        return self.identity.private_key

    def psk(self, generation: int) -> bytes:
        """The preshared key of the secret's generation, which must be the present one."""
        assert generation == self.generation
        return self.keys.psk

    def pair_key(self, public_key: bytes) -> bytes:
        """What this node has in common with the peer of this WireGuard key, and with nobody else: 32 bytes."""
        return pair_key(self.keys.probe_key, self.identity.private_key, public_key)

    def private_generation(self, key: bytes) -> int:
        """The generation by which our private key is named; FOREIGN_KEY for any other key."""
        return self.generation if hmac.compare_digest(key, self.identity.private_key) else FOREIGN_KEY

    def psk_generation(self, key: bytes) -> int:
        """The generation whose preshared key this is; FOREIGN_KEY for one that is not ours."""
        return self.generation if hmac.compare_digest(key, self.keys.psk) else FOREIGN_KEY
