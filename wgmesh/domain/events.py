"""The catalogue: everything that wgmesh ever holds to be true, in the order in which a reader meets it.

An event is named by a noun and a past participle, is flat, and never holds a secret, a private key, a token or a raw
datagram. Its class name is its stored name for ever; a change of fields bumps `VERSIONS` and adds an upcast in
`records`, a change of meaning is a new event. Fields have no defaults: a stored record with one missing is unreadable.
Each says what bounds its rate; docs/events.md has the figures. Those of the log itself are in `log_events`,
those of the Internet in `finding_events`, those of relays in `relay_events`, those of who is let go in
`forgetting_events`.
"""

from typing import get_args

from msgspec import Struct

from wgmesh.domain.finding_events import AnnouncerElected as AnnouncerElected
from wgmesh.domain.finding_events import NatDetected as NatDetected
from wgmesh.domain.finding_events import RegistryEntryCreated as RegistryEntryCreated
from wgmesh.domain.finding_events import RegistryEntryFound as RegistryEntryFound
from wgmesh.domain.forgetting_events import IntroducerCurbed as IntroducerCurbed
from wgmesh.domain.forgetting_events import PeersPurged as PeersPurged
from wgmesh.domain.log_events import HeadWitnessed as HeadWitnessed
from wgmesh.domain.log_events import LogCompacted as LogCompacted
from wgmesh.domain.log_events import LogGap as LogGap
from wgmesh.domain.log_events import LogRecovered as LogRecovered
from wgmesh.domain.log_events import StateCarried as StateCarried
from wgmesh.domain.own_events import CloneDetected as CloneDetected
from wgmesh.domain.own_events import OwnRecordOutrun as OwnRecordOutrun
from wgmesh.domain.own_events import RecordRenewed as RecordRenewed
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.relay_events import PeerRelayed as PeerRelayed
from wgmesh.domain.relay_events import PeerUnrelayed as PeerUnrelayed
from wgmesh.domain.relay_events import RelayClosed as RelayClosed
from wgmesh.domain.relay_events import RelayOpened as RelayOpened
from wgmesh.domain.relay_events import RelayPortChosen as RelayPortChosen
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.silence_events import DaemonMissed as DaemonMissed
from wgmesh.domain.silence_events import DaemonReturned as DaemonReturned
from wgmesh.domain.silence_events import HelloUnanswered as HelloUnanswered
from wgmesh.domain.values import U32, Endpoint, IdentityKey, Incarnation, Interface, Port, PublicKey


class MeshJoined(Struct, frozen=True, forbid_unknown_fields=True):
    """The first record of a log: who this node is, and the mesh it belongs to. Once."""

    identity: IdentityKey
    public_key: PublicKey
    parameters: Parameters
    ipv4: str
    ipv6: str


class NodeStarted(Struct, frozen=True, forbid_unknown_fields=True):
    """This node runs, as incarnation (`boot`, 0), with a fresh `life`. One a start of the daemon."""

    boot: U32
    life: bytes
    program: str
    generation: int
    listen_port: Port
    exchange_port: Port


class NodeStopped(Struct, frozen=True, forbid_unknown_fields=True):
    """The daemon ended in good order; tunnels stay up. One a start."""

    reason: str


class MeshLeft(Struct, frozen=True, forbid_unknown_fields=True):
    """The operator took this node out of the mesh: a goodbye was said, the interface goes. One a start."""


class InterfacesChanged(Struct, frozen=True, forbid_unknown_fields=True):
    """The machine's networks are now these. One a change, at most one a second.

    `attached` are canonical prefixes of what is no LAN of the mesh; of these, `virtual` are containers' and other
    VPNs'.
    """

    interfaces: tuple[Interface, ...]
    attached: tuple[str, ...]
    virtual: tuple[str, ...]


class NodeSuspended(Struct, frozen=True, forbid_unknown_fields=True):
    """This machine slept for so many ms, and goes on. One an edge."""

    slept: int


class EndpointsDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """The operator's `--endpoint`, with names resolved: where others can reach our WireGuard. One a change.

    At most one in 5 minutes, as often as a name is looked up again.
    """

    endpoints: tuple[Endpoint, ...]


