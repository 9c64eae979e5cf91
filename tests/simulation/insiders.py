"""A hostile holder of the secret: it becomes a peer under its own name, and then says what it should not.

It repeats old records, says goodbye for others, floods, claims hostile addresses, and takes the IPv4 address of others.
"""

from collections.abc import Callable

from msgspec.structs import replace

from tests.simulation.marks import sometimes
from tests.simulation.network import ALL_NODES, GROUP, LAN_PORT, Frame, Nic, Segment
from tests.simulation.site import Site
from wgmesh.domain import messages, peer_record
from wgmesh.domain.envelope import NONCE_BYTES, Layer, open_datagram, seal
from wgmesh.domain.identity import SIGNATURE_BYTES
from wgmesh.domain.messages import Announce, Confirm, Hello, Page, Reply
from wgmesh.domain.packing import Malformed
from wgmesh.domain.parameters import NONCES, ipv4_of
from wgmesh.domain.peer_record import ClaimedEndpoint, PeerRecord
from wgmesh.domain.values import Endpoint, Incarnation
from wgmesh.node import Keyring

LAN: Layer = "lan"
PORT = 40_666
# Addresses that are nobody's, or somebody's who has nothing to do with us (threats, row 22 and 23).
HOSTILE = (
    "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "8.8.8.8", "::", "::1", "ff02::1", "2001:db8::1",
    "240.0.0.1",
)  # fmt: skip
FLOOD = 40
# How many keys it tries for one whose IPv4 address is somebody else's.
GRIND = 3


