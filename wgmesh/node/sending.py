"""From what the core wants said to sealed bytes: here tokens, challenges, counters, signatures and nonces are added."""

from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from msgspec import Struct

from wgmesh.domain import effects as fx
from wgmesh.domain import messages
from wgmesh.domain.envelope import NONCE_BYTES, Layer, seal
from wgmesh.domain.gossip_messages import Digest, GossipMessage, Introduction, encode_gossip
from wgmesh.domain.keys import token
from wgmesh.domain.mesh import DIGEST_MODULUS, Mesh, fingerprint
from wgmesh.domain.messages import Page
from wgmesh.domain.own_record import own_record
from wgmesh.domain.pages import paged
from wgmesh.domain.peer_record import PeerRecord, sign
from wgmesh.domain.supplying import fitting
from wgmesh.domain.values import HOUR, SECOND, Endpoint
from wgmesh.node.challenges import CHALLENGE_BYTES, Challenges
from wgmesh.node.keyring import Keyring

Entropy = Callable[[int], bytes]
Signing = fx.SendHello | fx.SendReply | fx.SendConfirm
LAN: Layer = "lan"
GOSSIP: Layer = "gossip"
EXCHANGE: Layer = "exchange"
# Pages of records to one member that are under way at once (protocol, section 5).
PAGES_IN_FLIGHT = 4
# What opens an exchange is as long as the longest answer, so that nobody is ever sent more bytes than it sent.
OPENING_BYTES = 1200
# A LAN accepts nothing by wall clock.
NO_TOKEN = (0, b"")
# 2020-01-01 in s since 1970: nobody says a Hello a second since then.
COUNTED_SINCE = 1_577_836_800


class Outgoing(Struct, frozen=True):
    """A sealed datagram. Without an address it goes to the multicast groups of every interface.

    `fallback`: where a member of the mesh is reached if there is no IPv6 on this machine or on its.
    """

    layer: Layer
    interface: str
    address: Endpoint | None
    data: bytes
    fallback: Endpoint | None = None