class EndpointReflected(Struct, frozen=True, forbid_unknown_fields=True):
    """A peer outside our networks sees our exchange socket at this address: there is a NAT between us.

    Recorded until two peers say the same; at most 8 an epoch.
    """

    identity: IdentityKey
    endpoint: Endpoint


class PeerDiscovered(Struct, frozen=True, forbid_unknown_fields=True):
    """A node of this mesh that was not known, by its own signed record. One a peer, or after it was forgotten.

    `counter` is (boot, number) of the message that brought it; `signed` is the record as received.
    """

    identity: IdentityKey
    public_key: PublicKey
    incarnation: Incarnation
    life: bytes
    generation: U32
    hostname: str
    nonce: int
    ipv4: str
    ipv6: str
    exchange_port: Port
    listen_port: Port
    endpoints: tuple[ClaimedEndpoint, ...]
    routes: tuple[str, ...]
    capabilities: U32
    counter: Incarnation
    signed: bytes


class PeerUpdated(Struct, frozen=True, forbid_unknown_fields=True):
    """A known peer says something new of itself, in a higher incarnation. Bounded by its rate bucket."""

    identity: IdentityKey
    public_key: PublicKey
    incarnation: Incarnation
    life: bytes
    generation: U32
    hostname: str
    nonce: int
    ipv4: str
    ipv6: str
    exchange_port: Port
    listen_port: Port
    endpoints: tuple[ClaimedEndpoint, ...]
    routes: tuple[str, ...]
    capabilities: U32
    counter: Incarnation
    signed: bytes


class PeerEndpointObserved(Struct, frozen=True, forbid_unknown_fields=True):
    """The peer answered our challenge from this address: a first-hand claim on its WireGuard port there.

    One an address, while it is among the last few that were seen of the peer; a way through NATs that was found and not
    taken is news again after 5 minutes.
    """

    identity: IdentityKey
    layer: str
    endpoint: Endpoint


class PeerConnected(Struct, frozen=True, forbid_unknown_fields=True):
    """WireGuard shook hands with the peer at this endpoint: proven. One an edge."""

    identity: IdentityKey
    endpoint: Endpoint


class PeerRoamed(Struct, frozen=True, forbid_unknown_fields=True):
    """WireGuard followed the connected peer to another endpoint. Of one peer four at once, then one a minute."""

    identity: IdentityKey
    endpoint: Endpoint
    previous: Endpoint


class PeerDisconnected(Struct, frozen=True, forbid_unknown_fields=True):
    """No sign of the peer through the tunnel for this long (ms): it is silent, not forgotten. One an edge.

    Three minutes and more: its session is over. Less: it was asked, by us and by others, and its kernel too, in vain.
    """

    identity: IdentityKey
    silence: int


class Sighting(Struct, frozen=True, array_like=True):
    """One line of the roll call: ms since the peer was last heard (-1: not in this run), bytes received and sent."""

    identity: IdentityKey
    heard_age: int
    rx_bytes: int
    tx_bytes: int


class PeersSighted(Struct, frozen=True, forbid_unknown_fields=True):
    """The hourly roll call: who was connected, with WireGuard's counters. 24 a day."""

    sightings: tuple[Sighting, ...]


class PeerExpired(Struct, frozen=True, forbid_unknown_fields=True):
    """Silent for a day, or never once reached within an hour (`silence` in ms): out of WireGuard and lists."""

    identity: IdentityKey
    silence: int


class PeerLeft(Struct, frozen=True, forbid_unknown_fields=True):
    """The peer said goodbye itself: `signed` is its last record. One an incarnation."""

    identity: IdentityKey
    incarnation: Incarnation
    signed: bytes


class PeerRefused(Struct, frozen=True, forbid_unknown_fields=True):
    """A holder of the secret is not let in, and why. One a peer and reason, 8 an epoch in all."""

    identity: IdentityKey
    hostname: str
    reason: str


class PeerBanned(Struct, frozen=True, forbid_unknown_fields=True):
    """The operator wants nothing to do with this WireGuard key: off the device, never answered. One a request."""

    public_key: PublicKey


class PeerUnbanned(Struct, frozen=True, forbid_unknown_fields=True):
    """The operator lets this WireGuard key back in. One a request."""

    public_key: PublicKey


class RouteContested(Struct, frozen=True, forbid_unknown_fields=True):
    """Two peers announce one prefix that this node accepts: the lower WireGuard key has it. 8 an epoch in all."""

    prefix: str
    used_by: IdentityKey
    refused: IdentityKey


