"""The peers as a person or a script sees them: who they are, where they are, and what went through the tunnel.

What the log says is as old as its last roll call; `Live`, what a running daemon sees in WireGuard just now, is newer.
"""

from typing import Literal

from msgspec import Struct

from wgmesh.domain.device import Device
from wgmesh.domain.endpoints import candidates
from wgmesh.domain.events import DatagramsRejected
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.routes import RefusedRoute, refused
from wgmesh.domain.values import PublicKey
from wgmesh.projections.wording import key

SCHEMA_VERSION = 1

ShownState = Literal["connected", "connecting", "silent", "left", "banned"]


class LiveTraffic(Struct, frozen=True):
    """What WireGuard says of one peer. Ages are in ms, None where this run of the daemon has seen no change."""

    public_key: PublicKey
    handshaken: bool
    handshake_age: int | None
    received_age: int | None
    rx_bytes: int
    tx_bytes: int
    endpoint: str | None


class Frozen(Struct, frozen=True):
    """A full disk stops decisions: `since` (ms), with so many inputs dropped."""

    since: int
    dropped: int


class Live(Struct, frozen=True):
    """What a running daemon says now. `device` is None while there is no interface.

    `relayed`: the traffic of the second interface, which carries what goes through relays.
    `unforwarded`: the families, of IPv4 and IPv6, that the machine does not pass on for others.
    `rejected`: what was dropped since the log was last told of it; empty if nothing was.
    """

    device: Device | None
    traffic: tuple[LiveTraffic, ...] = ()
    relayed: tuple[LiveTraffic, ...] = ()
    frozen: Frozen | None = None
    unforwarded: tuple[str, ...] = ()
    rejected: DatagramsRejected = DatagramsRejected({}, ())


class ShownEndpoint(Struct, frozen=True):
    """A claim on an address of a peer; `since` is in ms, `source` is the peer's own `record` or a layer."""

    endpoint: str
    kind: str
    source: str
    since: int


class ShownRefusal(Struct, frozen=True):
    """A route that the peer announces and this node does not use, and why."""

    route: str
    reason: str


class ShownPeer(Struct, frozen=True):
    """One peer. `first_seen` and `last_handshake` are wall-clock ms; None: never, or not there.

    `rx_bytes` and `tx_bytes`: directly and through relays; the handshake is that of the way in use.
    """

    name: str
    public_key: str
    identity: str
    mesh_ipv4: str | None
    mesh_ipv6: str
    state: ShownState
    path: Literal["direct", "relayed"] | None
    endpoint: str | None
    endpoints: tuple[ShownEndpoint, ...]
    routes: tuple[str, ...]
    sources: tuple[str, ...]
    first_seen: int
    last_handshake: int | None
    rx_bytes: int
    tx_bytes: int
    refused_routes: tuple[ShownRefusal, ...]


class Peers(Struct, frozen=True):
    """The list of peers at a moment (ms). `sampled_at`: of when the counters are; None if they were never taken."""

    schema_version: int
    at: int
    sampled_at: int | None
    peers: tuple[ShownPeer, ...]


def peers(mesh: Mesh, at: int, live: Live | None = None, sampled_at: int | None = None) -> Peers:
    """All that belong in a list, in the order in which they became known. `sampled_at`: of the last roll call."""
    refusals = refused(mesh)
    shown = tuple(show(mesh, peer, at, live, refusals) for peer in mesh.listed_peers)
    return Peers(SCHEMA_VERSION, at, at if live else sampled_at, shown)


def show(
    mesh: Mesh, peer: Peer, at: int, live: Live | None = None, refusals: tuple[RefusedRoute, ...] | None = None
) -> ShownPeer:
    """One peer, also one that left or was forgotten (which is silent to whoever asks).

    `refusals` are those of all peers, where they are known already.
    """
    refusals = refused(mesh) if refusals is None else refusals
    traffic = _traffic(peer, live.traffic if live else ())
    relayed = _traffic(peer, live.relayed if live else ())
    endpoint = (traffic and traffic.endpoint) or (str(peer.proven) if peer.proven else None)
    return ShownPeer(
        name=peer.hostname,
        public_key=key(peer.public_key),
        identity=key(peer.identity),
        mesh_ipv4=peer.ipv4 or None,
        mesh_ipv6=peer.ipv6,
        state=_state(mesh, peer),
        path=_path(peer),
        endpoint=endpoint,
        endpoints=tuple(
            ShownEndpoint(str(claim.endpoint), claim.kind, claim.source, claim.since.at)
            for claim in candidates(mesh, peer)
        ),
        routes=peer.routes,
        sources=peer.layers,
        first_seen=peer.discovered.at,
        last_handshake=_last_handshake(peer, relayed if peer.relayed else traffic, at),
        rx_bytes=(traffic.rx_bytes if traffic else peer.rx_bytes) + (relayed.rx_bytes if relayed else 0),
        tx_bytes=(traffic.tx_bytes if traffic else peer.tx_bytes) + (relayed.tx_bytes if relayed else 0),
        refused_routes=tuple(ShownRefusal(it.prefix, it.reason) for it in refusals if it.identity == peer.identity),
    )


def _path(peer: Peer) -> Literal["direct", "relayed"] | None:
    if peer.state != "connected":
        return None
    return "relayed" if peer.relayed else "direct"


def _state(mesh: Mesh, peer: Peer) -> ShownState:
    if mesh.bans(peer):
        return "banned"
    return "silent" if peer.state == "expired" else peer.state


def _traffic(peer: Peer, lines: tuple[LiveTraffic, ...]) -> LiveTraffic | None:
    return next((line for line in lines if line.public_key == peer.public_key), None)


def _last_handshake(peer: Peer, traffic: LiveTraffic | None, at: int) -> int | None:
    """The log notes only that a peer was heard, and a session that is heard is at most three minutes old."""
    if traffic and traffic.handshake_age is not None:
        return at - traffic.handshake_age
    return peer.heard_at if peer.proved else None
