"""What a node holds, as it is compared with others: shares of records, in 128 groups by the owner's identity."""

from collections.abc import Iterable

from wgmesh.domain.gossip_messages import BUCKET_COUNT, PAIR_BYTES, SHARE_BYTES, bucket_of
from wgmesh.domain.mesh import DIGEST_MODULUS, Mesh, fingerprint

# Of an identity that is compared: enough that no two are alike by chance.
NAME_BYTES = PAIR_BYTES - SHARE_BYTES

# Identity -> share of its record.
Holdings = dict[bytes, int]


def holdings(mesh: Mesh, own: int) -> Holdings:
    """All records that we hold, and our own with its share."""
    return {identity: fingerprint(peer.signed) for identity, peer in mesh.peers.items()} | {mesh.identity: own}


def sums(held: Holdings) -> bytes:
    """What the shares of each group come to, as Buckets say it."""
    totals = [0] * BUCKET_COUNT
    for identity, share in held.items():
        totals[bucket_of(identity)] += share
    return b"".join((total % DIGEST_MODULUS).to_bytes(SHARE_BYTES) for total in totals)


def differing(ours: bytes, theirs: bytes) -> list[int]:
    """The groups in which two such lists are not the same."""
    places = range(0, BUCKET_COUNT * SHARE_BYTES, SHARE_BYTES)
    return [at // SHARE_BYTES for at in places if ours[at : at + SHARE_BYTES] != theirs[at : at + SHARE_BYTES]]


def group(held: Holdings, number: int) -> list[bytes]:
    """What is held of one group, as pairs of 8 bytes of identity and 8 of the record's hash."""
    ours = ((identity, share) for identity, share in held.items() if bucket_of(identity) == number)
    return [identity[:NAME_BYTES] + share.to_bytes(SHARE_BYTES) for identity, share in ours]


def split(packed: bytes, size: int) -> list[bytes]:
    """The elements of a list in bytes."""
    return [packed[at : at + size] for at in range(0, len(packed), size)]


def wanted(held: Holdings, pairs: Iterable[bytes]) -> tuple[int, ...]:
    """The shares among somebody's pairs that we do not hold for that identity."""
    ours = {identity[:NAME_BYTES]: share for identity, share in held.items()}
    theirs = ((pair[:NAME_BYTES], int.from_bytes(pair[NAME_BYTES:])) for pair in pairs)
    return tuple(share for name, share in theirs if ours.get(name) != share)


def lacking(held: Holdings, numbers: bytes, pairs: Iterable[bytes]) -> tuple[bytes, ...]:
    """The identities of these groups whose records, as we hold them, are not among somebody's pairs."""
    theirs = dict.fromkeys(pairs, True)
    ours = ((identity, identity[:NAME_BYTES] + share.to_bytes(SHARE_BYTES)) for identity, share in held.items())
    return tuple(identity for identity, pair in ours if bucket_of(identity) in numbers and pair not in theirs)
