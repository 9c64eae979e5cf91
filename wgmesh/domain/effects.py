"""What a node wants done, in the imperative. Effects run only after the events of their step are durable.

Secrets, tokens, challenges and signatures are added where effects are carried out: the core never holds them.
"""

from msgspec import Struct

from wgmesh.domain.envelope import Layer
from wgmesh.domain.gossip_messages import GossipMessage
from wgmesh.domain.values import Endpoint, IdentityKey, PublicKey


class Announce(Struct, frozen=True, tag=True):
    """Tell every LAN who we are: one datagram to both multicast groups of every interface."""


class SendHello(Struct, frozen=True, tag=True):
    """Open an exchange with the node that says it is `to` in its incarnation `boot`, at this address.

    Both are zeros where only the address is known.
    """

    layer: Layer
    interface: str
    address: Endpoint
    to: IdentityKey
    boot: int


class SendReply(Struct, frozen=True, tag=True):
    """Answer a Hello: echo its challenge, say as which address its sender is seen, and pass `more` records on."""

    layer: Layer
    interface: str
    address: Endpoint
    to: IdentityKey
    boot: int
    echo: bytes
    more: tuple[bytes, ...] = ()


class SendConfirm(Struct, frozen=True, tag=True):
    """Answer a Reply: echo its challenge, so that the other side knows our address."""

    layer: Layer
    interface: str
    address: Endpoint
    to: IdentityKey
    boot: int
    echo: bytes


class SendPage(Struct, frozen=True, tag=True):
    """Pass these signed records on; together they fit one datagram of the layer."""

    layer: Layer
    interface: str
    address: Endpoint
    records: tuple[bytes, ...]


class SendFarewell(Struct, frozen=True, tag=True):
    """Say our own record, which is a goodbye, to the exchange at this address; nothing is expected back."""

    address: Endpoint


class SendGossip(Struct, frozen=True, tag=True):
    """Say this to a member, through its tunnel."""

    to: IdentityKey
    message: GossipMessage


class SendDigest(Struct, frozen=True, tag=True):
    """Say to a member, through its tunnel, what all records that we hold come to, our own among them.

    `heads`: and how far our log reaches, for it to witness.
    """

    to: IdentityKey
    asks: bool
    heads: bool = False


class SendRecords(Struct, frozen=True, tag=True):
    """Pass the records of these nodes on to a member, through its tunnel, in as many pages as it takes, at most four.

    Our own identity among them means our own record; who is not known is left out.
    """

    to: IdentityKey
    identities: tuple[IdentityKey, ...]


class SendIntroduction(Struct, frozen=True, tag=True):
    """Give our own record to a member, through its tunnel, to be handed on `to` a node that we look for."""

    through: IdentityKey
    to: IdentityKey
    can_probe: bool
    is_answer: bool


class SendProbe(Struct, frozen=True, tag=True):
    """Ask a peer, from WireGuard's own port, for an answer from this address."""

    to: IdentityKey
    address: Endpoint


class AnswerProbe(Struct, frozen=True, tag=True):
    """Answer a peer's probe, of these 12 bytes, to where it came from."""

    to: IdentityKey
    address: Endpoint
    transaction: bytes


class LookUp(Struct, frozen=True, tag=True):
    """Walk the DHT to the infohash of each of these hours (since 1970); at the first one's, `announce` our exchange."""

    hours: tuple[int, ...]
    announce: bool


class AskMapping(Struct, frozen=True, tag=True):
    """Ask this STUN server, from WireGuard's own port, as which address it sees us."""

    server: Endpoint


class Consult(Struct, frozen=True, tag=True):
    """Look into the registry: at issue `number`, or for ours where that is 0 or gone.

    `made`: that issue, if we made it ourselves. `creates`: make one if there is none. `writes`: have our note in it.
    """

    number: int
    made: int
    creates: bool
    writes: bool


class Redial(Struct, frozen=True, tag=True):
    """Take this peer off the device and put it on again, in one request: WireGuard calls it anew, at once."""

    public_key: PublicKey


class Nudge(Struct, frozen=True, tag=True):
    """Send something through the tunnel to this mesh address, so that WireGuard there learns where we are now."""

    address: str


class Echo(Struct, frozen=True, tag=True):
    """Ask the kernel of the machine at this mesh address for an echo, a few times within a second.

    It answers though its daemon be dead.
    """

    address: str


class Sample(Struct, frozen=True, tag=True):
    """Look at the WireGuard device."""


class RemoveInterface(Struct, frozen=True, tag=True):
    """Take our interface down for good, then end."""


class Exit(Struct, frozen=True, tag=True):
    """End the process; tunnels stay."""


Effect = (
    Announce | SendHello | SendReply | SendConfirm | SendPage | SendFarewell | SendGossip | SendDigest | SendRecords
    | SendIntroduction | SendProbe | AnswerProbe | LookUp | AskMapping | Consult | Redial | Nudge
    | Echo | Sample | RemoveInterface | Exit
)  # fmt: skip