class Insider:
    """One identity at a time, with what it heard of others."""

    def __init__(self, site: Site, number: int, segment: Segment) -> None:
        self.site = site
        self.name = f"insider{number}"
        self.chance = site.world.chance(self.name)
        self.nic = Nic(self, "eth0", 2, f"fe80::666:{number:x}")
        self.nic.plug(segment, f"{segment.network}.{80 + number}/24" if segment.network else "")
        for address in (self.nic.address(""), self.nic.link_local):
            site.checks.plugged(address)
        self.said = 0
        self.heard: dict[bytes, tuple[PeerRecord, Endpoint]] = {}
        self.old: list[bytes] = []
        self.record = self._become(Keyring.of(self.chance.randbytes(32), site.secret), 0)

    def _become(self, keyring: Keyring, nonce: int) -> PeerRecord:
        self.keyring = keyring
        self.site.checks.members[keyring.identity.key] = self.name
        self.record = PeerRecord(
            identity=keyring.identity.key,
            incarnation=Incarnation(self.chance.choice((7, 2**32 - 2)), 0),
            life=self.chance.randbytes(8),
            generation=1,
            parameters=keyring.fingerprint,
            exchange_port=0,
            listen_port=20_666,
            hostname=self.name,
            nonce=nonce,
            endpoints=self._claims(),
        )
        return self.record

    def _claims(self) -> tuple[ClaimedEndpoint, ...]:
        """Our own address, without which nobody asks us, and some hostile ones."""
        own = [ip for ip in (self.nic.address(""),) if ip]
        hostile = self.chance.sample((*HOSTILE, *self._mesh_addresses()), 3)
        ports = [self.chance.choice((20_666, 1, 0)) for _ in hostile]
        claims = zip([*own, *hostile], [20_666, *ports], strict=False)
        return tuple(ClaimedEndpoint("lan", "wg", Endpoint(ip, port)) for ip, port in claims)

    def _mesh_addresses(self) -> list[str]:
        running = [machine.daemon.mesh for machine in self.site.machines if machine.daemon]
        return [address for mesh in running for address in (mesh.ipv4, mesh.ipv6) if address]

    def hear(self, nic: Nic, frame: Frame) -> None:
        """Answer as an honest node would, and remember everything."""
        opened = (
            open_datagram([(1, self.keyring.keys.envelope_key)], LAN, frame.content)
            if isinstance(frame.content, bytes)
            else None
        )
        if opened is None:
            return
        try:
            message = messages.decode(opened[1])
            record = peer_record.decode(message.signed) if not isinstance(message, Confirm | Page) else None
        except Malformed:
            return
        if record is not None and not isinstance(message, Confirm | Page):
            self.heard[record.identity] = (record, frame.source)
            self.old.append(message.signed)
            self._answer(message, record, frame.source)

    def _answer(self, message: Announce | Hello | Reply, record: PeerRecord, source: Endpoint) -> None:
        boot = record.incarnation.boot
        if isinstance(message, Hello) and message.to == self.keyring.identity.key:
            sometimes("insider_admitted")
            challenge = self.chance.randbytes(16)
            reply = Reply(record.identity, boot, message.challenge, challenge, source, self._signed())
            self._send(source, self._sign(reply))
        elif isinstance(message, Reply) and message.to == self.keyring.identity.key:
            self._send(source, self._sign(Confirm(record.identity, boot, message.challenge)))

    def act(self) -> None:
        """Do one of the things that it should not."""
        tricks: tuple[Callable[[], None], ...] = (
            self.announce, self.greet, self.flood, self.bury, self.repeat, self.babble, self.clash, self.differ,
        )  # fmt: skip
        self.chance.choice(tricks)()

    def announce(self) -> None:
        """Here I am, with other addresses than before."""
        self._restate(endpoints=self._claims())
        self._send(None, messages.encode(Announce(self._signed(), self.chance.randbytes(8), 3)))

    def greet(self) -> None:
        """A Hello to somebody, or to nobody in particular."""
        if self.heard:
            record, source = self.chance.choice(list(self.heard.values()))
            to = self.chance.choice((record.identity, messages.NOBODY))
            self._hello(to, record.incarnation.boot if to == record.identity else 0, source)

    def flood(self) -> None:
        """Many Hellos, each with a record of its own."""
        if self.heard:
            record, source = self.chance.choice(list(self.heard.values()))
            for _ in range(FLOOD):
                self._restate(hostname=f"flood-{self.said}")
                self._hello(record.identity, record.incarnation.boot, source)

    def bury(self) -> None:
        """A goodbye in another's name, signed by ourselves."""
        if self.heard:
            record, _ = self.chance.choice(list(self.heard.values()))
            incarnation = Incarnation(record.incarnation.boot, record.incarnation.sequence + 1)
            body = peer_record.encode(replace(record, incarnation=incarnation, left=True))
            signed = body + self.keyring.identity.sign(peer_record.LABEL + body)
            self.say(signed)

    def repeat(self) -> None:
        """What somebody once said of itself, as if it were said now."""
        if self.old:
            self.say(self.chance.choice(self.old))

    def babble(self) -> None:
        """Behind a good seal, what no version knows or nobody can read."""
        payload = self.chance.choice((b"\x92\x63\x01", b"\x91\x01", b"\xc1", self.chance.randbytes(40), b"\x94" * 900))
        self._send(None, payload)

    def differ(self) -> None:
        """Say that the mesh's parameters are others."""
        self._restate(parameters=self.chance.randbytes(8), endpoints=self._claims())
        self.say(self._signed())
        self.record = replace(self.record, parameters=self.keyring.fingerprint)

    def say(self, signed: bytes) -> None:
        """A record to the whole segment, whoever signed it and whatever it says."""
        self._send(None, messages.encode(Announce(signed, bytes(8), 1)))

    def clash(self) -> None:
        """Become somebody whose IPv4 address is another's."""
        wanted = [address for address in self._mesh_addresses() if "." in address]
        for _ in range(GRIND if wanted else 0):
            keyring = Keyring.of(self.chance.randbytes(32), self.site.secret)
            for nonce in range(NONCES):
                if ipv4_of(keyring.parameters, keyring.identity.public_key, nonce) in wanted:
                    sometimes("insider_clash")
                    self._become(keyring, nonce)
                    self.announce()
                    return

    def _restate(self, **changes: object) -> None:
        now = self.record.incarnation
        self.record = replace(self.record, incarnation=Incarnation(now.boot, now.sequence + 1), **changes)

    def _hello(self, to: bytes, boot: int, target: Endpoint) -> None:
        self.said += 1
        counter = (self.record.incarnation.boot, self.said)
        challenge, digest = self.chance.randbytes(16), self.chance.randbytes(8)
        self._send(target, self._sign(Hello(to, boot, target, 0, b"", challenge, counter, digest, self._signed())))

    def _signed(self) -> bytes:
        return peer_record.sign(self.record, self.keyring.identity)

    def _sign(self, message: Hello | Reply | Confirm) -> bytes:
        payload = messages.sign(message, self.keyring.identity, self.keyring.fingerprint)
        if self.chance.random() < 0.05:  # and at times it signs wrongly
            payload = payload[:-SIGNATURE_BYTES] + bytes(SIGNATURE_BYTES)
        return payload

    def _send(self, target: Endpoint | None, payload: bytes) -> None:
        data = seal(self.keyring.keys.envelope_key, LAN, payload, self.chance.randbytes(NONCE_BYTES), 1200)
        targets = [Endpoint(GROUP, LAN_PORT), Endpoint(ALL_NODES, LAN_PORT)] if target is None else [target]
        for each in targets:
            own = self.nic.address(each.ip)
            if own and self.nic.segment:
                source = Endpoint(own, PORT)
                self.nic.segment.send(self.nic, Frame(source, Endpoint(each.ip, each.port), len(data), data))
