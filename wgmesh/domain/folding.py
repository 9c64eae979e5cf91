"""The one fold that makes a `Mesh` out of records. `evolve` is the only place that gives events meaning.

What events say of peers is folded in `peer_folding`, of relays in `relay_folding`.
"""

from collections.abc import Iterable
from typing import Any, assert_never

from msgspec.structs import replace

from wgmesh.domain import events as e
from wgmesh.domain import silences
from wgmesh.domain.facts import Clone, Entry, Failure, Layer, Nat, Reflection, Refusal, Skew, Witness, family_of
from wgmesh.domain.mesh import DIGEST_MODULUS, Mesh, fingerprint
from wgmesh.domain.own_record import own_endpoints
from wgmesh.domain.peer_folding import evolve_peer
from wgmesh.domain.peer_record import INCARNATION_END
from wgmesh.domain.records import Record
from wgmesh.domain.relay_folding import evolve_relay
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import Ground, Incarnation, Interface


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
            entry = mesh.entry if _registry(mesh.settings) == _registry(settings) else None
            return replace(_restate(mesh), settings=settings, entry=entry)
        case e.InterfacesChanged(interfaces, attached, virtual):
            told = _move(mesh, interfaces, ground) if interfaces != mesh.interfaces else mesh
            return replace(told, attached=attached, virtual=virtual)
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
        case e.AnnouncerElected() | e.RegistryEntryFound() | e.RegistryEntryCreated() as event:
            return _evolve_finding(mesh, event, ground)
        case e.LayerSuspended(layer, reason):
            return replace(mesh, layers={**mesh.layers, layer: Layer(reason, ground)})
        case e.LayerResumed(layer):
            return replace(mesh, layers={**mesh.layers, layer: Layer("", ground)})
        case e.StateCarried() | e.LogCompacted() | e.LogRecovered() | e.LogGap() | e.HeadWitnessed():
            return _evolve_log(mesh, record.event, ground)
        case e.PeerDiscovered() | e.PeerUpdated() | e.PeerEndpointObserved() | e.PeerConnected() | e.PeerRoamed():
            return evolve_peer(mesh, record.event, record.cause, ground)
        case e.PeerDisconnected() | e.PeersSighted() | e.PeerExpired() | e.PeerLeft() | e.PeerBanned():
            return evolve_peer(mesh, record.event, record.cause, ground)
        case e.PeerUnbanned() | e.PeersPurged() | e.RouteContested():
            return evolve_peer(mesh, record.event, record.cause, ground)
        case e.RelayPortChosen() | e.PeerRelayed() | e.PeerUnrelayed() | e.RelayOpened() | e.RelayClosed():
            return evolve_relay(mesh, record.event, ground)
        case _ as event:
            return _evolve_oddity(mesh, event, ground)


LogEvent = e.StateCarried | e.LogCompacted | e.LogRecovered | e.LogGap | e.HeadWitnessed


def _evolve_log(mesh: Mesh, event: LogEvent, ground: Ground) -> Mesh:
    """What the log says of itself, and of those of others."""
    match event:
        case e.StateCarried():
            return _carry(event, ground)
        case e.LogCompacted(through):
            return replace(mesh, dropped=through)
        case e.LogRecovered():
            return replace(mesh, recovered=ground)
        case e.HeadWitnessed(identity, through, head):
            return replace(mesh, witnessed={**mesh.witnessed, identity: Witness(through, head, ground)})
        case e.LogGap():
            return replace(mesh, gap=ground)
        case _:
            assert_never(event)


# Peers whose word on our address is kept; the oldest word goes first.
REFLECTION_CAP = 8

Oddity = (
    e.PeerRefused
    | e.ForeignPeerSeen
    | e.NewerPeerSeen
    | e.DatagramsRejected
    | e.EndpointReflected
    | e.NatDetected
    | e.ClockSkewObserved
    | e.ClockStepped
    | e.HelloUnanswered
    | e.DaemonMissed
    | e.DaemonReturned
    | e.IntroducerCurbed
)


