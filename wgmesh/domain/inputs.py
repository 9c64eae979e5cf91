"""What reaches a node: one word for what happened, an imperative for what the operator asks.

Adapters and `node` make inputs; `decide.step` takes them one at a time. Whatever needs a key or a clock (opening,
signatures, echoes of challenges) was checked before, and the input carries the verdict.
"""

from msgspec import Struct

from wgmesh.domain.device import DeviceSample
from wgmesh.domain.envelope import Layer
from wgmesh.domain.gossip_messages import GossipMessage
from wgmesh.domain.messages import Message
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.peer_record import PeerRecord, SignedRecord
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import Endpoint, IdentityKey, Incarnation, Interface, Port, PublicKey


class Start(Struct, frozen=True, tag=True):
    """The daemon begins: who it is, with which parameters, ports and settings, as which boot.

    `relay_port`: of the second interface, should there be need of one; 0 for none.
    """

    identity: IdentityKey
    public_key: PublicKey
    parameters: Parameters
    boot: int
    life: bytes
    program: str
    generation: int
    listen_port: Port
    exchange_port: Port
    settings: NodeSettings
    relay_port: Port = 0


class Stop(Struct, frozen=True, tag=True):
    """The daemon ends (`reason`: a signal's name, …); tunnels stay."""

    reason: str


class Leave(Struct, frozen=True, tag=True):
    """The operator takes this node out of the mesh."""


class Ban(Struct, frozen=True, tag=True):
    """The operator wants nothing to do with whoever has this WireGuard key."""

    public_key: PublicKey


class Unban(Struct, frozen=True, tag=True):
    """The operator lets this WireGuard key back in."""

    public_key: PublicKey


class Networked(Struct, frozen=True, tag=True):
    """The machine's interfaces to the LANs of the mesh, as they are now, and what its other interfaces lead to.

    `attached` are canonical prefixes; those of them that are containers' and other VPNs' are `virtual` as well.
    """

    interfaces: tuple[Interface, ...]
    attached: tuple[str, ...] = ()
    virtual: tuple[str, ...] = ()


class Woke(Struct, frozen=True, tag=True):
    """The machine was suspended for `slept` ms, and goes on."""

    slept: int


class Heard(Struct, frozen=True, tag=True):
    """An authentic message from another node of the mesh.

    `interface` and `sender` say where it came from. `record` is the sender's, decoded; None in a Confirm.
    `signed_by_sender`: the record and the message bear the sender's signature (an Announce is only a hint and says
    False, but for a goodbye). `echoed`: it answers a challenge that we sent to this sender. `agrees`: an Announce or
    a Hello whose digest equals ours. `passed`: what is news among the records of others in a Reply.
    """

    layer: Layer
    interface: str
    sender: Endpoint
    identity: IdentityKey
    message: Message
    record: PeerRecord | None
    signed_by_sender: bool
    echoed: bool = False
    agrees: bool = False
    passed: tuple[SignedRecord, ...] = ()


class Told(Struct, frozen=True, tag=True):
    """Records passed on by a member, each under its owner's signature and newer than what is held; one may be ours.

    `teller`: the identity of who passed them on, where WireGuard proves it; empty on the underlay.
    """

    layer: Layer
    sender: Endpoint
    passed: tuple[SignedRecord, ...]
    teller: bytes = b""


class Whispered(Struct, frozen=True, tag=True):
    """What a member said inside its tunnel: WireGuard proved that it is `sender`.

    `own`: the share of our own signed record in sums of records, as it stood then (`mesh.fingerprint`).
    """

    sender: IdentityKey
    message: GossipMessage
    own: int


class Introduced(Struct, frozen=True, tag=True):
    """A member's word, well signed, that is to be handed on `to` another or was handed to us; `sender` gave it to us.

    `can_probe` and `is_answer` as in an Introduction.
    """

    sender: IdentityKey
    to: IdentityKey
    record: PeerRecord
    signed: bytes
    can_probe: bool
    is_answer: bool


class Probed(Struct, frozen=True, tag=True):
    """A peer's probe came to WireGuard's port: `counter` is (boot, number), `transaction` 12 bytes of chance."""

    identity: IdentityKey
    sender: Endpoint
    transaction: bytes
    counter: Incarnation


class Reached(Struct, frozen=True, tag=True):
    """A peer answered our probe from WireGuard's port to this address, and sees us at `seen`."""

    identity: IdentityKey
    endpoint: Endpoint
    seen: Endpoint


