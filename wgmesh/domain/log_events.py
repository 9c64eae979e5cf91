"""The part of the catalogue that is about the log itself: where it begins, what it lost, what it carries along."""

from msgspec import Struct

from wgmesh.domain.facts import (
    Clone,
    Entry,
    Failure,
    Layer,
    Nat,
    Reflection,
    Refusal,
    RelayedPair,
    Skew,
    Tombstone,
    Unanswered,
    Witness,
)
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.peer import Peer
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import Endpoint, Ground, IdentityKey, Incarnation, Interface, Port, PublicKey


class StateCarried(Struct, frozen=True, forbid_unknown_fields=True):
    """All that the records before this one made true, each fact with the record that established it.

    It changes nothing; but the records before it can go, and a log may begin with it. At most one an hour.
    """

    identity: IdentityKey
    public_key: PublicKey
    parameters: Parameters
    joined: Ground
    incarnation: Incarnation
    life: bytes
    program: str
    generation: int
    nonce: int
    ipv4: str
    ipv6: str
    addressed: Ground
    listen_port: Port
    exchange_port: Port
    settings: NodeSettings
    interfaces: tuple[Interface, ...]
    networked: Ground
    attached: tuple[str, ...]
    virtual: tuple[str, ...]
    started: Ground | None
    stopped: Ground | None
    departed: Ground | None
    peers: tuple[Peer, ...]
    tombstones: dict[bytes, Tombstone]
    banned: dict[bytes, Ground]
    routed: dict[str, bytes]
    layers: dict[str, Layer]
    refused: dict[bytes, Refusal]
    foreign: tuple[bytes, ...]
    failure: Failure | None
    device: Ground | None
    outrun: Ground | None
    outpaced: dict[str, Ground]
    rejected: Ground | None
    stepped: Ground | None
    recovered: Ground | None
    gap: Ground | None
    dropped: int
    located: tuple[Endpoint, ...]
    reflected: dict[bytes, Reflection]
    skewed: dict[bytes, Skew]
    announcer: Ground | None
    entry: Entry | None
    witnessed: dict[bytes, Witness]
    clone: Clone | None
    unanswered: tuple[Unanswered, ...]
    missed: dict[bytes, Ground]
    relay_port: Port
    relaying: dict[bytes, RelayedPair]
    nats: dict[str, Nat]


class LogCompacted(Struct, frozen=True, forbid_unknown_fields=True):
    """The records up to `through` are gone from the log, with `head` as the chain of the last. At most one an hour."""

    through: int
    head: bytes


class LogRecovered(Struct, frozen=True, forbid_unknown_fields=True):
    """The log was damaged and set aside as `file`; this one goes on from what verified. One a damage."""

    file: str
    first_bad: int
    resumes_at: int


class HeadWitnessed(Struct, frozen=True, forbid_unknown_fields=True):
    """A peer says that its log reaches up to its record `through`, with `head` as the chain of that. One an hour."""

    identity: IdentityKey
    through: int
    head: bytes


class LogGap(Struct, frozen=True, forbid_unknown_fields=True):
    """The disk was full: this many inputs were dropped undecided since `since` (ms). One an edge."""

    dropped: int
    since: int