def _evolve_oddity(mesh: Mesh, event: Oddity, ground: Ground) -> Mesh:
    """What is worth a person's look, and changes nothing about who is in the mesh."""
    match event:
        case e.EndpointReflected(identity, endpoint):
            others = [item for item in mesh.reflected.items() if item[0] != identity][1 - REFLECTION_CAP :]
            return _say_where(mesh, reflected=dict(others) | {identity: Reflection(endpoint, ground)})
        case e.NatDetected(kind, endpoint):
            return _say_where(mesh, nats={**mesh.nats, family_of(endpoint): Nat(kind, endpoint, ground)})
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
        case e.HelloUnanswered():
            return replace(mesh, unanswered=silences.note(mesh.unanswered, event, ground))
        case e.DaemonMissed(identity):
            return replace(mesh, missed={**mesh.missed, identity: ground})
        case e.DaemonReturned(back):
            return replace(mesh, missed={each: since for each, since in mesh.missed.items() if each != back})
        case e.IntroducerCurbed():
            return mesh
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
        reflected={},
        nats={},
    )


def _evolve_finding(
    mesh: Mesh, event: e.AnnouncerElected | e.RegistryEntryFound | e.RegistryEntryCreated, ground: Ground
) -> Mesh:
    match event:
        case e.AnnouncerElected(elected):
            return replace(mesh, announcer=ground if elected else None)
        case e.RegistryEntryFound(number):
            return replace(mesh, entry=_entry(mesh, number, ground))
        case e.RegistryEntryCreated(number):
            return replace(mesh, entry=Entry(number, ground, number, ground))
        case _:
            assert_never(event)


def _entry(mesh: Mesh, number: int, ground: Ground) -> Entry:
    """Another issue is where the mesh meets; what we made ourselves once is not forgotten."""
    return replace(mesh.entry, number=number, since=ground) if mesh.entry else Entry(number, ground, 0, None)


def _registry(settings: NodeSettings | None) -> tuple[str, str]:
    """Which registry it is: numbers of issues count in that one alone."""
    return (settings.registry_url, settings.registry_repo) if settings else ("", "")


def _carry(event: e.StateCarried, ground: Ground) -> Mesh:
    facts: dict[str, Any] = {name: getattr(event, name) for name in event.__struct_fields__}
    facts["peers"] = {peer.identity: peer for peer in event.peers}
    digest = sum(fingerprint(peer.signed) for peer in event.peers) % DIGEST_MODULUS
    return Mesh(head=ground, digest=digest, **facts)


def carried(mesh: Mesh) -> e.StateCarried:
    """All that this mesh holds, as the event that makes it out of nothing. The node must have started."""
    facts: dict[str, Any] = {name: getattr(mesh, name) for name in e.StateCarried.__struct_fields__}
    return e.StateCarried(**facts | {"peers": tuple(mesh.peers.values())})


def _move(mesh: Mesh, interfaces: tuple[Interface, ...], ground: Ground) -> Mesh:
    """We are elsewhere, and say so: what a NAT made of us where we were says nothing of where we are.

    A container that comes or goes is no move.
    """
    return replace(_restate(mesh), interfaces=interfaces, networked=ground, reflected={}, nats={})


def _say_where(mesh: Mesh, **seen: Any) -> Mesh:
    """Others saw us somewhere: our record says something new if it names another address now."""
    after = replace(mesh, **seen)
    return after if own_endpoints(after) == own_endpoints(mesh) else _restate(after)


def _restate(mesh: Mesh) -> Mesh:
    """This node's own record says something new: a higher incarnation of it."""
    return _raise(mesh, mesh.incarnation)


def _raise(mesh: Mesh, above: Incarnation) -> Mesh:
    """Up to the last that others take: who stands there has no more news for them, and lives on."""
    return replace(mesh, incarnation=Incarnation(above.boot, min(above.sequence + 1, INCARNATION_END - 1)))
