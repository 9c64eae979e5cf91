"""From sealed bytes to an input, or to a count. Nothing that a stranger sends raises, answers, or costs a signature.

The order is by cost: size, seal (4 µs), schema (2 µs), then what is known already, and signatures (200 µs) only of what
is new, 32 a turn at most, and 100 a second of those who never were connected.
"""

import hmac
from collections.abc import Iterator
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain import asking_back, messages, peer_record
from wgmesh.domain.draft import State
from wgmesh.domain.envelope import SIZES, Layer, open_datagram
from wgmesh.domain.gossip_messages import Introduction, decode_gossip
from wgmesh.domain.identity import wireguard_key
from wgmesh.domain.inputs import Heard, Introduced, Outpaced, Skewed, Told, Whispered
from wgmesh.domain.keys import token
from wgmesh.domain.membership import is_news
from wgmesh.domain.mesh import DIGEST_MODULUS, Mesh
from wgmesh.domain.messages import Announce, Confirm, Hello, Message, Page, Reply, Signed, UnknownMessage
from wgmesh.domain.packing import Malformed
from wgmesh.domain.peer_record import PROBE, PeerRecord, SignedRecord
from wgmesh.domain.selfhood import is_ahead
from wgmesh.domain.values import HOUR, SECOND, Endpoint, Incarnation
from wgmesh.node.challenges import Challenges
from wgmesh.node.keyring import Keyring
from wgmesh.node.rejections import Rejections
from wgmesh.node.tellers import Tellers

# Messages whose signatures are checked in one turn (protocol, section 4).
CHECKS_A_TURN = 32
# And a second, for identities that never were connected.
STRANGERS_A_SECOND = 100
# A clock that is off by more than a day and an hour is told by nobody: older Hellos are more likely replayed.
MOST_SKEW_HOURS = 26


class Rejection(Exception):
    """They sent something that is not for us; its text is the word by which it is counted."""


class Arrival(Struct, frozen=True):
    """A datagram and where it came from."""

    layer: Layer
    interface: str
    sender: Endpoint
    data: bytes


Received = Heard | Told | Skewed | Whispered | Introduced | Outpaced


