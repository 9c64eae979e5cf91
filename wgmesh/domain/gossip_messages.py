"""What members say to each other inside their tunnels. WireGuard proves the sender, so nothing here names or signs one.

What is said of a third node is hearsay: it makes the hearer ask, and never overrides what it saw itself.
Largest payloads: 86 bytes in a datagram of 128, 1078 in one of 1120 (protocol, sections 4 and 5).
"""

from typing import Annotated

from msgspec import DecodeError, Meta, Struct, msgpack

from wgmesh.domain.messages import PAGE, Page, UnknownMessage
from wgmesh.domain.packing import PACKED_ENDPOINT, Malformed
from wgmesh.domain.peer_record import LARGEST_RECORD
from wgmesh.domain.relay_messages import RELAY_ASK, RELAY_DENIAL, RelayMessage
from wgmesh.domain.values import U32, IdentityKey

# First element of the array that a message is; those below 16 belong to the layers outside tunnels.
DIGEST, BUCKETS, PAIRS, PULL, PROBE, ANSWER, ASK, VOUCH, SILENCE, INTRODUCTION, SEEN = range(16, 27)

# Any news is told to so many at random, in so many rounds, with so many ms between them (protocol, section 5).
HEARERS, ROUNDS, ROUND_PAUSE = 3, 4, 200
# A record's share in a sum and its name in a pull: the first 8 bytes of its SHA-256.
SHARE_BYTES = 8
# Records are compared in so many groups, by the first byte of their owner's identity.
BUCKET_COUNT = 128
# The first 8 bytes of an identity, and the share of its record.
PAIR_BYTES = 16
MOST_PAIRS = 60
MOST_PULLED = 128
HEAD_BYTES = 16

_Sum = Annotated[bytes, Meta(min_length=SHARE_BYTES, max_length=SHARE_BYTES)]
_Sums = Annotated[bytes, Meta(min_length=BUCKET_COUNT * SHARE_BYTES, max_length=BUCKET_COUNT * SHARE_BYTES)]
_Numbers = Annotated[bytes, Meta(max_length=BUCKET_COUNT)]
_Pairs = Annotated[bytes, Meta(max_length=MOST_PAIRS * PAIR_BYTES)]
_Shares = Annotated[bytes, Meta(max_length=MOST_PULLED * SHARE_BYTES)]
_Head = Annotated[bytes, Meta(max_length=HEAD_BYTES)]
_Signed = Annotated[bytes, Meta(max_length=LARGEST_RECORD)]
_PackedEndpoint = Annotated[bytes, Meta(min_length=PACKED_ENDPOINT, max_length=PACKED_ENDPOINT)]
_Sequence = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Digest(Struct, frozen=True, array_like=True, tag=DIGEST, forbid_unknown_fields=True):
    """All records that the sender holds, its own among them: `total` is the sum of their shares, `count` how many.

    `asks`: say yours in return, whatever this one says. Once an hour `sequence` and `head` (16 bytes) are the newest
    record of the sender's log and its chain, for the hearer to witness; else 0 and empty.
    """

    total: _Sum
    count: U32
    asks: bool
    sequence: _Sequence = 0
    head: _Head = b""


class Buckets(Struct, frozen=True, array_like=True, tag=BUCKETS, forbid_unknown_fields=True):
    """The sums of all 128 groups, in order: the hearer finds where it differs."""

    sums: _Sums


class Pairs(Struct, frozen=True, array_like=True, tag=PAIRS, forbid_unknown_fields=True):
    """All that the sender holds of the groups `numbers` (a byte each): 8 bytes of identity, 8 of the record's hash."""

    numbers: _Numbers
    pairs: _Pairs


class Pull(Struct, frozen=True, array_like=True, tag=PULL, forbid_unknown_fields=True):
    """Send me the records of these shares (8 bytes each)."""

    shares: _Shares


class Probe(Struct, frozen=True, array_like=True, tag=PROBE, forbid_unknown_fields=True):
    """Are you there? To be answered at once with the same number."""

    number: U32


class Answer(Struct, frozen=True, array_like=True, tag=ANSWER, forbid_unknown_fields=True):
    """I am here: to a Probe of this number."""

    number: U32


class Ask(Struct, frozen=True, array_like=True, tag=ASK, forbid_unknown_fields=True):
    """Do you reach this node? The asked one probes it, and vouches for it with the same number if it answers."""

    suspect: IdentityKey
    number: U32


class Vouch(Struct, frozen=True, array_like=True, tag=VOUCH, forbid_unknown_fields=True):
    """The node that you asked me about under this number has just answered me."""

    suspect: IdentityKey
    number: U32


class Silence(Struct, frozen=True, array_like=True, tag=SILENCE, forbid_unknown_fields=True):
    """Its watcher and those it asked do not reach this node, whose newest known incarnation is (boot, sequence)."""

    suspect: IdentityKey
    incarnation: tuple[U32, U32]


class Introduction(Struct, frozen=True, array_like=True, tag=INTRODUCTION, forbid_unknown_fields=True):
    """To a third: hand this on to `to`. To `to`: look for the owner of this signed record, which looks for you.

    `can_probe`: it speaks and hears beside WireGuard, on its port. `is_answer`: it looks because it was asked to.
    """

    to: IdentityKey
    signed: _Signed
    can_probe: bool
    is_answer: bool


class Seen(Struct, frozen=True, array_like=True, tag=SEEN, forbid_unknown_fields=True):
    """My WireGuard has you at this endpoint (18 bytes): so you look from where I am."""

    endpoint: _PackedEndpoint


GossipMessage = (
    Digest | Buckets | Pairs | Pull | Probe | Answer | Ask | Vouch | Silence | Introduction | Seen | RelayMessage
)

_Wire = Page | GossipMessage
_MESSAGE: msgpack.Decoder[_Wire] = msgpack.Decoder(_Wire)


class _Tagged(Struct, frozen=True, array_like=True):
    tag: int


_TAG = msgpack.Decoder(_Tagged)


def encode_gossip(message: Page | GossipMessage) -> bytes:
    """The payload of a datagram: a msgpack array of the tag and the fields in order."""
    return msgpack.encode(message)


def decode_gossip(payload: bytes) -> Page | GossipMessage:
    """Read a payload; UnknownMessage for a tag of a newer version, Malformed for all else that is not the schema."""
    try:
        message = _MESSAGE.decode(payload)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _why(payload) from error
    if not _is_whole(message):
        raise Malformed("schema")
    return message


def bucket_of(identity: bytes) -> int:
    """The group (0..127) in which a node's record is compared."""
    return identity[0] // 2


def _is_whole(message: Page | GossipMessage) -> bool:
    """Lists in bytes end where an element ends; a head is whole or not there."""
    match message:
        case Digest(head=head):
            return len(head) in (0, HEAD_BYTES)
        case Pairs(pairs=pairs):
            return len(pairs) % PAIR_BYTES == 0
        case Pull(shares=shares):
            return len(shares) % SHARE_BYTES == 0
    return True


def _why(payload: bytes) -> Malformed:
    try:
        tag = _TAG.decode(payload).tag
    except (DecodeError, RecursionError):
        return Malformed("schema")
    is_known = tag == PAGE or DIGEST <= tag <= SEEN or RELAY_ASK <= tag <= RELAY_DENIAL
    return Malformed("schema") if is_known else UnknownMessage("unknown")
