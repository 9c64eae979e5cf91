"""What a node has in mind about relays: part of a session, frozen, bounded, gone with the run. Times are on `awake`.

What a tunnel rests on (through whom a peer is reached, between whom this node passes on) is in the `Mesh`.
"""

from msgspec import Struct

# Peers for which a relay is sought or held at once; pairs of peer and relay that are not tried for a while.
WISH_CAP = 256
SPURNED_CAP = 512
# Asks of one side that wait for those of the other.
ASKED_CAP = 256


class Wish(Struct, frozen=True):
    """A peer that is not reached directly: which relay was asked (nobody yet: empty), how often, and what is next when.

    `rounds`: how often all that are willing were asked in vain.
    """

    due: int
    relay: bytes = b""
    tries: int = 0
    rounds: int = 0


class Lease(Struct, frozen=True):
    """A relay's grant: this port of its mesh address leads to the peer, and `since` when WireGuard may try it."""

    relay: bytes
    port: int
    since: int


class Flow(Struct, frozen=True):
    """WireGuard's bytes from a peer, when they last changed, and how many had been sent by then."""

    rx_bytes: int
    tx_bytes: int
    heard: int


class Trial(Struct, frozen=True):
    """The direct way beside a relay, asked for a sign each second: number of the question and when the next is due.

    `answered` and `missed` count questions in a row, `is_open` says that the last one waits. `taken`: when traffic went
    there.
    """

    number: int
    due: int
    answered: int = 0
    missed: int = 0
    is_open: bool = False
    taken: int | None = None


class Fall(Struct, frozen=True):
    """How often a direct way that was taken did not hold, and when it last did not."""

    times: int
    at: int


class Asked(Struct, frozen=True):
    """One side of a pair wants us as its relay: the port it listens on, and when it said so."""

    port: int
    at: int


class Relaying(Struct, frozen=True):
    """`wishes`, `leases`, `trials` and `falls` by peer; `spurned`: until when, by peer and relay.

    `broken`: when it was noticed that a connected peer is not reached directly. `direct` and `relayed`: flows on either
    interface, by peer. `asked`: by asker and peer. `busy_until`: for so long somebody's traffic is looked after.
    """

    wishes: dict[bytes, Wish] = {}
    leases: dict[bytes, Lease] = {}
    spurned: dict[bytes, int] = {}
    broken: dict[bytes, int] = {}
    direct: dict[bytes, Flow] = {}
    relayed: dict[bytes, Flow] = {}
    trials: dict[bytes, Trial] = {}
    falls: dict[bytes, Fall] = {}
    asked: dict[bytes, Asked] = {}
    busy_until: int = 0
