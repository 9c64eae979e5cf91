"""The part of the catalogue that is about who ought to answer and does not."""

from msgspec import Struct

from wgmesh.domain.values import Endpoint, IdentityKey


class HelloUnanswered(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody is said to be there, nobody whom we know, and our Hellos are not answered.

    `layer` is what led us there: `lan` where `identity` was heard on it, called `hostname`; else what named the
    address, and who is there is not known (zeros, no name). One a node or address and day, 8 an epoch in all.
    """

    identity: IdentityKey
    hostname: str
    layer: str
    address: Endpoint


class DaemonMissed(Struct, frozen=True, forbid_unknown_fields=True):
    """A connected peer's machine answers through its tunnel, and its daemon, which used to, says nothing.

    `silence`: for so many ms. One an edge, 8 an epoch in all.
    """

    identity: IdentityKey
    silence: int


class DaemonReturned(Struct, frozen=True, forbid_unknown_fields=True):
    """The daemon of a peer that was missed says something again. One an edge, so no more than were missed."""

    identity: IdentityKey
