"""What WireGuard sends, and what a device remembers of a peer beside its configuration."""

from typing import NamedTuple


class Initiation(NamedTuple):
    """The first message: `timestamp` is the sender's wall clock."""

    sender: bytes
    to: bytes
    handshake: int
    timestamp: int
    preshared: int


class Response(NamedTuple):
    """The second: the session exists for its sender, unconfirmed."""

    sender: bytes
    to: bytes
    handshake: int
    session: int
    preshared: int


class Inner(NamedTuple):
    """An IP packet inside a tunnel: `content` is a datagram of the mesh, what one kernel says to another, or a packet
    of WireGuard, which goes from port to port like any UDP.
    """

    source: str
    target: str
    port: int
    size: int
    content: object
    from_port: int = 0


class Data(NamedTuple):
    """A packet inside a session; a keepalive is an empty one."""

    sender: bytes
    to: bytes
    session: int
    inner: Inner | None = None


class Session(NamedTuple):
    """`born` is when it was made on this side."""

    number: int
    born: int
    initiator: bool


class Tunnel:
    """What a device remembers of one peer beside its configuration."""

    def __init__(self) -> None:
        self.pending: int | None = None
        self.attempts = 0
        self.initiated: int | None = None
        self.retry_at: int | None = None
        self.present: Session | None = None
        self.previous: Session | None = None
        self.unconfirmed: Session | None = None
        self.greatest = -(2**63)  # timestamp of an initiation
        self.consumed: int | None = None
        self.handshake = 0
        self.rx_bytes = 0
        self.tx_bytes = 0
        self.staged: list[Inner] = []
        self.keepalive_at: int | None = None
        self.passive_at: int | None = None
        self.passive_again = False
        self.expected_at: int | None = None
        self.timer_at: int | None = None
