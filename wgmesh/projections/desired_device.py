"""What WireGuard should look like now: a pure function of the mesh and the time.

Every present peer is on the device with its keys and addresses; the endpoint it is tried at comes from `endpoints`.
"""

from wgmesh.domain import endpoints
from wgmesh.domain.device import Device, DevicePeer
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import network_ipv6
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import network_of

# IPv6's least MTU, and WireGuard's usual one on Ethernet; 80 bytes are what WireGuard adds to a packet at most.
LEAST_MTU = 1280
MOST_MTU = 1420
WIREGUARD_OVERHEAD = 80


def desired_device(mesh: Mesh, now: int) -> Device:
    """The device of a node that joined and started; `now` is ms on `awake`."""
    assert mesh.parameters
    ipv4 = "" if overlap(mesh) else mesh.ipv4
    addresses = ((f"{ipv4}/32",) if ipv4 else ()) + (f"{mesh.ipv6}/128",)
    routes = ((mesh.parameters.network,) if ipv4 else ()) + (network_ipv6(mesh.parameters),)
    peers = (_desired_peer(mesh, peer, now) for peer in mesh.present_peers)
    return Device(
        private=mesh.generation,
        listen_port=mesh.listen_port,
        mtu=mtu(mesh),
        up=True,
        addresses=tuple(sorted(addresses)),
        routes=tuple(sorted(routes)),
        peers=tuple(sorted(peers, key=lambda peer: peer.public_key)),
    )


def _desired_peer(mesh: Mesh, peer: Peer, now: int) -> DevicePeer:
    endpoint = endpoints.turn(mesh, peer, now)
    # A keepalive is what makes WireGuard begin a handshake: the waiting side sets it once there was one.
    keepalive = endpoints.KEEPALIVE_SECONDS if endpoint else 0
    return DevicePeer(peer.public_key, mesh.generation, endpoint, tuple(sorted(allowed_ips(mesh, peer))), keepalive)


def allowed_ips(mesh: Mesh, peer: Peer) -> list[str]:
    """The addresses whose traffic goes to this peer: its IPv6 always, its IPv4 where nobody else has it."""
    has_ipv4 = peer.ipv4 != mesh.ipv4 and mesh.routed.get(peer.ipv4) == peer.identity
    return ([f"{peer.ipv4}/32"] if has_ipv4 else []) + [f"{peer.ipv6}/128"]


def overlap(mesh: Mesh) -> str:
    """An attached network that the mesh's IPv4 range overlaps; empty if there is none. Then IPv6 alone is used."""
    assert mesh.parameters
    ours = network_of(mesh.parameters.network)
    networks = (network_of(prefix) for i in mesh.interfaces for prefix in i.prefixes)
    return next((str(network) for network in networks if network.version == 4 and ours.overlaps(network)), "")


def mtu(mesh: Mesh) -> int:
    """What fits the narrowest interface that carries endpoints, in bytes."""
    narrowest = min((interface.mtu for interface in mesh.interfaces), default=MOST_MTU + WIREGUARD_OVERHEAD)
    return max(LEAST_MTU, min(MOST_MTU, narrowest - WIREGUARD_OVERHEAD))
