"""What is held to be true of other things than peers: small, and each with the record that established it."""

from typing import Literal

from msgspec import Struct

from wgmesh.domain.values import Endpoint, Ground, IdentityKey, Incarnation, Port

FAMILIES = ("IPv4", "IPv6")
# So many who see us at one address are enough.
WITNESSES = 2
# What kind of mapping a NAT makes: none at all, the same for everybody, another for each; or only one has told so far.
NatKind = Literal["none", "easy", "hard", "unknown"]


class Layer(Struct, frozen=True):
    """How a discovery layer stands; `reason` is empty while it works."""

    reason: str
    since: Ground


class Refusal(Struct, frozen=True):
    """A holder of the secret that is not let in."""

    hostname: str
    reason: str
    since: Ground


class Failure(Struct, frozen=True):
    """Changes that the system refuses, each with its error."""

    changes: tuple[str, ...]
    errors: tuple[str, ...]
    since: Ground


class Reflection(Struct, frozen=True):
    """As which address a peer outside our networks saw our exchange socket."""

    endpoint: Endpoint
    since: Ground


class Skew(Struct, frozen=True):
    """A node whose clock is so many hours before ours, or behind it where that is negative."""

    source: str
    hours: int
    since: Ground


class Witness(Struct, frozen=True):
    """How far a peer said that its log reaches: its record `through`, with `head` as the chain of that."""

    through: int
    head: bytes
    since: Ground


class Entry(Struct, frozen=True):
    """The issue of the registry in which our mesh meets; `made`, if not 0, is the one that this node made last."""

    number: int
    since: Ground
    made: int
    made_at: Ground | None


class Tombstone(Struct, frozen=True):
    """What is left of a peer that was let go: enough to know what is old of it.

    `counter`: the highest of its messages that we acted on; `share`: of its record in digests, 8 bytes.
    """

    hostname: str
    incarnation: Incarnation
    counter: Incarnation
    share: bytes
    since: Ground


class Clone(Struct, frozen=True):
    """Another machine that runs under our identity, by the `life` of its start."""

    life: bytes
    since: Ground


class Unanswered(Struct, frozen=True):
    """Somebody who does not answer our Hellos: a node (zeros: nobody knows whom) that `layer` led us to."""

    identity: bytes
    hostname: str
    layer: str
    address: Endpoint
    since: Ground


class Passage(Struct, frozen=True):
    """Through which relay, at which port of its mesh address, a peer is reached, or was until `since`."""

    relay: IdentityKey
    port: Port
    since: Ground


class RelayedPair(Struct, frozen=True):
    """Two peers between whom this node passes ciphertext on: where each listens, and the gates that lead to them."""

    first: IdentityKey
    second: IdentityKey
    first_port: Port
    second_port: Port
    first_gate: Port
    second_gate: Port
    since: Ground


class Nat(Struct, frozen=True):
    """What stands between WireGuard's port and the Internet, and as which address the port is seen there.

    A hard NAT shows another port to each, so that of `endpoint` is but one of them.
    """

    kind: NatKind
    endpoint: Endpoint
    since: Ground


def family_of(endpoint: Endpoint) -> str:
    """The one of FAMILIES that its address belongs to."""
    return "IPv6" if ":" in endpoint.ip else "IPv4"