class Sender:
    """Makes our datagrams. Entropy is the operating system's, or the simulator's."""

    def __init__(self, keyring: Keyring, challenges: Challenges, entropy: Entropy) -> None:
        self._keyring = keyring
        self._challenges = challenges
        self._entropy = entropy
        self._boot = 0
        self._sent = 0
        self._mesh: Mesh | None = None
        self._record: PeerRecord | None = None
        self._signed = b""

    def signed_record(self, mesh: Mesh) -> bytes:
        """Our own record, signed; a signature costs 50 times what it costs to see that there is nothing new to sign."""
        if mesh is not self._mesh:
            record = own_record(mesh)
            if record != self._record:
                self._signed = sign(record, self._keyring.identity)
            self._mesh, self._record = mesh, record
        return self._signed

    def digest(self, mesh: Mesh) -> bytes:
        """8 bytes over all records that we hold, our own among them."""
        total = mesh.digest + fingerprint(self.signed_record(mesh))
        return (total % DIGEST_MODULUS).to_bytes(8)

    def send(self, mesh: Mesh, effects: Iterable[fx.Effect], at: int, now: int, chain: bytes) -> Iterator[Outgoing]:
        """The datagrams that these effects ask for. `at`: wall-clock ms; `now`: on `awake`; `chain`: our log's head."""
        for effect in effects:
            match effect:
                case fx.Announce():
                    yield Outgoing(LAN, "", None, self._seal(LAN, self._announce(mesh), OPENING_BYTES))
                case fx.SendHello() | fx.SendReply() | fx.SendConfirm():
                    at_least = OPENING_BYTES if isinstance(effect, fx.SendHello) else 0
                    data = self._seal(effect.layer, self._sign(mesh, effect, at, now), at_least)
                    yield Outgoing(effect.layer, effect.interface, effect.address, data)
                case fx.SendPage():
                    data = self._seal(effect.layer, messages.encode(messages.Page(effect.records)))
                    yield Outgoing(effect.layer, effect.interface, effect.address, data)
                case fx.SendFarewell(address):
                    data = self._seal(EXCHANGE, messages.encode(messages.Page((self.signed_record(mesh),))))
                    yield Outgoing(EXCHANGE, "", address, data)
                case fx.SendGossip() | fx.SendDigest() | fx.SendRecords():
                    yield from self._whisper(mesh, effect, chain)
                case fx.SendIntroduction(through, to, can_probe, is_answer):
                    word = Introduction(to, self.signed_record(mesh), can_probe, is_answer)
                    yield from self._whisper(mesh, fx.SendGossip(through, word), chain)

    def note(self, mesh: Mesh) -> bytes:
        """Our signed record as a sealed note for the registry: as long as any other."""
        return self._seal("registry", messages.encode(messages.Page((self.signed_record(mesh),))), OPENING_BYTES)

    def _whisper(
        self, mesh: Mesh, effect: fx.SendGossip | fx.SendDigest | fx.SendRecords, chain: bytes
    ) -> Iterator[Outgoing]:
        """Through the tunnel of a peer, to the port that all members derive; nothing to who has left meanwhile."""
        peer = mesh.peers.get(effect.to)
        if peer is None or not peer.present:
            return
        port = self._keyring.keys.gossip_port
        fallback = Endpoint(peer.ipv4, port) if mesh.routed.get(peer.ipv4) == peer.identity else None
        for message in self._words(mesh, effect, chain):
            data = self._seal(GOSSIP, encode_gossip(message), 0)
            yield Outgoing(GOSSIP, "", Endpoint(peer.ipv6, port), data, fallback)

    def _words(
        self, mesh: Mesh, effect: fx.SendGossip | fx.SendDigest | fx.SendRecords, chain: bytes
    ) -> Iterable[Page | GossipMessage]:
        match effect:
            case fx.SendGossip(_, message):
                return (message,)
            case fx.SendDigest(_, asks, heads):
                head = (mesh.head.sequence, chain) if heads else ()
                return (Digest(self.digest(mesh), len(mesh.peers) + 1, asks, *head),)
            case fx.SendRecords(_, identities):
                return paged(GOSSIP, self._records(mesh, identities), PAGES_IN_FLIGHT)
            case _:
                assert_never(effect)

    def _records(self, mesh: Mesh, identities: Iterable[bytes]) -> Iterator[bytes]:
        for identity in identities:
            if identity == mesh.identity:
                yield self.signed_record(mesh)
            elif identity in mesh.peers:
                yield mesh.peers[identity].signed

    def _announce(self, mesh: Mesh) -> bytes:
        announce = messages.Announce(self.signed_record(mesh), self.digest(mesh), len(mesh.peers) + 1)
        return messages.encode(announce)

    def _sign(self, mesh: Mesh, effect: Signing, at: int, now: int) -> bytes:
        message = self._compose(mesh, effect, at, now)
        return messages.sign(message, self._keyring.identity, self._keyring.fingerprint)

    def _compose(self, mesh: Mesh, effect: Signing, at: int, now: int) -> messages.Signed:
        match effect:
            case fx.SendHello():
                return self._hello(mesh, effect, at, self._challenge(effect.to, effect.address, now))
            case fx.SendReply():
                challenge = self._challenge(effect.to, effect.address, now)
                signed = self.signed_record(mesh)  # which may have grown since `more` was found to fit beside it
                more = fitting(len(signed), effect.more)
                return messages.Reply(effect.to, effect.boot, effect.echo, challenge, effect.address, signed, more)
            case fx.SendConfirm():
                return messages.Confirm(effect.to, effect.boot, effect.echo)
            case _:
                assert_never(effect)

    def _hello(self, mesh: Mesh, effect: fx.SendHello, at: int, challenge: bytes) -> messages.Hello:
        self._count(mesh.incarnation.boot, at)
        hour, token = self._membership(at) if effect.layer == "exchange" else NO_TOKEN
        return messages.Hello(
            to=effect.to,
            to_boot=effect.boot,
            sent_to=effect.address,
            hour=hour,
            token=token,
            challenge=challenge,
            counter=(mesh.incarnation.boot, self._sent),
            digest=self.digest(mesh),
            signed=self.signed_record(mesh),
        )

    def _count(self, boot: int, at: int) -> None:
        """One more Hello. Who took over a later start of its own goes on above all that it said then."""
        if self._boot not in (0, boot):
            self._sent = max(self._sent, at // SECOND - COUNTED_SINCE)
        self._boot = boot
        self._sent += 1

    def _membership(self, at: int) -> tuple[int, bytes]:
        """This hour since 1970, and what proves in it that we hold the secret."""
        identity, hour = self._keyring.identity, at // HOUR
        return hour, token(self._keyring.keys.membership_key, identity.key, identity.public_key, hour)

    def _challenge(self, identity: bytes, address: Endpoint, now: int) -> bytes:
        challenge = self._entropy(CHALLENGE_BYTES)
        self._challenges.ask(challenge, identity, address, now)
        return challenge

    def _seal(self, layer: Layer, payload: bytes, at_least: int = 0) -> bytes:
        return seal(self._keyring.keys.envelope_key, layer, payload, self._entropy(NONCE_BYTES), at_least)
