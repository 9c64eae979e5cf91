"""Who plays in the tests: five nodes of one mesh on one LAN, with fixed keys, and what each of them says.

They are named in the order of their WireGuard keys: Alice's is the lowest, so she begins handshakes, and keeps an
address that others want.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from wgmesh.domain.events import (
    InterfacesChanged,
    MeshJoined,
    NodeStarted,
    PeerDiscovered,
    PeerEndpointObserved,
    PeerUpdated,
    SettingsChanged,
)
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Heard, Start
from wgmesh.domain.keys import parameters
from wgmesh.domain.messages import Announce, Confirm, Hello, Reply
from wgmesh.domain.parameters import Parameters, fingerprint, ipv4_of, ipv6_of
from wgmesh.domain.peer_record import NO_IPV4, RENDEZVOUS, ClaimedEndpoint, PeerRecord, sign
from wgmesh.domain.secret import mint
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import Endpoint, Incarnation, Interface

SECRET = mint(bytes(range(32)))
PARAMETERS = parameters(SECRET)
# 14 addresses for everybody: collisions are easy to find.
NARROW = replace(PARAMETERS, network="10.9.0.0/28")

EXCHANGE_PORT = 52000
LAN_PORT = 40000
DIGEST = bytes(8)
CHALLENGE = bytes(range(16))
ECHO = bytes(range(16, 32))


@dataclass(frozen=True)
class Member:
    """A node and its machine: `ip` is its address on the LAN that all share, `mesh` what its URI says of the mesh."""

    name: str
    identity: Identity
    ip: str
    mesh: Parameters = PARAMETERS

    def __repr__(self) -> str:
        return self.name

    @property
    def key(self) -> bytes:
        return self.identity.key

    @property
    def public_key(self) -> bytes:
        return self.identity.public_key

    @property
    def ipv4(self) -> str:
        return self.ipv4_with(0)

    def ipv4_with(self, nonce: int) -> str:
        return ipv4_of(self.mesh, self.public_key, nonce)

    @property
    def ipv6(self) -> str:
        return ipv6_of(self.mesh, self.public_key)

    @property
    def wireguard(self) -> Endpoint:
        """Where its WireGuard listens on the LAN."""
        return Endpoint(self.ip, 20000 + self.public_key[0])

    @property
    def lan(self) -> Endpoint:
        """Where its datagrams come from."""
        return Endpoint(self.ip, LAN_PORT)

    @property
    def interface(self) -> Interface:
        return Interface("eth0", 2, 1500, (f"{self.ip}/24", f"fe80::{self.ip.rpartition('.')[2]}/64"))

    @property
    def settings(self) -> NodeSettings:
        return NodeSettings("wgmesh0", self.name, "userspace", True, ())

    def start(self, boot: int = 1, settings: NodeSettings | None = None) -> Start:
        return Start(
            identity=self.key,
            public_key=self.public_key,
            parameters=self.mesh,
            boot=boot,
            life=life(boot),
            program="wgmesh 0",
            generation=1,
            listen_port=self.wireguard.port,
            exchange_port=EXCHANGE_PORT,
            settings=settings or self.settings,
        )

    def joined(self, boot: int = 1) -> tuple[MeshJoined, NodeStarted, SettingsChanged, InterfacesChanged]:
        """How its log begins."""
        return (
            MeshJoined(self.key, self.public_key, self.mesh, self.ipv4, self.ipv6),
            self.started(boot),
            SettingsChanged(self.settings),
            InterfacesChanged((self.interface,), (), ()),
        )

    def started(self, boot: int = 1) -> NodeStarted:
        return NodeStarted(boot, life(boot), "wgmesh 0", 1, self.wireguard.port, EXCHANGE_PORT)

    def record(self, boot: int = 1, change: int = 2, **fields: Any) -> PeerRecord:
        """Its word on itself in one incarnation."""
        said = PeerRecord(
            identity=self.key,
            incarnation=Incarnation(boot, change),
            life=life(boot),
            generation=1,
            parameters=fingerprint(self.mesh),
            exchange_port=EXCHANGE_PORT,
            listen_port=self.wireguard.port,
            hostname=self.name,
            nonce=0,
            endpoints=(ClaimedEndpoint("lan", "wg", self.wireguard),),
            capabilities=RENDEZVOUS,
        )
        return replace(said, **fields)

    def signed(self, record: PeerRecord) -> bytes:
        return sign(record, self.identity)

    def announces(self, record: PeerRecord | None = None, **heard: Any) -> Heard:
        """Its multicast hint; a goodbye or one's own record bears a signature that was checked."""
        record = record or self.record()
        message = Announce(self.signed(record), DIGEST, 1)
        return self._heard(message, record, {"signed_by_sender": record.left, **heard})

    def says_hello(
        self, to: "Member | None", record: PeerRecord | None = None, boot: int = 1, number: int = 1, **heard: Any
    ) -> Heard:
        """Its Hello to a node in this boot of it (None: to whoever is there), its `number`th message."""
        record = record or self.record()
        counter = (record.incarnation.boot, number)
        name, sent_to = (to.key, to.lan) if to else (bytes(32), self.lan)
        message = Hello(name, boot if to else 0, sent_to, 0, b"", CHALLENGE, counter, DIGEST, self.signed(record))
        return self._heard(message, record, heard)

    @property
    def exchange(self) -> Endpoint:
        """Its exchange socket."""
        return Endpoint(self.ip, EXCHANGE_PORT)

    def there(self) -> dict[str, Any]:
        """How what it says over the exchange is heard."""
        return {"layer": "exchange", "interface": "", "sender": self.exchange}

    def replies(self, to: "Member", record: PeerRecord | None = None, **heard: Any) -> Heard:
        """Its answer to a Hello of ours."""
        record = record or self.record()
        message = Reply(to.key, 1, ECHO, CHALLENGE, to.lan, self.signed(record))
        return self._heard(message, record, {"echoed": True, **heard})

    def confirms(self, to: "Member", **heard: Any) -> Heard:
        """Its echo of our challenge."""
        return self._heard(Confirm(to.key, 1, ECHO), None, {"echoed": True, **heard})

    def discovered(self, record: PeerRecord | None = None, counter: tuple[int, int] = (1, 1)) -> PeerDiscovered:
        """What others log of its first record."""
        return PeerDiscovered(**self._stated(record or self.record(), counter))

    def updated(self, record: PeerRecord, counter: tuple[int, int] = (1, 1)) -> PeerUpdated:
        """What others log of a later one."""
        return PeerUpdated(**self._stated(record, counter))

    def observed(self, endpoint: Endpoint | None = None) -> PeerEndpointObserved:
        """What others log when it answered from its address."""
        return PeerEndpointObserved(self.key, "lan", endpoint or self.wireguard)

    def _heard(
        self, message: Announce | Hello | Reply | Confirm, record: PeerRecord | None, how: Mapping[str, Any]
    ) -> Heard:
        said = {"layer": "lan", "signed_by_sender": True, "sender": self.lan, "interface": "eth0", **how}
        return Heard(identity=self.key, message=message, record=record, **said)

    def _stated(self, record: PeerRecord, counter: tuple[int, int]) -> dict[str, Any]:
        stated = {name: getattr(record, name) for name in record.__struct_fields__}
        del stated["parameters"], stated["left"]
        return {
            **stated,
            "public_key": self.public_key,
            "ipv4": "" if record.capabilities & NO_IPV4 else self.ipv4_with(record.nonce),
            "ipv6": self.ipv6,
            "counter": Incarnation(*counter),
            "signed": self.signed(record),
        }


def life(boot: int) -> bytes:
    """8 bytes that differ with each start."""
    return boot.to_bytes(8)


_IDENTITIES = sorted((Identity.from_seed(bytes([n]) * 32) for n in range(1, 6)), key=lambda each: each.public_key)
ALICE, BOB, CAROL, DAVE, ERIN = (
    Member(name, identity, f"192.168.1.{place}")
    for place, (name, identity) in enumerate(
        zip(("alice", "bob", "carol", "dave", "erin"), _IDENTITIES, strict=True), start=1
    )
)
EVERYBODY = (ALICE, BOB, CAROL, DAVE, ERIN)
