"""What the log says: one value, and the one fold that makes it. `evolve` is the only place that gives events meaning.

A `Mesh` depends on records alone, so the same log gives the same mesh, byte for byte, wherever it is folded.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, assert_never

from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain import events as e
from wgmesh.domain.facts import Clone, Failure, Layer, Reflection, Refusal, Skew, Witness
from wgmesh.domain.identity import sign_twin, wireguard_key
from wgmesh.domain.introduce import discover, update
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.peer import Peer
from wgmesh.domain.records import Record
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import SECOND, Endpoint, Ground, Incarnation, Interface

GENESIS = Ground(0, 0, 0)
DIGEST_MODULUS = 2**64
# Peers whose word on our address is kept, and nodes whose clocks differ from ours; the oldest word goes first.
REFLECTION_CAP = 8
# How long a node that gives way to its clone still speaks.
LAST_WORDS = 5 * SECOND
SKEW_CAP = 64


class Mesh(Struct, frozen=True):
    """This node and all it knows. `routed` names, by IPv4 address, the peer whose tunnel it goes through.

    `attached` are the networks of this machine that are no LAN of the mesh; of these, `virtual` are containers' and
    other VPNs'. `banned` are the WireGuard keys that the operator wants nothing to do with.
    `announcer`: since when this node keeps the mesh findable in the DHT.

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
    witnessed: dict[bytes, Witness] = {}
    clone: Clone | None = None

    @property
    def present_peers(self) -> tuple[Peer, ...]:
        """Those that belong on the device, in the order in which they became known."""
        return tuple(peer for peer in self.peers.values() if self.uses(peer))

    @property
    def listed_peers(self) -> tuple[Peer, ...]:
        """Those that belong in a list: the present ones, and who is kept out."""
        return tuple(peer for peer in self.peers.values() if peer.present or self.bans(peer))

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
        clone = self.clone
        return clone is not None and self.life < clone.life and now - clone.since.awake >= LAST_WORDS

    def works(self, layer: str) -> bool:
        """Does this layer work, and are we in the mesh?"""
        known = self.layers.get(layer)
        return self.departed is None and known is not None and not known.reason

    def is_initiator_for(self, peer: Peer) -> bool:
        """Exactly one side of a pair begins the first handshake: the lower WireGuard key."""
        return self.public_key < peer.public_key


def fold(records: Iterable[Record], mesh: Mesh | None = None) -> Mesh:
    """The mesh that these records make, on top of an earlier one."""
    mesh = mesh or Mesh()
    for record in records:
        mesh = evolve(mesh, record)
    return mesh


def evolve(mesh: Mesh, record: Record) -> Mesh:
    """The mesh after one more record. Total: every event of the catalogue has its line here or below."""
    ground = Ground(record.sequence, record.at, record.awake)
    mesh = replace(mesh, head=ground)
    match record.event:
        case e.MeshJoined() as event:
            return _join(mesh, event, ground)
        case e.NodeStarted() as event:
            return _start(mesh, event, ground)
        case e.NodeStopped():
            return replace(mesh, stopped=ground)
        case e.MeshLeft():
            return replace(_restate(mesh), departed=ground)
        case e.SettingsChanged(settings):
            return replace(_restate(mesh), settings=settings)
        case e.InterfacesChanged(interfaces):
            return replace(_restate(mesh), interfaces=interfaces, networked=ground)
        case e.NetworksAttached(attached, virtual):
            return replace(mesh, attached=attached, virtual=virtual)
        case e.MeshAddressChanged(nonce, ipv4):
            return replace(_restate(mesh), nonce=nonce, ipv4=ipv4, addressed=ground)
        case e.OwnRecordOutrun(above, nonce, ipv4):
            return replace(_raise(mesh, above), nonce=nonce, ipv4=ipv4, addressed=ground, outrun=ground)
        case e.CloneDetected(above, life):
            return replace(_raise(mesh, above), clone=Clone(life, ground))
        case e.AddressCollisionResolved() | e.NodeSuspended():
            return mesh
        case e.RecordRenewed():
            return _restate(mesh)
        case e.EndpointsDeclared(endpoints):
            return replace(_restate(mesh), located=endpoints)
        case e.DeviceChanged(_, failing):
            return replace(mesh, device=ground, failure=mesh.failure if failing else None)
        case e.DeviceChangeFailed(changes, errors):
            return replace(mesh, failure=Failure(changes, errors, ground))
        case e.AnnouncerElected(elected):
            return replace(mesh, announcer=ground if elected else None)
        case e.LayerSuspended(layer, reason):
            return replace(mesh, layers={**mesh.layers, layer: Layer(reason, ground)})
        case e.LayerResumed(layer):
            return replace(mesh, layers={**mesh.layers, layer: Layer("", ground)})
        case e.StateCarried() as event:
            return _carry(event, ground)
        case e.LogCompacted(through):
            return replace(mesh, dropped=through)
        case e.LogRecovered():
            return replace(mesh, recovered=ground)
        case e.HeadWitnessed(identity, through, head):
            return replace(mesh, witnessed={**mesh.witnessed, identity: Witness(through, head, ground)})
        case e.LogGap():
            return replace(mesh, gap=ground)
        case e.PeerDiscovered() | e.PeerUpdated() | e.PeerEndpointObserved() | e.PeerConnected() | e.PeerRoamed():
            return _evolve_peer(mesh, record.event, record.cause, ground)
        case e.PeerDisconnected() | e.PeersSighted() | e.PeerExpired() | e.PeerLeft() | e.PeerBanned():
            return _evolve_peer(mesh, record.event, record.cause, ground)
        case e.PeerUnbanned() | e.RouteContested():
            return _evolve_peer(mesh, record.event, record.cause, ground)
        case _ as event:
            return _evolve_oddity(mesh, event, ground)


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
    | e.RouteContested
)


