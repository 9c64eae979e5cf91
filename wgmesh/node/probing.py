"""One question to one exchange socket, under an identity that is thrown away: is a node of our mesh there?

It is answered like any Hello to whoever is there, and leaves nothing behind at the node. Where nobody answers, the same
is asked with tokens for the hours around this one: whoever answers one of those lives in another hour than we do.
"""

from msgspec import Struct

from wgmesh.domain import messages, peer_record
from wgmesh.domain.envelope import NONCE_BYTES, open_datagram, seal
from wgmesh.domain.identity import SEED_BYTES
from wgmesh.domain.keys import token
from wgmesh.domain.messages import NOBODY, Hello, Reply
from wgmesh.domain.packing import Malformed
from wgmesh.domain.peer_record import PROBE, PeerRecord
from wgmesh.domain.secret import Secret
from wgmesh.domain.values import HOUR, Endpoint, Incarnation
from wgmesh.node.challenges import CHALLENGE_BYTES
from wgmesh.node.keyring import Keyring
from wgmesh.node.reception import MOST_SKEW_HOURS
from wgmesh.node.sending import OPENING_BYTES, Entropy

# The hours beside this one, the nearest first.
OTHER_HOURS = tuple(sign * hours for hours in range(1, MOST_SKEW_HOURS + 1) for sign in (1, -1))


class Answered(Struct, frozen=True):
    """Who answered, to our Hello of this number (from 0), whose token was for so many hours from now."""

    record: PeerRecord
    number: int
    hours: int


class Probe:
    """A throw-away node that says Hello to one address."""

    def __init__(self, secret: Secret, target: Endpoint, entropy: Entropy) -> None:
        self._entropy = entropy
        self._target = target
        self._keyring = Keyring.of(entropy(SEED_BYTES), secret)
        self._asked: dict[bytes, tuple[int, int]] = {}

    def hello(self, at: int, hours: int = 0) -> bytes:
        """A datagram that asks who is there; `at` is wall-clock ms, the token is for so many hours later."""
        identity, keys = self._keyring.identity, self._keyring.keys
        challenge, hour = self._entropy(CHALLENGE_BYTES), max(at // HOUR + hours, 0)
        self._asked[challenge] = (len(self._asked), hours)
        message = Hello(
            to=NOBODY,
            to_boot=0,
            sent_to=self._target,
            hour=hour,
            token=token(keys.membership_key, identity.key, identity.public_key, hour),
            challenge=challenge,
            counter=(1, len(self._asked)),
            digest=bytes(8),
            signed=peer_record.sign(self._record(), identity),
        )
        payload = messages.sign(message, identity, self._keyring.fingerprint)
        return seal(keys.envelope_key, "exchange", payload, self._entropy(NONCE_BYTES), OPENING_BYTES)

    def read(self, datagram: bytes) -> Answered | None:
        """What a datagram from the address answers, if it is an answer to us."""
        opened = open_datagram([(1, self._keyring.keys.envelope_key)], "exchange", datagram)
        if opened is None:
            return None
        try:
            reply = messages.decode(opened[1])
            if not isinstance(reply, Reply) or reply.echo not in self._asked:
                return None
            record = peer_record.decode(reply.signed)
        except Malformed:
            return None
        is_signed = messages.authentic(opened[1], record.identity, self._keyring.fingerprint, reply)
        return Answered(record, *self._asked[reply.echo]) if is_signed else None

    def _record(self) -> PeerRecord:
        """One that nobody stores: it says itself that it is a probe."""
        return PeerRecord(
            identity=self._keyring.identity.key,
            incarnation=Incarnation(1, 0),
            life=bytes(8),
            generation=1,
            parameters=self._keyring.fingerprint,
            exchange_port=0,
            listen_port=0,
            hostname="",
            nonce=0,
            capabilities=PROBE,
        )
