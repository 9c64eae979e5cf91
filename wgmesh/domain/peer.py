"""Another node, as the log knows it: what it says of itself, where it was seen, what WireGuard proved.

Every fact keeps the record that established it. Nothing here depends on a run of the daemon.
"""

from typing import Literal, Self

import msgspec
from msgspec import Struct

from wgmesh.domain.facts import Passage
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.values import Endpoint, Ground, IdentityKey, Incarnation, PublicKey

# First-hand claims kept of one peer; the newest stay. A member that answers from ever new addresses fills no memory.
OBSERVED_CAP = 8
# The source of a claim that came of a probe from WireGuard's port to WireGuard's port.
PUNCH = "punch"

PeerState = Literal["connecting", "connected", "silent", "left", "expired"]


class Claim(Struct, frozen=True):
    """A WireGuard socket address that is said to be the peer's. `source`: `record` or the layer that saw it."""

    endpoint: Endpoint
    kind: str
    source: str
    since: Ground


class Peer(Struct, frozen=True, cache_hash=True):
    """One peer. `None` in a Ground field: it has not happened (or is no longer so).

    `connected` is the direct tunnel. `relayed`: through whom its traffic goes instead; `unrelayed`: through whom it
    last went, and until when.
    """

    identity: IdentityKey
    public_key: PublicKey
    incarnation: Incarnation
    life: bytes
    generation: int
    hostname: str
    nonce: int
    ipv4: str
    ipv6: str
    exchange_port: int
    listen_port: int
    endpoints: tuple[ClaimedEndpoint, ...]
    routes: tuple[str, ...]
    capabilities: int
    counter: Incarnation
    signed: bytes
    layers: tuple[str, ...]
    discovered: Ground
    updated: Ground
    addressed: Ground
    claims: tuple[Claim, ...] = ()
    observed: tuple[Claim, ...] = ()
    proven: Endpoint | None = None
    proved: Ground | None = None
    connected: Ground | None = None
    disconnected: Ground | None = None
    left: Ground | None = None
    expired: Ground | None = None
    rx_bytes: int = 0
    tx_bytes: int = 0
    heard_at: int = 0
    relayed: Passage | None = None
    unrelayed: Passage | None = None

    @property
    def state(self) -> PeerState:
        """What a person calls it; `left` and `expired` peers are in store only."""
        if self.left:
            return "left"
        if self.expired:
            return "expired"
        if self.connected or self.relayed:
            return "connected"
        return "silent" if self.disconnected else "connecting"

    @property
    def present(self) -> bool:
        """Belongs on the device and in lists."""
        return self.left is None and self.expired is None

    def observe(self, layer: str, endpoint: Endpoint, ground: Ground) -> Self:
        """The peer with this first-hand claim as its newest."""
        claim = Claim(endpoint, "lan" if layer == "lan" else "reflexive", layer, ground)
        others = tuple(known for known in self.observed if known.endpoint != endpoint)
        return msgspec.structs.replace(self, observed=(claim, *others[: OBSERVED_CAP - 1]))

    def connect(self, endpoint: Endpoint, ground: Ground) -> Self:
        """The peer, connected at this endpoint."""
        return msgspec.structs.replace(
            self, proven=endpoint, proved=ground, connected=ground, disconnected=None, heard_at=ground.at
        )

    def disconnect(self, ground: Ground) -> Self:
        """The peer, silent from now on."""
        return msgspec.structs.replace(self, connected=None, disconnected=ground)
