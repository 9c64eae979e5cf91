"""The second interface, which carries relayed tunnels: what it should look like, and what turns it into that.

It has the key and the addresses of the first one, and a peer for each pair that is relayed, was until a moment ago, or
may be soon: with the same keys, and a port of the relay's mesh address as its endpoint. The routes through it are the
switch: the host routes of a peer lead here while it is relayed, and not otherwise. Without such peers there is no such
interface.
"""

from collections.abc import Container, Iterator, Mapping

from wgmesh.domain import relays, routes
from wgmesh.domain.attached import has_ipv4
from wgmesh.domain.device import Change, Device, DevicePeer, DeviceSample
from wgmesh.domain.endpoints import OUT_OF_STEP
from wgmesh.domain.keepalive import KEEPALIVE_SECONDS
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.relay_state import Lease
from wgmesh.domain.returning import GUARDED
from wgmesh.domain.values import SECOND, Endpoint, PublicKey
from wgmesh.projections.desired_device import LEAST_MTU, WIREGUARD_OVERHEAD, allowed_ips, mtu
from wgmesh.projections.device_changes import device_changes

Leases = Mapping[bytes, Lease]

# The side that begins leaves the other so long to make its interface. A call that comes before is made again after 5 s.
HEAD_START = SECOND // 2


def desired_relay(
    mesh: Mesh, now: int, leases: Leases, met: Container[PublicKey] = (), busy: Container[PublicKey] = ()
) -> Device | None:
    """The second interface at `now` (ms on `awake`), if one is needed.

    `leases`: what relays granted. `met`: keys that shook hands on it. `busy`: keys that sent something on it of late.
    """
    if not mesh.relay_port or mesh.departed is not None or mesh.is_silent(now):
        return None
    peers = [
        _peer(mesh, peer, endpoint if _may_begin(mesh, peer, leases, met, now) else None)
        for peer in mesh.present_peers
        if (endpoint := _way(mesh, peer, now, leases, busy)) is not None
    ]
    if not peers:
        return None
    ipv4 = (f"{mesh.ipv4}/32",) if has_ipv4(mesh) and mesh.ipv4 else ()
    through = [prefix for peer in mesh.present_peers if peer.relayed for prefix in behind(mesh, peer)]
    return Device(
        private=mesh.generation,
        listen_port=mesh.relay_port,
        mtu=max(LEAST_MTU, mtu(mesh) - WIREGUARD_OVERHEAD),
        up=True,
        addresses=tuple(sorted((*ipv4, f"{mesh.ipv6}/128"))),
        routes=tuple(sorted(through)),
        peers=tuple(sorted(peers, key=lambda peer: peer.public_key)),
    )


def wanted_relay_changes(mesh: Mesh, sample: DeviceSample, now: int, leases: Leases) -> tuple[Change, ...] | None:
    """The changes to make; empty when the interface is as it should be, None when it is to go."""
    heard = {each.public_key: each.received_age for each in sample.traffic if each.received_age is not None}
    met = {each.public_key: True for each in sample.traffic if each.handshaken or each.rx_bytes}
    busy = {key: True for key, age in heard.items() if age < GUARDED}
    moved = _moved(mesh, sample, now, leases, heard)
    met = {key: True for key in met if key not in moved}
    wished = desired_relay(mesh, now, leases, met, busy)
    if wished is None:
        return () if sample.device is None else None
    known = {peer.public_key: True for peer in mesh.peers.values()}
    known |= {peer.public_key: True for peer in (sample.device.peers if sample.device else ())}
    return device_changes(sample.device, wished, known=known, fresh=met, handshaken=met, fallen=moved)


def _moved(
    mesh: Mesh, sample: DeviceSample, now: int, leases: Leases, heard: Mapping[PublicKey, int]
) -> dict[PublicKey, bool]:
    """Who got another relay, through which nothing came yet: its session begins anew, by which both sides hear of it.

    A session that goes on would be silent until somebody has something to say.
    """
    found = {peer.public_key: peer.endpoint for peer in (sample.device.peers if sample.device else ())}
    moved = {}
    for identity, lease in leases.items():
        key = mesh.peers[identity].public_key
        is_elsewhere = found.get(key) not in (None, _way(mesh, mesh.peers[identity], now, leases, ()))
        if is_elsewhere and heard.get(key, now) > now - lease.since:
            moved[key] = True
    return moved


def behind(mesh: Mesh, peer: Peer) -> Iterator[str]:
    """The peer's own addresses, and the routes behind it that this node accepts."""
    yield from allowed_ips(mesh, peer)
    if mesh.settings and mesh.settings.accept_routes:
        yield from (prefix for prefix, owner in routes.used(mesh).items() if owner == peer.identity)


def _way(mesh: Mesh, peer: Peer, now: int, leases: Leases, busy: Container[PublicKey]) -> Endpoint | None:
    """Which gate leads to the peer; a way that was left stays for as long as the other side may still come by it."""
    lease, last = leases.get(peer.identity), peer.unrelayed
    if lease and relays.serves(mesh, lease.relay):
        return Endpoint(mesh.peers[lease.relay].ipv6, lease.port)
    if peer.relayed:
        return Endpoint(mesh.peers[peer.relayed.relay].ipv6, peer.relayed.port)
    if last and (now - last.since.awake < GUARDED or peer.public_key in busy) and last.relay in mesh.peers:
        return Endpoint(mesh.peers[last.relay].ipv6, last.port)
    return None


def _may_begin(mesh: Mesh, peer: Peer, leases: Leases, met: Container[PublicKey], now: int) -> bool:
    """Exactly one side begins the first handshake; the other waits for it, and begins itself when none came."""
    lease, last = leases.get(peer.identity), peer.unrelayed
    if lease is None or peer.public_key in met:
        return True
    is_ready = peer.relayed is not None or (last is not None and now - last.since.awake < GUARDED)
    if mesh.is_initiator_for(peer):
        return is_ready or now - lease.since >= HEAD_START
    return now - lease.since >= OUT_OF_STEP


def _peer(mesh: Mesh, peer: Peer, endpoint: Endpoint | None) -> DevicePeer:
    """With a keepalive, by which both sides see that the way leads somewhere, and the relay that it is used."""
    allowed = tuple(sorted(behind(mesh, peer)))
    keepalive = KEEPALIVE_SECONDS if endpoint else 0
    return DevicePeer(peer.public_key, mesh.generation, endpoint, allowed, keepalive)
