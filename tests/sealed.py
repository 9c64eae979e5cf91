"""Datagrams as members and attackers of the tests make them, byte by byte; nothing of `wgmesh.node` is used for it."""

import itertools

from tests.cast import CHALLENGE, DIGEST, ECHO, SECRET, Member
from wgmesh.domain import messages
from wgmesh.domain.envelope import Layer, seal
from wgmesh.domain.keys import derive, token
from wgmesh.domain.messages import Announce, Confirm, Hello, Reply, Signed
from wgmesh.domain.parameters import fingerprint
from wgmesh.domain.peer_record import PeerRecord
from wgmesh.domain.secret import Secret

_NONCES = itertools.count(1)


def sealed(payload: bytes, layer: Layer = "lan", secret: Secret = SECRET, at_least: int = 0) -> bytes:
    """A datagram under a nonce that no other has."""
    return seal(derive(secret).envelope_key, layer, payload, next(_NONCES).to_bytes(24), at_least)


def announce(who: Member, record: PeerRecord | None = None, signed: bytes | None = None) -> bytes:
    """Payload of an Announce; `signed` when it is not the record that `who` would sign."""
    message = Announce(signed or who.signed(record or who.record()), DIGEST, 1)
    return messages.encode(message)


def hello(
    who: Member,
    to: Member | None,
    boot: int = 1,
    number: int = 1,
    signed: bytes | None = None,
    hour: int | None = None,
) -> bytes:
    """Payload of a Hello to a member in this boot of it, signed by `who`, whoever's record it brings.

    With an hour since 1970 it has a token for that hour, as the exchange wants it.
    """
    name, sent_to = (to.key, to.lan) if to else (bytes(32), who.lan)
    record = signed or who.signed(who.record())
    proof = b"" if hour is None else token(derive(SECRET).membership_key, who.key, who.public_key, hour)
    boot = boot if to else 0
    return written(who, Hello(name, boot, sent_to, hour or 0, proof, CHALLENGE, (1, number), DIGEST, record))


def reply(who: Member, to: Member, echo: bytes = ECHO, boot: int = 1, signed: bytes | None = None) -> bytes:
    """Payload of a Reply."""
    return written(who, Reply(to.key, boot, echo, CHALLENGE, to.lan, signed or who.signed(who.record())))


def confirm(who: Member, to: Member, echo: bytes = ECHO, boot: int = 1) -> bytes:
    """Payload of a Confirm."""
    return written(who, Confirm(to.key, boot, echo))


def written(who: Member, message: Signed) -> bytes:
    """The message, signed by `who` for its mesh."""
    return messages.sign(message, who.identity, fingerprint(who.mesh))


def forged(who: Member, record: PeerRecord, by: Member) -> bytes:
    """A record in the name of `who` with a signature of somebody else."""
    own = who.signed(record)
    body = own[:-64]
    return body + by.identity.sign(b"wgmesh-record-v2" + body)