class Receiver:
    """Reads what arrives. `now` is ms on `awake`."""

    def __init__(self, keyring: Keyring, challenges: Challenges, rejections: Rejections) -> None:
        self._keyring = keyring
        self._challenges = challenges
        self._rejections = rejections
        self._tellers = Tellers()
        self._opens = ((keyring.generation, keyring.keys.envelope_key),)
        self._checks = 0
        self._strangers = 0
        self._second = 0

    def begin_turn(self) -> None:
        """A turn of the node begins: its budget of signature checks is whole again."""
        self._checks = CHECKS_A_TURN

    def receive(self, state: State, digest: bytes, arrival: Arrival, at: int, now: int) -> Received | None:
        """What the datagram says, if it is for us. `digest`: 8 bytes over all records that we hold, and our own.

        `at` is wall-clock ms: a token is good for an hour or three.
        """
        try:
            if arrival.layer == "gossip":
                return self._overhear(state.mesh, digest, arrival, now)
            return self._read(state, digest, arrival, at, now)
        except UnknownMessage:
            return Outpaced(arrival.sender.ip)
        except (Malformed, Rejection) as reason:
            self._rejections.count(str(reason), arrival.sender.ip, now)
            return None

    def _read(self, state: State, digest: bytes, arrival: Arrival, at: int, now: int) -> Received | None:
        payload, mesh = self._open(arrival), state.mesh
        message = messages.decode(payload)
        match message:
            case Announce():
                return self._announce(mesh, digest, arrival, message, now)
            case Hello():
                heard = self._hello(state, digest, arrival, payload, message, now)
                return heard and self._with_skew(heard, message, at)
            case Reply():
                return self._reply(mesh, arrival, payload, message, now)
            case Confirm():
                return self._confirm(mesh, arrival, payload, message, now)
            case Page():
                return self._page(mesh, arrival, message, now)
            case _:
                assert_never(message)

    def _overhear(self, mesh: Mesh, digest: bytes, arrival: Arrival, now: int) -> Told | Whispered | Introduced | None:
        """What came through a tunnel: its source address is its sender."""
        teller = self._tellers.find(mesh, arrival.sender.ip)
        if teller is None:
            raise Rejection("nobody")
        if not self._tellers.may_speak(teller, now):
            raise Rejection("flood")
        message = decode_gossip(self._open(arrival))
        if isinstance(message, Page):
            return self._page(mesh, arrival, message, now, teller)
        if isinstance(message, Introduction):
            return self._introduction(mesh, message, teller, now)
        own = (int.from_bytes(digest) - mesh.digest) % DIGEST_MODULUS
        return Whispered(teller, message, own)

    def _introduction(self, mesh: Mesh, message: Introduction, teller: bytes, now: int) -> Introduced:
        """The signature is checked by the third as well: what it hands on is its asker's word."""
        record = peer_record.decode(message.signed)
        if record.identity == mesh.identity:
            raise Rejection("own")
        self._spend(mesh, record.identity, now)
        self._check_record(mesh, record, message.signed)
        manner = (message.can_probe, message.is_answer)
        return Introduced(teller, message.to, record, message.signed, *manner)

    def _open(self, arrival: Arrival) -> bytes:
        if len(arrival.data) not in SIZES[arrival.layer]:
            raise Rejection("size")
        opened = open_datagram(self._opens, arrival.layer, arrival.data)
        if opened is None:
            raise Rejection("seal")
        return opened[1]

    def _announce(self, mesh: Mesh, digest: bytes, arrival: Arrival, announce: Announce, now: int) -> Heard | None:
        """A hint: its signature matters only where the record itself is the news, in a goodbye or our own record."""
        record = peer_record.decode(announce.signed)
        is_own = record.identity == mesh.identity
        if is_own and not is_ahead(mesh, record):
            return None
        held = mesh.held(record.identity)
        is_goodbye = record.left and held is not None and is_news(held, record, announce.signed)
        if is_checked := is_own or is_goodbye:
            self._spend(mesh, record.identity, now)
            self._check_record(mesh, record, announce.signed)
        agrees = announce.digest == digest
        return _heard(arrival, record.identity, announce, record, is_checked, agrees=agrees)

    def _hello(
        self, state: State, digest: bytes, arrival: Arrival, payload: bytes, hello: Hello, now: int
    ) -> Heard | None:
        record, mesh = peer_record.decode(hello.signed), state.mesh
        if record.identity == mesh.identity:
            return None
        if arrival.layer == "exchange":
            self._check_token(record, hello)
        if hello.to != messages.NOBODY:
            self._expect_addressee(mesh, hello, any_boot=arrival.layer == "exchange")
        is_said_before = Incarnation(*hello.counter) <= state.last_counter(record.identity)
        if is_said_before and not asking_back.is_due(state, record, now):
            raise Rejection("replay")
        self._check(mesh, payload, hello, record.identity, now)
        self._check_record(mesh, record, hello.signed)
        return _heard(arrival, record.identity, hello, record, True, agrees=hello.digest == digest)

    def _check_token(self, record: PeerRecord, hello: Hello) -> None:
        """Whoever has the secret can make a token for any hour; whether the hour is now is seen when all else is."""
        right = token(self._keyring.keys.membership_key, record.identity, wireguard_key(record.identity), hello.hour)
        if not hmac.compare_digest(right, hello.token):
            raise Rejection("token")

    def _with_skew(self, heard: Heard, hello: Hello, at: int) -> Heard | Skewed | None:
        """A token of another hour is no membership now: silence on the wire, and somebody's clock is off."""
        skew = hello.hour - at // HOUR
        if heard.layer != "exchange" or abs(skew) <= 1:
            return heard
        if heard.record and heard.record.capabilities & PROBE:
            return None  # a probe tries the hours around it, and leaves no trace
        if abs(skew) > MOST_SKEW_HOURS:
            raise Rejection("token")
        return Skewed(heard.layer, heard.identity, heard.sender.ip, skew)

    def _reply(self, mesh: Mesh, arrival: Arrival, payload: bytes, reply: Reply, now: int) -> Heard:
        self._expect_addressee(mesh, reply)
        record = peer_record.decode(reply.signed)
        if record.identity == mesh.identity:
            raise Rejection("own")
        if self._asked(reply, arrival, now) not in (record.identity, messages.NOBODY):
            raise Rejection("unasked")
        self._check(mesh, payload, reply, record.identity, now)
        self._check_record(mesh, record, reply.signed)
        self._challenges.close(reply.echo)
        heard = _heard(arrival, record.identity, reply, record, True, echoed=True)
        return replace(heard, passed=tuple(self._passed(mesh, reply.more, now)))

    def _confirm(self, mesh: Mesh, arrival: Arrival, payload: bytes, confirm: Confirm, now: int) -> Heard:
        self._expect_addressee(mesh, confirm)
        identity = self._asked(confirm, arrival, now)
        self._check(mesh, payload, confirm, identity, now)
        self._challenges.close(confirm.echo)
        return _heard(arrival, identity, confirm, None, True, echoed=True)

    def _page(self, mesh: Mesh, arrival: Arrival, page: Page, now: int, teller: bytes = b"") -> Told | None:
        """What is news in it and signed by its owner; what this turn's budget does not reach comes again."""
        if arrival.layer == "lan":
            raise Rejection("unasked")
        passed = (SignedRecord(peer_record.decode(signed), signed) for signed in page.records)
        news = tuple(each for each in passed if self._is_passable(mesh, each, now))
        return Told(arrival.layer, arrival.sender, news, teller) if news else None

    def _passed(self, mesh: Mesh, more: tuple[bytes, ...], now: int) -> Iterator[SignedRecord]:
        """The news beside a Reply, as far as it is well signed and the budget reaches; the Reply counts in any case."""
        try:
            for signed in more:
                each = SignedRecord(peer_record.decode(signed), signed)
                if self._is_passable(mesh, each, now):
                    yield each
        except (Malformed, Rejection):
            return

    def _is_passable(self, mesh: Mesh, passed: SignedRecord, now: int) -> bool:
        record = passed.record
        if record.identity == mesh.identity:
            if not is_ahead(mesh, record):
                return False
        elif not is_news(mesh.held(record.identity), record, passed.signed):
            return False
        self._spend(mesh, record.identity, now)
        self._check_record(mesh, record, passed.signed)
        return True

    def _expect_addressee(self, mesh: Mesh, message: Hello | Reply | Confirm, *, any_boot: bool = False) -> None:
        """A message to an earlier start of ours is a replay, or comes too late."""
        if message.to != mesh.identity:
            raise Rejection("addressee")
        if message.to_boot != mesh.incarnation.boot and not any_boot:
            raise Rejection("stale")

    def _asked(self, message: Reply | Confirm, arrival: Arrival, now: int) -> bytes:
        identity = self._challenges.find(message.echo, arrival.sender, now)
        if identity is None:
            raise Rejection("unasked")
        return identity

    def _check(self, mesh: Mesh, payload: bytes, message: Signed, identity: bytes, now: int) -> None:
        self._spend(mesh, identity, now)
        if not messages.authentic(payload, identity, self._keyring.fingerprint, message):
            raise Rejection("signature")

    def _check_record(self, mesh: Mesh, record: PeerRecord, signed: bytes) -> None:
        """The bytes that we hold were checked when they came."""
        held = mesh.peers.get(record.identity)
        if (held is None or held.signed != signed) and not peer_record.authentic(signed, record.identity):
            raise Rejection("signature")

    def _spend(self, mesh: Mesh, identity: bytes, now: int) -> None:
        """Take one signature check out of the turn's budget, and of the second's for a stranger."""
        if self._checks == 0:
            raise Rejection("busy")
        self._checks -= 1
        held = mesh.peers.get(identity)
        if held is not None and held.proven:
            return
        if self._second != now // SECOND:
            self._second, self._strangers = now // SECOND, 0
        if self._strangers == STRANGERS_A_SECOND:
            raise Rejection("busy")
        self._strangers += 1


def _heard(
    arrival: Arrival,
    identity: bytes,
    message: Message,
    record: PeerRecord | None,
    signed_by_sender: bool,
    *,
    echoed: bool = False,
    agrees: bool = False,
) -> Heard:
    where = (arrival.layer, arrival.interface, arrival.sender)
    return Heard(*where, identity, message, record, signed_by_sender, echoed, agrees)
