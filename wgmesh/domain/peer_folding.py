"""What events say of peers, folded: who they are, which of them belong on the device, and who gets an address."""

from typing import TypeVar, assert_never

from msgspec.structs import replace

from wgmesh.domain import events as e
from wgmesh.domain import silences
from wgmesh.domain.facts import Tombstone
from wgmesh.domain.identity import sign_twin
from wgmesh.domain.introduce import discover, update
from wgmesh.domain.mesh import DIGEST_MODULUS, Mesh, fingerprint
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import Ground

# Tombstones at most; the oldest goes first.
TOMBSTONE_CAP = 4096

Value = TypeVar("Value")

PeerEvent = (
    e.PeerDiscovered
    | e.PeerUpdated
    | e.PeerEndpointObserved
    | e.PeerConnected
    | e.PeerRoamed
    | e.PeerDisconnected
    | e.PeersSighted
    | e.PeerExpired
    | e.PeerLeft
    | e.PeerBanned
    | e.PeerUnbanned
    | e.PeersPurged
    | e.RouteContested
)


def evolve_peer(mesh: Mesh, event: PeerEvent, cause: str, ground: Ground) -> Mesh:
    """The mesh after what a record says of a peer. A peer that no record introduced is a `KeyError`: a broken log."""
    match event:
        case e.PeerDiscovered():
            return _store(_make_way(mesh, event.identity, ground), discover(event, cause, ground))
        case e.PeerUpdated():
            return _store(mesh, update(mesh.peers[event.identity], event, cause, ground))
        case e.PeerEndpointObserved(identity, layer, endpoint):
            mesh = replace(mesh, unanswered=silences.answered(mesh.unanswered, identity, endpoint))
            return _put(mesh, mesh.peers[identity].observe(layer, endpoint, ground))
        case e.PeerConnected(identity, endpoint):
            return _put(mesh, mesh.peers[identity].connect(endpoint, ground))
        case e.PeerRoamed(identity, endpoint):
            return _put(mesh, replace(mesh.peers[identity], proven=endpoint, proved=ground, heard_at=ground.at))
        case e.PeerDisconnected(identity):
            return _put(mesh, mesh.peers[identity].disconnect(ground))
        case e.PeersSighted(sightings):
            return _sight(mesh, sightings, ground)
        case e.PeerExpired(identity):
            return _store(mesh, replace(mesh.peers[identity], expired=ground))
        case e.PeerLeft(identity, incarnation, signed):
            gone = replace(mesh.peers[identity], incarnation=incarnation, signed=signed, left=ground, connected=None)
            return _store(mesh, gone)
        case e.PeerBanned(public_key):
            return _ban(mesh, public_key, ground)
        case e.PeerUnbanned(public_key):
            return _unban(mesh, public_key, ground)
        case e.PeersPurged():
            return _purge(mesh, event, ground)
        case e.RouteContested():
            return mesh
        case _:
            assert_never(event)


def _make_way(mesh: Mesh, identity: bytes, ground: Ground) -> Mesh:
    """Who is let in is not refused or gone any more, and replaces its sign twin: one WireGuard key is one peer."""
    mesh = replace(mesh, refused=_without(mesh.refused, identity), tombstones=_without(mesh.tombstones, identity))
    mesh = replace(mesh, unanswered=silences.answered(mesh.unanswered, identity))
    twin = mesh.peers.get(sign_twin(identity))
    return _store(mesh, replace(twin, expired=ground, connected=None)) if twin else mesh


def _purge(mesh: Mesh, event: e.PeersPurged, ground: Ground) -> Mesh:
    """Of each a tombstone stays, and nothing else that was held of it alone."""
    gone = tuple(mesh.peers[identity] for identity in event.purged)
    stones = _without(mesh.tombstones, *event.lapsed) | {
        each.identity: Tombstone(each.hostname, each.incarnation, each.counter, _share(each), ground) for each in gone
    }
    mesh = replace(
        mesh,
        peers=_without(mesh.peers, *event.purged),
        tombstones=dict([*stones.items()][-TOMBSTONE_CAP:]),
        digest=(mesh.digest - sum(fingerprint(each.signed) for each in gone)) % DIGEST_MODULUS,
        reflected=_without(mesh.reflected, *event.purged),
        skewed=_without(mesh.skewed, *event.purged),
        witnessed=_without(mesh.witnessed, *event.purged),
        missed=_without(mesh.missed, *event.purged),
    )
    return replace(mesh, routed=_route(mesh, tuple(each.ipv4 for each in gone if each.ipv4)))


def _share(peer: Peer) -> bytes:
    return fingerprint(peer.signed).to_bytes(8)


def _without(table: dict[bytes, Value], *keys: bytes) -> dict[bytes, Value]:
    return {key: value for key, value in table.items() if key not in keys}


def _ban(mesh: Mesh, public_key: bytes, ground: Ground) -> Mesh:
    mesh = replace(mesh, banned={**mesh.banned, public_key: ground})
    for peer in _with_key(mesh, public_key):
        mesh = _store(mesh, peer.disconnect(ground) if peer.connected else peer)
    return mesh


def _unban(mesh: Mesh, public_key: bytes, ground: Ground) -> Mesh:
    """Who is let back in is tried like one that just fell silent."""
    mesh = replace(mesh, banned={key: since for key, since in mesh.banned.items() if key != public_key})
    for peer in _with_key(mesh, public_key):
        mesh = _store(mesh, peer.disconnect(ground) if peer.proven else peer)
    return mesh


def _with_key(mesh: Mesh, public_key: bytes) -> tuple[Peer, ...]:
    """One, none, or a peer and its expired sign twin."""
    return tuple(peer for peer in mesh.peers.values() if peer.public_key == public_key)


def _put(mesh: Mesh, peer: Peer) -> Mesh:
    return replace(mesh, peers={**mesh.peers, peer.identity: peer})


def _store(mesh: Mesh, peer: Peer) -> Mesh:
    """Hold a peer whose record, address or presence is new: the digest and the routing of addresses follow."""
    before = mesh.peers.get(peer.identity)
    digest = mesh.digest + fingerprint(peer.signed) - (fingerprint(before.signed) if before else 0)
    mesh = _put(mesh, peer)
    contested = tuple(p.ipv4 for p in (before, peer) if p is not None and p.ipv4)
    return replace(mesh, digest=digest % DIGEST_MODULUS, routed=_route(mesh, contested))


def _route(mesh: Mesh, contested: tuple[str, ...]) -> dict[str, bytes]:
    """Who gets the traffic of these addresses: the one that had it while it claims it, else the lowest key."""
    routed = dict(mesh.routed)
    for address in contested:
        holder = mesh.peers.get(routed.pop(address, b""))
        if holder is None or holder.ipv4 != address or not mesh.uses(holder):
            rivals = [rival for rival in mesh.peers.values() if rival.ipv4 == address and mesh.uses(rival)]
            holder = min(rivals, key=lambda rival: rival.public_key, default=None)
        if holder is not None:
            routed[address] = holder.identity
    return routed


def _sight(mesh: Mesh, sightings: tuple[e.Sighting, ...], ground: Ground) -> Mesh:
    peers = dict(mesh.peers)
    for seen in sightings:
        peer = peers[seen.identity]
        heard_at = ground.at - seen.heard_age if seen.heard_age >= 0 else peer.heard_at
        peers[seen.identity] = replace(peer, rx_bytes=seen.rx_bytes, tx_bytes=seen.tx_bytes, heard_at=heard_at)
    return replace(mesh, peers=peers)
