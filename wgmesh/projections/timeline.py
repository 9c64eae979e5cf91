"""The log told to a person: one sentence for every record.

A sentence names nodes as they were known just before the record, so it takes the mesh as it stood then. Whoever prints
it adds the time and the cause, and makes what came from other nodes safe to print.
"""

import re
from collections.abc import Iterator, Sequence
from typing import assert_never

from wgmesh.domain import events as e
from wgmesh.domain.folding import Oddity
from wgmesh.domain.liveness import SILENT_AFTER
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.peer_folding import PeerEvent
from wgmesh.domain.records import Record
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import Interface
from wgmesh.domain.watch import is_cut_off
from wgmesh.projections.relay_sentences import relay_sentence
from wgmesh.projections.wording import amount, counted, duration, key, name_of, named_by, skewed, trouble

# A key as it is written among words.
_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")
# Options that nobody hears of until they are used.
_UNSAID = {
    "advertise_routes": (),
    "accept_routes": (),
    "hosts": False,
    "peers": (),
    "dht": False,
    "dht_bootstrap": (),
    "relay": False,
    "stun": False,
    "stun_servers": (),
    "registry": False,
    "registry_url": "",
    "registry_repo": "",
    "registry_writes": False,
}


def sentence(before: Mesh, record: Record) -> str:
    """What the record says: `discovered lABn…= at 10.71.3.9 (192.168.1.17:51820), hostname beta`."""
    match record.event:
        case e.MeshJoined() as event:
            return f"joined the mesh {event.parameters.network} as {key(event.public_key)}, {event.ipv4}, {event.ipv6}"
        case e.NodeStarted(boot, _, program, _, listen_port, exchange_port):
            exchange = f", exchange port {exchange_port}" if exchange_port else ""
            return f"started wgmesh {program}, boot {boot}, WireGuard port {listen_port}{exchange}"
        case e.NodeStopped(reason):
            return f"stopped ({reason}); tunnels stay up"
        case e.MeshLeft():
            return "left the mesh: goodbye is said, the interface goes"
        case e.SettingsChanged(settings):
            return "settings: " + ", ".join(_changed(before.settings, settings))
        case e.InterfacesChanged(interfaces, attached, virtual):
            lans = "networks: " + ("; ".join(_network(each) for each in interfaces) or "none")
            others = [prefix for prefix in attached if prefix not in virtual]
            return "; ".join([lans, *_beside("others", others), *_beside("containers' and VPNs'", virtual)])
        case e.EndpointsDeclared(endpoints):
            return "reachable, so the operator says, at " + (" ".join(str(each) for each in endpoints) or "nothing")
        case e.MeshAddressChanged(_, "", previous):
            return f"gave up {previous}: no IPv4 address is left, IPv6 stays"
        case e.MeshAddressChanged(_, ipv4, previous):
            return f"moved from {previous} to {ipv4}"
        case e.RecordRenewed() | e.OwnRecordOutrun() | e.CloneDetected():
            return _of_our_record(before, record.event)
        case e.NodeSuspended(slept):
            return f"this machine was asleep for {duration(slept)}"
        case e.LayerSuspended(layer, reason):
            return trouble(layer, reason)
        case e.LayerResumed("gossip") if is_cut_off(before):
            return "this node hears others again"
        case e.LayerResumed(layer):
            return f"layer {layer} works"
        case e.AnnouncerElected() | e.RegistryEntryFound() | e.RegistryEntryCreated() as event:
            return _of_finding(event)
        case e.HeadWitnessed() as event:
            return _of_a_witness(before, event)
        case e.StateCarried() | e.LogCompacted() | e.LogRecovered() | e.LogGap() as event:
            return _of_the_log(record.at, event)
        case e.DeviceChanged(changes, failing):
            still = (f"{counted(failing, 'change')} still failing",) if failing else ()
            return "WireGuard: " + "; ".join((*(_named(before, change) for change in changes), *still))
        case e.DeviceChangeFailed(changes, errors):
            refused = (f"{_named(before, change)} ({error})" for change, error in zip(changes, errors, strict=False))
            return "the system refused: " + "; ".join(refused)
        case e.AddressCollisionResolved(address, kept_by, given_up_by):
            keeper, loser = name_of(before, kept_by), name_of(before, given_up_by)
            return f"two nodes had {address}: {keeper} keeps it, {loser} gives it up"
        case e.PeerDiscovered() | e.PeerUpdated() | e.PeerEndpointObserved() | e.PeerConnected() | e.PeerRoamed():
            return _of_peers(before, record.event)
        case e.PeerDisconnected() | e.PeersSighted() | e.PeerExpired() | e.PeerLeft() | e.PeerBanned():
            return _of_peers(before, record.event)
        case e.PeerUnbanned() | e.PeersPurged() | e.RouteContested():
            return _of_peers(before, record.event)
        case e.RelayPortChosen() | e.PeerRelayed() | e.PeerUnrelayed() | e.RelayOpened() | e.RelayClosed() as event:
            return relay_sentence(before, event)
        case _ as event:
            return _of_oddities(before, event)


