"""What nodes say to each other, on the layers where they are not yet sure of one another.

An Announce is a hint and proves nothing. Hello, Reply and Confirm are signed over
label ‖ fingerprint of the parameters ‖ all their bytes before the signature, which are their last 64.
"""

from typing import Annotated

from msgspec import DecodeError, Meta, Struct, msgpack, structs

from wgmesh.domain.identity import SIGNATURE_BYTES, Identity, verify
from wgmesh.domain.packing import PACKED_ENDPOINT, Malformed, pack_endpoint, unpack_endpoint
from wgmesh.domain.peer_record import LARGEST_RECORD
from wgmesh.domain.values import U32, Endpoint, IdentityKey

HELLO_LABEL = b"wgmesh-hello-v2"
REPLY_LABEL = b"wgmesh-reply-v2"
CONFIRM_LABEL = b"wgmesh-confirm-v2"

# First element of the array that a message is.
ANNOUNCE, HELLO, REPLY, CONFIRM, PAGE = 1, 2, 3, 4, 5

TOKEN_BYTES = 32
MOST_RECORDS = 64

UNSIGNED = bytes(SIGNATURE_BYTES)
NOBODY = bytes(32)

_Challenge = Annotated[bytes, Meta(min_length=16, max_length=16)]
_Digest = Annotated[bytes, Meta(min_length=8, max_length=8)]
_Packed = Annotated[bytes, Meta(min_length=PACKED_ENDPOINT, max_length=PACKED_ENDPOINT)]
_Signature = Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]
_Signed = Annotated[bytes, Meta(max_length=LARGEST_RECORD)]


class UnknownMessage(Malformed):
    """A well-formed array whose first element names no message of this version: its sender is newer."""


class Announce(Struct, frozen=True, array_like=True, tag=ANNOUNCE, forbid_unknown_fields=True):
    """To everybody on a LAN: here I am. `digest` and `count` are of the records that the sender holds of that LAN."""

    signed: _Signed
    digest: _Digest
    count: U32


class Hello(Struct, frozen=True, array_like=True, tag=HELLO):
    """To a node (`to`, `to_boot`; zeros where only its address is known): who I am, and who are you?

    `sent_to`: the address it was sent to; `hour`: hours since 1970 that `token` was made for, 32 bytes or, on a LAN,
    none; `challenge`: 16 random bytes to be echoed; `counter`: (boot of the sender, number of the message in it);
    `digest`: of the sender's records; `signed`: its own.
    """

    to: bytes
    to_boot: int
    sent_to: Endpoint
    hour: int
    token: bytes
    challenge: bytes
    counter: tuple[int, int]
    digest: bytes
    signed: bytes
    signature: bytes = UNSIGNED


class Reply(Struct, frozen=True, array_like=True, tag=REPLY):
    """To who said Hello: its challenge as `echo`, one of ours, the address we see it at, our own record and `more`."""

    to: bytes
    to_boot: int
    echo: bytes
    challenge: bytes
    seen: Endpoint
    signed: bytes
    more: tuple[bytes, ...] = ()
    signature: bytes = UNSIGNED


class Confirm(Struct, frozen=True, array_like=True, tag=CONFIRM):
    """To who replied: its challenge as `echo`, which proves that we receive at the address we send from."""

    to: bytes
    to_boot: int
    echo: bytes
    signature: bytes = UNSIGNED


class Page(Struct, frozen=True, array_like=True, tag=PAGE, forbid_unknown_fields=True):
    """Records that the sender holds, as their owners signed them: nobody needs to sign for passing them on."""

    records: Annotated[tuple[_Signed, ...], Meta(max_length=MOST_RECORDS)]


class _Hello(Struct, frozen=True, array_like=True, tag=HELLO, forbid_unknown_fields=True):
    to: IdentityKey
    to_boot: U32
    sent_to: _Packed
    hour: U32
    token: Annotated[bytes, Meta(max_length=TOKEN_BYTES)]
    challenge: _Challenge
    counter: tuple[U32, U32]
    digest: _Digest
    signed: _Signed
    signature: _Signature


class _Reply(Struct, frozen=True, array_like=True, tag=REPLY, forbid_unknown_fields=True):
    to: IdentityKey
    to_boot: U32
    echo: _Challenge
    challenge: _Challenge
    seen: _Packed
    signed: _Signed
    more: Annotated[tuple[_Signed, ...], Meta(max_length=MOST_RECORDS)]
    signature: _Signature


class _Confirm(Struct, frozen=True, array_like=True, tag=CONFIRM, forbid_unknown_fields=True):
    to: IdentityKey
    to_boot: U32
    echo: _Challenge
    signature: _Signature


class _Tagged(Struct, frozen=True, array_like=True):
    tag: int


Signed = Hello | Reply | Confirm
Message = Announce | Signed

_LABELS: dict[type, bytes] = {Hello: HELLO_LABEL, Reply: REPLY_LABEL, Confirm: CONFIRM_LABEL}
_Wire = Announce | _Hello | _Reply | _Confirm | Page
_MESSAGE: msgpack.Decoder[_Wire] = msgpack.Decoder(_Wire)
_TAG = msgpack.Decoder(_Tagged)


def encode(message: Message | Page) -> bytes:
    """The payload of a datagram: a msgpack array of the tag and the fields in order."""
    match message:
        case Hello():
            fields = structs.asdict(message) | {"sent_to": pack_endpoint(message.sent_to)}
            return msgpack.encode(_Hello(**fields))
        case Reply():
            fields = structs.asdict(message) | {"seen": pack_endpoint(message.seen)}
            return msgpack.encode(_Reply(**fields))
    return msgpack.encode(message)


def decode(payload: bytes) -> Message | Page:
    """Read a payload, without checking its signature; UnknownMessage for another tag, Malformed for all else."""
    try:
        message = _MESSAGE.decode(payload)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _why(payload) from error
    match message:
        case _Hello():
            if len(message.token) not in (0, TOKEN_BYTES):
                raise Malformed("token")
            return Hello(**structs.asdict(message) | {"sent_to": unpack_endpoint(message.sent_to)})
        case _Reply():
            return Reply(**structs.asdict(message) | {"seen": unpack_endpoint(message.seen)})
        case _Confirm():
            return Confirm(**structs.asdict(message))
    return message


def sign(message: Signed, identity: Identity, fingerprint: bytes) -> bytes:
    """The payload of a message of our own, signed for the mesh whose parameters have this fingerprint (8 bytes)."""
    unsigned = encode(message)[:-SIGNATURE_BYTES]
    return unsigned + identity.sign(_LABELS[type(message)] + fingerprint + unsigned)


def authentic(payload: bytes, identity_key: bytes, fingerprint: bytes, message: Signed) -> bool:
    """Whether the owner of the identity signed this payload, which decoded to this message; about 100 µs."""
    unsigned = payload[:-SIGNATURE_BYTES]
    return verify(identity_key, message.signature, _LABELS[type(message)] + fingerprint + unsigned)


def _why(payload: bytes) -> Malformed:
    try:
        tag = _TAG.decode(payload).tag
    except (DecodeError, RecursionError):
        return Malformed("schema")
    return Malformed("schema") if ANNOUNCE <= tag <= PAGE else UnknownMessage("unknown")
