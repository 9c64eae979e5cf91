"""What WireGuard should look like now: a pure function of the mesh and the time.

Every present peer is on the device with its keys and addresses, and with the routes behind it that this node accepts;
the endpoint it is tried at comes from `endpoints`.
"""

from collections.abc import Mapping

from wgmesh.domain import endpoints, keepalive, ring, routes
from wgmesh.domain.attached import has_ipv4
from wgmesh.domain.device import Device, DevicePeer
from wgmesh.domain.endpoints import Tried
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import network_ipv6
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import IdentityKey

# IPv6's least MTU, and WireGuard's usual one on Ethernet; 80 bytes are what WireGuard adds to a packet at most.
LEAST_MTU = 1280
MOST_MTU = 1420
WIREGUARD_OVERHEAD = 80


def desired_device(mesh: Mesh, now: int, tried: Tried | None = None) -> Device:
    """The device of a node that joined and started; `now` is ms on `awake`.

    `tried`: where a running node tries peers on hearsay; None: as if each were tried in its own time.
    """
    assert mesh.parameters
    ipv4 = mesh.ipv4 if has_ipv4(mesh) else ""
    behind = routes.used(mesh) if mesh.settings and mesh.settings.accept_routes else {}
    addresses = ((f"{ipv4}/32",) if ipv4 else ()) + (f"{mesh.ipv6}/128",)
    own_ranges = ((mesh.parameters.network,) if ipv4 else ()) + (network_ipv6(mesh.parameters),)
    present, neighbours = () if mesh.is_silent(now) else mesh.present_peers, ring.neighbours(mesh)
    peers = (_desired_peer(mesh, peer, behind, neighbours, now, tried) for peer in present)
    return Device(
        private=mesh.generation,
        listen_port=mesh.listen_port,
        mtu=mtu(mesh),
        up=True,
        addresses=tuple(sorted(addresses)),
        routes=tuple(sorted((*own_ranges, *(it for it, owner in behind.items() if not mesh.peers[owner].relayed)))),
        peers=tuple(sorted(peers, key=lambda peer: peer.public_key)),
    )


def _desired_peer(
    mesh: Mesh,
    peer: Peer,
    behind: Mapping[str, bytes],
    neighbours: tuple[IdentityKey, ...],
    now: int,
    tried: Tried | None,
) -> DevicePeer:
    endpoint = endpoints.turn(mesh, peer, now, tuple(behind), tried)
    its_routes = [prefix for prefix, owner in behind.items() if owner == peer.identity]
    allowed = tuple(sorted((*allowed_ips(mesh, peer), *its_routes)))
    pause = keepalive.seconds(mesh, peer, endpoint, neighbours)
    return DevicePeer(peer.public_key, mesh.generation, endpoint, allowed, pause)


def allowed_ips(mesh: Mesh, peer: Peer) -> list[str]:
    """The peer's own addresses: its IPv6 always, its IPv4 where nobody else has it."""
    has_ipv4 = peer.ipv4 != mesh.ipv4 and mesh.routed.get(peer.ipv4) == peer.identity
    return ([f"{peer.ipv4}/32"] if has_ipv4 else []) + [f"{peer.ipv6}/128"]


def mtu(mesh: Mesh) -> int:
    """What fits the narrowest interface that carries endpoints, in bytes."""
    narrowest = min((interface.mtu for interface in mesh.interfaces), default=MOST_MTU + WIREGUARD_OVERHEAD)
    return max(LEAST_MTU, min(MOST_MTU, narrowest - WIREGUARD_OVERHEAD))