def _of_finding(event: e.AnnouncerElected | e.RegistryEntryFound | e.RegistryEntryCreated) -> str:
    match event:
        case e.AnnouncerElected(elected):
            return "keeps the mesh findable in the DHT from now on" if elected else "leaves the DHT to others"
        case e.RegistryEntryFound(number):
            return f"the mesh meets in issue {number} of the registry"
        case e.RegistryEntryCreated(number):
            return f"made issue {number} of the registry, where the mesh meets from now on"
        case _:
            assert_never(event)


def _named(before: Mesh, change: str) -> str:
    """The change with the name of the peer that it is about, where the name is its alone."""
    found = _KEY.search(change)
    owner = next((peer for peer in before.peers.values() if found and key(peer.public_key) == found[0]), None)
    return change.replace(key(owner.public_key), name_of(before, owner.identity)) if owner else change


def _of_our_record(before: Mesh, event: e.RecordRenewed | e.OwnRecordOutrun | e.CloneDetected) -> str:
    match event:
        case e.RecordRenewed():
            return "nobody is connected and nobody answers: saying the same again as news"
        case e.OwnRecordOutrun(_, _, ipv4):
            return f"a peer has a later record of this node (a restored backup?): going on as {ipv4 or 'IPv6 alone'}"
        case e.CloneDetected(_, life):
            loser = "the other" if before.life > life else "this one"
            return f"another machine runs under this node's identity (a cloned image?): {loser} falls silent"
        case _:
            assert_never(event)


def _of_the_nat(event: e.NatDetected) -> str:
    witnesses = " and ".join(
        counted(len(them), what) for them, what in ((event.members, "peer"), (event.servers, "STUN server")) if them
    )
    what = {
        "none": "there is no NAT",
        "easy": "an easy NAT, the same for everybody",
        "hard": "a hard NAT, another port for each",
        "unknown": "nobody else has confirmed it",
    }[event.kind]
    return f"WireGuard's port is seen at {event.endpoint} by {witnesses}: {what}"


def _of_oddities(before: Mesh, event: Oddity) -> str:
    match event:
        case e.EndpointReflected(identity, endpoint):
            return f"{name_of(before, identity)} sees this node's exchange at {endpoint}: there is a NAT between"
        case e.NatDetected():
            return _of_the_nat(event)
        case e.ClockSkewObserved(identity, source, hours):
            return f"not answered: {skewed(name_of(before, identity), source, hours)}"
        case e.PeerRefused(identity, hostname, reason):
            return f"refused {name_of(before, identity)}, hostname {hostname or 'unknown'}: {reason}"
        case e.ForeignPeerSeen(public_key):
            return f"the interface has a peer that wgmesh did not put there, {key(public_key)}: it stays"
        case e.DatagramsRejected(counts, sources):
            reasons = ", ".join(f"{reason} {count}" for reason, count in counts.items())
            return f"dropped {counted(sum(counts.values()), 'datagram')} ({reasons}), mostly from {', '.join(sources)}"
        case e.NewerPeerSeen(source):
            return f"{source} has the secret and speaks a newer protocol: update wgmesh on this machine"
        case e.HelloUnanswered() | e.DaemonMissed() | e.DaemonReturned():
            return _of_silences(before, event)
        case e.IntroducerCurbed(teller, source):
            who = name_of(before, teller) if teller else source
            return f"{who} tells of more unknown nodes than one may: the rest has to wait"
        case e.ClockStepped(step):
            return f"the wall clock was set {'forward' if step > 0 else 'back'} by {duration(abs(step))}"
        case _:
            assert_never(event)


def _of_silences(before: Mesh, event: e.HelloUnanswered | e.DaemonMissed | e.DaemonReturned) -> str:
    match event:
        case e.HelloUnanswered(identity, hostname, "lan", address):
            name = hostname or name_of(before, identity)
            return f"{name} is heard on the LAN, and does not answer at {address}: a firewall there?"
        case e.HelloUnanswered(layer=layer, address=address):
            return f"nobody answers at {address}, which {named_by(layer)} named"
        case e.DaemonMissed(identity, silence):
            name = name_of(before, identity)
            return f"the daemon of {name} says nothing for {duration(silence)}; its machine answers, its tunnel stays"
        case e.DaemonReturned(identity):
            return f"the daemon of {name_of(before, identity)} is heard again"
        case _:
            assert_never(event)