class Echoed(Struct, frozen=True, tag=True):
    """A machine answered our echo request from this mesh address: it is up, whatever became of its daemon."""

    address: str


class Found(Struct, frozen=True, tag=True):
    """Exchange sockets at which nodes of this mesh may be: named by the operator (`peer`), or by another layer."""

    layer: str
    endpoints: tuple[Endpoint, ...]


class Listed(Struct, frozen=True, tag=True):
    """STUN servers, with names resolved; none where no name leads anywhere."""

    servers: tuple[Endpoint, ...]


class Mapped(Struct, frozen=True, tag=True):
    """A STUN server that we asked from WireGuard's own port sees us at this address, which may be one."""

    server: Endpoint
    endpoint: Endpoint


class Consulted(Struct, frozen=True, tag=True):
    """What the registry holds of our mesh: issue `number` (0: nothing), which we have just `created`, or not.

    `wrote`: our own note says there what we say now, or so many are there that it is not needed. `passed`: what is
    news in the notes of others, each under its owner's signature. `missed`: who left a note that we hold, and whom we
    gave up. `trouble`: what it does not do for us, and for how long (`wait`, ms) it wants to be left alone.
    """

    number: int = 0
    created: bool = False
    wrote: bool = False
    passed: tuple[SignedRecord, ...] = ()
    missed: tuple[IdentityKey, ...] = ()
    trouble: str = ""
    wait: int = 0


class Located(Struct, frozen=True, tag=True):
    """Where the operator says that our own WireGuard can be reached, with names resolved."""

    endpoints: tuple[Endpoint, ...]


class Skewed(Struct, frozen=True, tag=True):
    """A signed Hello whose token is right for another hour: its clock is `hours` before ours, or ours behind."""

    layer: Layer
    identity: IdentityKey
    source: str
    hours: int


class Due(Struct, frozen=True, tag=True):
    """A task of `cadence` is due."""

    task: str


class Sampled(Struct, frozen=True, tag=True):
    """What WireGuard says of itself. `relayed`: of the second interface, for relayed tunnels, if there is one."""

    sample: DeviceSample
    relayed: DeviceSample | None = None


class Unpassed(Struct, frozen=True, tag=True):
    """Pairs (two identities each) between whom this node passes nothing on any more, and why.

    `idle`: neither said anything for three minutes; `blocked`: a port could not be had.
    """

    pairs: tuple[bytes, ...]
    reason: str


class Applied(Struct, frozen=True, tag=True):
    """Changes that were made to the device, and those that failed with their errors, each as a sentence."""

    changes: tuple[str, ...]
    failed: tuple[str, ...]
    errors: tuple[str, ...]


class Rejected(Struct, frozen=True, tag=True):
    """What arrived in the last epoch and was dropped: counts by reason, loudest sources."""

    counts: dict[str, int]
    sources: tuple[str, ...]


class Outpaced(Struct, frozen=True, tag=True):
    """A datagram behind a valid seal held a message unknown to this version; `source` is its address."""

    source: str


class Suspended(Struct, frozen=True, tag=True):
    """A layer's adapter cannot work."""

    layer: str
    reason: str


class Resumed(Struct, frozen=True, tag=True):
    """A layer's adapter works."""

    layer: str


class Recovered(Struct, frozen=True, tag=True):
    """The log had to be set aside before this start."""

    file: str
    first_bad: int
    resumes_at: int


class Carry(Struct, frozen=True, tag=True):
    """The log is to have the whole state in one record, so that older records can go."""


class Compacted(Struct, frozen=True, tag=True):
    """Records up to `through`, whose chain was `head`, were taken out of the log.

    `reason`: `keep` (their age), `cap` (the size of the log), or `start` (before this run, and not told yet).
    """

    through: int
    head: bytes
    reason: str


class Thawed(Struct, frozen=True, tag=True):
    """The log can be written again after a full disk: so many inputs were dropped since `since` (ms)."""

    dropped: int
    since: int


Input = (
    Start | Stop | Leave | Ban | Unban | Networked | Woke | Heard | Told | Whispered
    | Introduced | Probed | Reached | Echoed | Found | Listed | Mapped | Consulted | Located
    | Skewed | Due | Sampled | Unpassed | Applied | Rejected | Outpaced | Suspended | Resumed | Recovered | Carry
    | Compacted | Thawed
)  # fmt: skip
