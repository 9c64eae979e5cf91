"""A story of three nodes on one LAN as its records: what the views and the command line are shown.

Alpha tells it. The identities are real (they come from seeds), and addresses are those that the mesh derives.
"""

from collections.abc import Iterable
from typing import Any

from wgmesh.domain import events as e
from wgmesh.domain.folding import fold
from wgmesh.domain.identity import Identity
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import Parameters, ipv4_of, ipv6_of
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.records import Record
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import SECOND, Endpoint, Incarnation, Interface

# 2026-11-22 12:00:00 UTC, in ms.
NOON = 1_795_348_800_000

PARAMETERS = Parameters("10.71.0.0/16", bytes.fromhex("fd57670000000000"), bytes(range(16)))
ALPHA, BETA, GAMMA = (Identity.from_seed(bytes([number]) * 32) for number in (1, 2, 3))
SETTINGS = NodeSettings("wgmesh0", "alpha", "userspace", True, ())
ETH0 = Interface("eth0", 2, 1500, ("192.168.1.5/24", "fe80::5/64"))

Told = tuple[float, str, e.Event]


def records(*told: Told, after: int = 0) -> tuple[Record, ...]:
    """These events as records: seconds after noon, cause, event."""
    return tuple(
        Record(sequence, NOON + int(seconds * SECOND), 1000 + int(seconds * SECOND), cause, (), event)
        for sequence, (seconds, cause, event) in enumerate(told, start=after + 1)
    )


def mesh_of(*events: e.Event, told: Iterable[Record] = ()) -> Mesh:
    """The mesh of alpha after these events, a second each, on top of what was told."""
    before = fold(told)
    first = before.head.sequence
    return fold(records(*((first + place, "test", event) for place, event in enumerate(events)), after=first), before)


def ipv4(who: Identity, nonce: int = 0) -> str:
    """The mesh IPv4 address of a node of the story."""
    return ipv4_of(PARAMETERS, who.public_key, nonce)


def ipv6(who: Identity) -> str:
    """Its IPv6 address."""
    return ipv6_of(PARAMETERS, who.public_key)


def joined(who: Identity = ALPHA) -> e.MeshJoined:
    """How a log begins."""
    return e.MeshJoined(who.key, who.public_key, PARAMETERS, ipv4(who), ipv6(who))


def started(boot: int = 1) -> e.NodeStarted:
    """A start of the daemon."""
    return e.NodeStarted(boot, bytes([boot]) * 8, "0.1.0", 1, 21820, 52000)


def discovered(who: Identity, hostname: str, ip: str, port: int = 21820, nonce: int = 0) -> e.PeerDiscovered:
    """A peer that says it has WireGuard at this address."""
    return e.PeerDiscovered(**_stated(who, hostname, Endpoint(ip, port), nonce, Incarnation(1, 0)))


def updated(
    who: Identity, hostname: str, ip: str, port: int = 21820, nonce: int = 0, incarnation: tuple[int, int] = (1, 1)
) -> e.PeerUpdated:
    """A newer record of it."""
    return e.PeerUpdated(**_stated(who, hostname, Endpoint(ip, port), nonce, Incarnation(*incarnation)))


def _stated(who: Identity, hostname: str, wireguard: Endpoint, nonce: int, incarnation: Incarnation) -> dict[str, Any]:
    exchange = Endpoint(wireguard.ip, 52000)
    return {
        "identity": who.key,
        "public_key": who.public_key,
        "incarnation": incarnation,
        "life": bytes([incarnation.boot]) * 8,
        "generation": 1,
        "hostname": hostname,
        "nonce": nonce,
        "ipv4": ipv4(who, nonce),
        "ipv6": ipv6(who),
        "exchange_port": exchange.port,
        "listen_port": wireguard.port,
        "endpoints": (ClaimedEndpoint("lan", "wg", wireguard), ClaimedEndpoint("lan", "exchange", exchange)),
        "routes": (),
        "capabilities": 0,
        "counter": Incarnation(incarnation.boot, 1),
        "signed": who.key + bytes([incarnation.boot, incarnation.sequence, nonce]),
    }


BETA_AT = Endpoint("192.168.1.17", 21820)
GAMMA_AT = Endpoint("192.168.1.23", 21820)

STORY = records(
    (0, "start", joined()),
    (0.001, "start", started()),
    (0.002, "start", e.SettingsChanged(SETTINGS)),
    (0.05, "network", e.InterfacesChanged((ETH0,), (), ())),
    (0.06, "wireguard", e.DeviceChanged(("create the interface", f"add address {ipv4(ALPHA)}/32"), 0)),
    (0.07, "lan", e.LayerResumed("lan")),
    (4.118, "lan", discovered(BETA, "beta", BETA_AT.ip)),
    (4.120, "lan", e.PeerEndpointObserved(BETA.key, "lan", BETA_AT)),
    (4.390, "wireguard", e.PeerConnected(BETA.key, BETA_AT)),
    (9.5, "lan", discovered(GAMMA, "gamma", GAMMA_AT.ip)),
    (9.8, "wireguard", e.PeerConnected(GAMMA.key, GAMMA_AT)),
    (
        3600,
        "timer/roll-call",
        e.PeersSighted((e.Sighting(BETA.key, 12_000, 4096, 2_000_000), e.Sighting(GAMMA.key, 200_000, 148, 92))),
    ),
    (3700, "wireguard", e.PeerDisconnected(GAMMA.key, 181_000)),
)
MESH = fold(STORY)
