"""How often WireGuard says something into a tunnel that is idle, for the sake of routers on the way.

A NAT forgets a flow that is idle for 30 s. Between two addresses of one LAN there is none, nor between two that their
operators declared; there, with the neighbours on the ring, gossip keeps the session busy and nothing else is needed.
All other tunnels may be idle for minutes: their keepalive is also the sign that the peer still lives.
"""

from collections.abc import Container

from wgmesh.domain.attached import is_on_link
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import Endpoint, IdentityKey

# Routers forget after 30 s.
KEEPALIVE_SECONDS = 25


def seconds(mesh: Mesh, peer: Peer, endpoint: Endpoint | None, neighbours: Container[IdentityKey]) -> int:
    """Of a peer at this endpoint; 0 is off. `neighbours` are ours on the ring."""
    # A keepalive is what makes WireGuard begin a handshake: the waiting side sets it once there was one.
    if endpoint is None or (peer.identity in neighbours and _is_open(mesh, peer, endpoint)):
        return 0
    return KEEPALIVE_SECONDS


def _is_open(mesh: Mesh, peer: Peer, endpoint: Endpoint) -> bool:
    """Is there no NAT between us and the address at which the peer is connected? A cable that is out makes none."""
    is_declared = any(claim.kind == "static" and claim.endpoint == endpoint for claim in peer.claims)
    is_near = is_on_link(mesh, endpoint) or not mesh.interfaces
    return endpoint == peer.proven and (is_near or (is_declared and bool(mesh.located)))
