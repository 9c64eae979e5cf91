"""The part of the catalogue that is about who is let go for good, and who is not let in for being too many."""

from msgspec import Struct

from wgmesh.domain.values import IdentityKey


class PeersPurged(Struct, frozen=True, forbid_unknown_fields=True):
    """The records of these peers were let go: gone for 30 days, or never reached and in the way of others.

    Of each a tombstone is kept for 30 days more, so that nothing old brings it back. `lapsed` are those whose tombstone
    went as well. At most 64 of each in ten minutes, and one for each newcomer to a full mesh.
    """

    purged: tuple[IdentityKey, ...]
    lapsed: tuple[IdentityKey, ...]


class IntroducerCurbed(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody told of more unknown nodes than one may: the peer `teller` in its tunnel, or a `source` address.

    Once an introducer and day, at most 8 an epoch with refusals.
    """

    teller: bytes
    source: str
