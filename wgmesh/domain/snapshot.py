"""The folded mesh as bytes, to be kept beside the log: a cache that is thrown away at the first doubt.

`shape` is a digest of everything that a snapshot's meaning depends on: the program's version, since each may fold
differently, and the fields of every value in it.
"""

import hashlib

from msgspec import Struct, msgpack

from wgmesh.domain.facts import (
    Clone,
    Entry,
    Failure,
    Layer,
    Nat,
    Passage,
    Reflection,
    Refusal,
    RelayedPair,
    Skew,
    Tombstone,
    Unanswered,
    Witness,
)
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.peer import Claim, Peer
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import Endpoint, Ground, Incarnation, Interface

# Every Struct that a Mesh is made of.
PARTS: tuple[type[Struct], ...] = (
    Mesh, Peer, Claim, ClaimedEndpoint, Layer, Refusal, Failure, Reflection, Skew, Witness, Entry, Clone, Unanswered,
    Passage, RelayedPair, Nat, Tombstone,
    Parameters, NodeSettings, Endpoint, Ground, Incarnation, Interface,
)  # fmt: skip

_DECODER = msgpack.Decoder(Mesh)


def shape(program: str) -> bytes:
    """16 bytes that differ wherever a snapshot would be misread, or where another program version may fold otherwise.

    The first 8 are of the form alone: where they are equal, a snapshot of another version can be read and compared.
    """
    return form() + hashlib.sha256(program.encode()).digest()[:8]


def form() -> bytes:
    """8 bytes that differ wherever a snapshot would be misread."""
    described = "\n".join(f"{part.__name__}: {part.__annotations__}" for part in PARTS)
    return hashlib.sha256(described.encode()).digest()[:8]


def encode(mesh: Mesh) -> bytes:
    """The mesh as msgpack; equal meshes give equal bytes."""
    return msgpack.encode(mesh)


def decode(state: bytes) -> Mesh:
    """The mesh that `encode` wrote; the caller has checked shape and integrity."""
    return _DECODER.decode(state)


def fingerprint(mesh: Mesh) -> bytes:
    """8 bytes that tell one state from another: of all that the mesh holds, in its order."""
    return hashlib.sha256(encode(mesh)).digest()[:8]