class AddressCollisionResolved(Struct, frozen=True, forbid_unknown_fields=True):
    """Two nodes derived one IPv4 address, and now one of them has it alone. One a move of either."""

    address: str
    kept_by: IdentityKey
    given_up_by: IdentityKey


class MeshAddressChanged(Struct, frozen=True, forbid_unknown_fields=True):
    """This node moved to another IPv4 address (`""`: there is none left); its IPv6 address never moves.

    At most 256 in the life of a node: a nonce never falls.
    """

    nonce: int
    ipv4: str
    previous: str


class DeviceChanged(Struct, frozen=True, forbid_unknown_fields=True):
    """These changes were made to the WireGuard device, so many others still fail. One a pass that changed something."""

    changes: tuple[str, ...]
    failing: int


class DeviceChangeFailed(Struct, frozen=True, forbid_unknown_fields=True):
    """The system refused these changes; they are tried again. One an edge: recorded when the failures differ."""

    changes: tuple[str, ...]
    errors: tuple[str, ...]


class ForeignPeerSeen(Struct, frozen=True, forbid_unknown_fields=True):
    """A peer on our device that wgmesh did not put there: kept. One a key."""

    public_key: PublicKey


class DatagramsRejected(Struct, frozen=True, forbid_unknown_fields=True):
    """What arrived in the last epoch and was not for us: counts by reason, the loudest sources. One an epoch."""

    counts: dict[str, int]
    sources: tuple[str, ...]


class NewerPeerSeen(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody with the secret speaks a message that this version does not know. One a source address and day."""

    source: str


class ClockStepped(Struct, frozen=True, forbid_unknown_fields=True):
    """The wall clock jumped by this many ms against time that passed. One an edge."""

    step: int


class ClockSkewObserved(Struct, frozen=True, forbid_unknown_fields=True):
    """A holder of the secret is so many `hours` before our clock (behind: negative), and is not answered.

    Once a node and day while the difference stays, 8 an epoch.
    """

    identity: IdentityKey
    source: str
    hours: int


class LayerSuspended(Struct, frozen=True, forbid_unknown_fields=True):
    """A layer cannot work now, and why; the others go on. One an edge."""

    layer: str
    reason: str


class LayerResumed(Struct, frozen=True, forbid_unknown_fields=True):
    """A layer works. One an edge."""

    layer: str


class SettingsChanged(Struct, frozen=True, forbid_unknown_fields=True):
    """The operator runs the node with these settings from now on. One a start that differs from the last."""

    settings: NodeSettings


Event = (
    MeshJoined
    | NodeStarted
    | NodeStopped
    | MeshLeft
    | SettingsChanged
    | InterfacesChanged
    | NodeSuspended
    | EndpointsDeclared
    | EndpointReflected
    | RecordRenewed
    | PeerDiscovered
    | PeerUpdated
    | PeerEndpointObserved
    | PeerConnected
    | PeerRoamed
    | PeerDisconnected
    | PeersSighted
    | PeerExpired
    | PeerLeft
    | PeersPurged
    | PeerRefused
    | IntroducerCurbed
    | PeerBanned
    | PeerUnbanned
    | RouteContested
    | AddressCollisionResolved
    | MeshAddressChanged
    | OwnRecordOutrun
    | CloneDetected
    | DeviceChanged
    | DeviceChangeFailed
    | ForeignPeerSeen
    | DatagramsRejected
    | NewerPeerSeen
    | ClockStepped
    | ClockSkewObserved
    | HelloUnanswered
    | DaemonMissed
    | DaemonReturned
    | LayerSuspended
    | LayerResumed
    | AnnouncerElected
    | RelayPortChosen
    | PeerRelayed
    | PeerUnrelayed
    | RelayOpened
    | RelayClosed
    | NatDetected
    | RegistryEntryFound
    | RegistryEntryCreated
    | StateCarried
    | LogCompacted
    | LogRecovered
    | LogGap
    | HeadWitnessed
)

CATALOGUE: tuple[type, ...] = get_args(Event)

# Current version of each event whose fields ever changed; 1 for all others.
VERSIONS: dict[str, int] = {"InterfacesChanged": 2, "SettingsChanged": 2, "StateCarried": 2}