def _of_peers(before: Mesh, event: PeerEvent) -> str:
    match event:
        case e.PeerDiscovered():
            return f"discovered {key(event.public_key)} at {_place(event)}, hostname {event.hostname or 'unknown'}"
        case e.PeerUpdated(identity):
            return f"news of {name_of(before, identity)}: {', '.join(_news(before.peers[identity], event))}"
        case e.PeerEndpointObserved(identity, _, endpoint):
            return f"{name_of(before, identity)} answered: WireGuard can try it at {endpoint}"
        case e.PeerConnected(identity, endpoint):
            return f"connected with {name_of(before, identity)} at {endpoint}"
        case e.PeerRoamed(identity, endpoint, previous):
            return f"{name_of(before, identity)} roamed from {previous} to {endpoint}"
        case e.PeerDisconnected(identity, silence):
            return f"{name_of(before, identity)} is silent, no sign for {duration(silence)}{_though_asked(silence)}"
        case e.PeersSighted(sightings):
            return "roll call: " + "; ".join(_sighting(before, each) for each in sightings)
        case e.PeerExpired(identity, silence):
            return f"forgot {name_of(before, identity)} after {duration(silence)} of silence"
        case e.PeerLeft(identity):
            return f"{name_of(before, identity)} said goodbye"
        case e.PeerBanned(public_key):
            return f"banned {_bearer(before, public_key)}: this node no longer talks to that key"
        case e.PeerUnbanned(public_key):
            return f"let {_bearer(before, public_key)} back in"
        case e.PeersPurged(purged, lapsed):
            return "; ".join(_partings(before, purged, lapsed))
        case e.RouteContested(prefix, used_by, refused):
            return f"{name_of(before, used_by)} and {name_of(before, refused)} both announce {prefix}: the first has it"
        case _:
            assert_never(event)


def _partings(before: Mesh, purged: tuple[bytes, ...], lapsed: tuple[bytes, ...]) -> Iterator[str]:
    if purged:
        yield "let go of " + ", ".join(name_of(before, identity) for identity in purged)
    if lapsed:
        yield "forgot that there was " + ", ".join(name_of(before, identity) for identity in lapsed)


def _bearer(before: Mesh, public_key: bytes) -> str:
    """Who has this WireGuard key; the key itself where nobody is known to."""
    owner = next((peer for peer in before.peers.values() if peer.public_key == public_key), None)
    return name_of(before, owner.identity) if owner else key(public_key)


def _of_a_witness(before: Mesh, event: e.HeadWitnessed) -> str:
    known = before.witnessed.get(event.identity)
    loss = f": fewer than the {known.through} of before, was it cut?" if known and event.through < known.through else ""
    name = name_of(before, event.identity)
    return f"{name} says that its log reaches record {event.through}, chain {event.head.hex()}{loss}"


def _of_the_log(at: int, event: e.StateCarried | e.LogCompacted | e.LogRecovered | e.LogGap) -> str:
    match event:
        case e.StateCarried(peers=peers):
            return f"carried the state along, {counted(len(peers), 'peer')}: the records before this one can go"
        case e.LogCompacted(through):
            return f"dropped the records up to {through}: the log begins at {through + 1}"
        case e.LogRecovered(file, first_bad, resumes_at):
            return (
                f"the log was damaged at record {first_bad} and set aside as {file}; this one resumes at {resumes_at}"
            )
        case e.LogGap(dropped, since):
            return f"the disk was full for {duration(at - since)}: {counted(dropped, 'input')} dropped undecided"
        case _:
            assert_never(event)


def _though_asked(silence: int) -> str:
    """A session lives for three minutes; who is called silent before they are over was asked for a sign."""
    return "" if silence > SILENT_AFTER else ", though asked for one"


def _changed(known: NodeSettings | None, settings: NodeSettings) -> Iterator[str]:
    for name in NodeSettings.__struct_fields__:
        value = getattr(settings, name)
        if getattr(known, name, _UNSAID.get(name)) != value:
            yield f"{name.replace('_', ' ')} {_written(value, 'all' if name == 'lan_interfaces' else 'none')}"


def _written(value: str | bool | tuple[str, ...], nothing: str) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case tuple():
            return " ".join(value) or nothing
        case _:
            return value


def _beside(whose: str, prefixes: Sequence[str]) -> tuple[str, ...]:
    """What the machine is attached to beside its LANs, if it is."""
    return (f"{whose}: {' '.join(prefixes)}",) if prefixes else ()


def _network(interface: Interface) -> str:
    return " ".join((interface.name, *interface.prefixes))


def _place(event: e.PeerDiscovered) -> str:
    """Its mesh address, and the first underlay address at which it says it has WireGuard."""
    claimed = next((str(claim.endpoint) for claim in event.endpoints if claim.socket == "wg"), "")
    return (event.ipv4 or event.ipv6) + (f" ({claimed})" if claimed else "")


def _news(held: Peer, event: e.PeerUpdated) -> Iterator[str]:
    if event.hostname != held.hostname:
        yield f"hostname {event.hostname or 'unknown'}"
    if event.ipv4 != held.ipv4:
        yield f"address {event.ipv4}" if event.ipv4 else "no IPv4 address"
    if event.endpoints != held.endpoints:
        yield "endpoints " + (" ".join(str(claim.endpoint) for claim in event.endpoints) or "none")
    if event.life != held.life:
        yield f"started again as boot {event.incarnation.boot}"
    else:
        yield f"its record {event.incarnation.boot}.{event.incarnation.sequence}"


def _sighting(before: Mesh, sighting: e.Sighting) -> str:
    heard = f"heard {duration(sighting.heard_age)} ago" if sighting.heard_age >= 0 else "not heard in this run"
    traffic = f"{amount(sighting.rx_bytes)} in, {amount(sighting.tx_bytes)} out"
    return f"{name_of(before, sighting.identity)} {heard}, {traffic}"
