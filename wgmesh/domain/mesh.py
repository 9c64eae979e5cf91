"""What the log says, as one value: who this node is and all it knows. `folding` makes it.

A `Mesh` depends on records alone, so the same log gives the same mesh, byte for byte, wherever it is folded.
"""

import hashlib

from msgspec import Struct

from wgmesh.domain.facts import (
    Clone,
    Entry,
    Failure,
    Layer,
    Nat,
    Reflection,
    Refusal,
    RelayedPair,
    Skew,
    Tombstone,
    Unanswered,
    Witness,
)
from wgmesh.domain.identity import wireguard_key
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.peer import Peer
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import SECOND, Endpoint, Ground, Incarnation, Interface

GENESIS = Ground(0, 0, 0)
DIGEST_MODULUS = 2**64
# How long a node that gives way to its clone still speaks.
LAST_WORDS = 5 * SECOND
# Nodes whose clocks differ from ours that are kept; the oldest word goes first.
SKEW_CAP = 64


class Mesh(Struct, frozen=True):
    """This node and all it knows. `routed` names, by IPv4 address, the peer whose tunnel it goes through.

    `attached` are the networks of this machine that are no LAN of the mesh; of these, `virtual` are containers' and
    other VPNs'. `banned` are the WireGuard keys that the operator wants nothing to do with.
    `tombstones` are what is left of peers that were let go. `announcer`: since when this node keeps the mesh findable
    in the DHT. `missed`: peers whose daemon fell silent. `nats`: what is before us, by family.
    `entry`: where the mesh meets in the registry.

    `digest` is the sum of the first 8 bytes of SHA-256 over all stored records of others, modulo 2^64. The records up
    to `dropped` are no longer in the log.
    """

    head: Ground = GENESIS
    identity: bytes = b""
    public_key: bytes = b""
    parameters: Parameters | None = None
    joined: Ground = GENESIS
    incarnation: Incarnation = Incarnation(0, 0)
    life: bytes = b""
    program: str = ""
    generation: int = 0
    nonce: int = 0
    ipv4: str = ""
    ipv6: str = ""
    addressed: Ground = GENESIS
    listen_port: int = 0
    exchange_port: int = 0
    settings: NodeSettings | None = None
    interfaces: tuple[Interface, ...] = ()
    networked: Ground = GENESIS
    attached: tuple[str, ...] = ()
    virtual: tuple[str, ...] = ()
    started: Ground | None = None
    stopped: Ground | None = None
    departed: Ground | None = None
    peers: dict[bytes, Peer] = {}
    tombstones: dict[bytes, Tombstone] = {}
    banned: dict[bytes, Ground] = {}
    routed: dict[str, bytes] = {}
    digest: int = 0
    layers: dict[str, Layer] = {}
    refused: dict[bytes, Refusal] = {}
    foreign: tuple[bytes, ...] = ()
    failure: Failure | None = None
    device: Ground | None = None
    outrun: Ground | None = None
    outpaced: dict[str, Ground] = {}
    rejected: Ground | None = None
    stepped: Ground | None = None
    recovered: Ground | None = None
    gap: Ground | None = None
    dropped: int = 0
    located: tuple[Endpoint, ...] = ()
    reflected: dict[bytes, Reflection] = {}
    skewed: dict[bytes, Skew] = {}
    announcer: Ground | None = None
    entry: Entry | None = None
    witnessed: dict[bytes, Witness] = {}
    clone: Clone | None = None
    unanswered: tuple[Unanswered, ...] = ()
    missed: dict[bytes, Ground] = {}
    relay_port: int = 0
    relaying: dict[bytes, RelayedPair] = {}
    nats: dict[str, Nat] = {}

    @property
    def present_peers(self) -> tuple[Peer, ...]:
        """Those that belong on the device, in the order in which they became known."""
        banned = self.banned  # asked in every step: this is `uses`, without a call for each peer
        return tuple(peer for peer in self.peers.values() if peer.present and peer.public_key not in banned)

    @property
    def listed_peers(self) -> tuple[Peer, ...]:
        """Those that belong in a list: the present ones, and who is kept out."""
        return tuple(peer for peer in self.peers.values() if peer.present or self.bans(peer))

    def held(self, identity: bytes) -> Peer | Tombstone | None:
        """What is known of a node: its record, or what is left of it."""
        return self.peers.get(identity) or self.tombstones.get(identity)

    def uses(self, peer: Peer) -> bool:
        """Has this node to do with the peer? Its record is stored and passed on all the same."""
        return peer.present and not self.bans(peer)

    def bans(self, peer: Peer) -> bool:
        """Does the operator want nothing to do with it?"""
        return peer.public_key in self.banned

    def shuns(self, identity: bytes) -> bool:
        """Does the operator want nothing to do with this node, be it known or not?"""
        return bool(self.banned) and wireguard_key(identity) in self.banned

    def is_silent(self, now: int) -> bool:
        """Has this node given way to a clone of it? Before that, it says for a moment what makes the other see it too.

        `now` is ms on `awake`.
        """
        begins = self.silent_from
        return begins is not None and now >= begins

    @property
    def silent_from(self) -> int | None:
        """When this node falls silent, or fell (ms on `awake`); None: it gives way to nobody."""
        clone = self.clone
        return clone.since.awake + LAST_WORDS if clone is not None and self.life < clone.life else None

    def works(self, layer: str) -> bool:
        """Does this layer work, and are we in the mesh?"""
        known = self.layers.get(layer)
        return self.departed is None and known is not None and not known.reason

    @property
    def is_alone(self) -> bool:
        """Is nobody connected?"""
        return not any(peer.connected for peer in self.present_peers)

    def is_initiator_for(self, peer: Peer) -> bool:
        """Exactly one side of a pair begins the first handshake: the lower WireGuard key."""
        return self.public_key < peer.public_key


def fingerprint(signed: bytes) -> int:
    """A record's share in a digest: the first 8 bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(signed).digest()[:8])