def _evolve_peer(mesh: Mesh, event: PeerEvent, cause: str, ground: Ground) -> Mesh:
    match event:
        case e.PeerDiscovered():
            return _store(_make_way(mesh, event.identity, ground), discover(event, cause, ground))
        case e.PeerUpdated():
            return _store(mesh, update(mesh.peers[event.identity], event, cause, ground))
        case e.PeerEndpointObserved(identity, layer, endpoint):
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
        case e.RouteContested():
            return mesh
        case _:
            assert_never(event)


Oddity = (
    e.PeerRefused
    | e.ForeignPeerSeen
    | e.NewerPeerSeen
    | e.DatagramsRejected
    | e.EndpointReflected
    | e.ClockSkewObserved
    | e.ClockStepped
)


def _evolve_oddity(mesh: Mesh, event: Oddity, ground: Ground) -> Mesh:
    """What is worth a person's look, and changes nothing about who is in the mesh."""
    match event:
        case e.EndpointReflected(identity, endpoint):
            others = [item for item in mesh.reflected.items() if item[0] != identity][1 - REFLECTION_CAP :]
            return replace(mesh, reflected=dict(others) | {identity: Reflection(endpoint, ground)})
        case e.ClockSkewObserved(identity, source, hours):
            return replace(mesh, skewed={**mesh.skewed, identity: Skew(source, hours, ground)})
        case e.PeerRefused(identity, hostname, reason):
            return replace(mesh, refused={**mesh.refused, identity: Refusal(hostname, reason, ground)})
        case e.ForeignPeerSeen(public_key):
            return replace(mesh, foreign=(*mesh.foreign, public_key))
        case e.DatagramsRejected():
            return replace(mesh, rejected=ground)
        case e.NewerPeerSeen(source):
            return replace(mesh, outpaced={**mesh.outpaced, source: ground})
        case e.ClockStepped():
            return replace(mesh, stepped=ground)
        case _:
            assert_never(event)


def _join(mesh: Mesh, event: e.MeshJoined, ground: Ground) -> Mesh:
    return replace(
        mesh,
        identity=event.identity,
        public_key=event.public_key,
        parameters=event.parameters,
        ipv4=event.ipv4,
        ipv6=event.ipv6,
        joined=ground,
        addressed=ground,
    )


def _start(mesh: Mesh, event: e.NodeStarted, ground: Ground) -> Mesh:
    return replace(
        mesh,
        incarnation=Incarnation(event.boot, 0),
        life=event.life,
        program=event.program,
        generation=event.generation,
        listen_port=event.listen_port,
        exchange_port=event.exchange_port,
        started=ground,
        stopped=None,
        departed=None,
        failure=None,
        clone=None,
        layers={},
    )


def _carry(event: e.StateCarried, ground: Ground) -> Mesh:
    facts: dict[str, Any] = {name: getattr(event, name) for name in event.__struct_fields__}
    facts["peers"] = {peer.identity: peer for peer in event.peers}
    digest = sum(fingerprint(peer.signed) for peer in event.peers) % DIGEST_MODULUS
    return Mesh(head=ground, digest=digest, **facts)


def carried(mesh: Mesh) -> e.StateCarried:
    """All that this mesh holds, as the event that makes it out of nothing. The node must have started."""
    facts: dict[str, Any] = {name: getattr(mesh, name) for name in e.StateCarried.__struct_fields__}
    return e.StateCarried(**facts | {"peers": tuple(mesh.peers.values())})


def _restate(mesh: Mesh) -> Mesh:
    """This node's own record says something new: a higher incarnation of it."""
    return _raise(mesh, mesh.incarnation)


def _raise(mesh: Mesh, above: Incarnation) -> Mesh:
    return replace(mesh, incarnation=Incarnation(above.boot, above.sequence + 1))


def _make_way(mesh: Mesh, identity: bytes, ground: Ground) -> Mesh:
    """Who is let in is no longer refused, and is there instead of its sign twin: one WireGuard key is one peer."""
    mesh = replace(mesh, refused={key: refusal for key, refusal in mesh.refused.items() if key != identity})
    twin = mesh.peers.get(sign_twin(identity))
    return _store(mesh, replace(twin, expired=ground, connected=None)) if twin else mesh


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


def fingerprint(signed: bytes) -> int:
    """A record's share in a digest: the first 8 bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(signed).digest()[:8])
