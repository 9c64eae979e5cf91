"""One real log of each version that was ever released, as every later one must fold it.

Each event of the catalogue has its place in the story, and behind each record stands the whole state as that version
had it: so the first event that is folded otherwise is named, whatever has become of the shape of the state since.
`python -m tests.golden.logs` writes the log of this version; before a release it may be written anew.
"""

from contextlib import closing
from pathlib import Path

from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN
from wgmesh import __version__
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain import events as e
from wgmesh.domain import snapshot
from wgmesh.domain.folding import carried, evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.values import HOUR, SECOND, Endpoint, Incarnation, Interface

DIRECTORY = Path(__file__).parent / "logs"
NOON = 1_767_268_800_000
WIFI = Interface("wlan0", 3, 1500, ("10.0.0.7/8", "fe80::7/64"))
ELSEWHERE = Endpoint("203.0.113.9", 40000)


RELAYS: list[tuple[str, e.Event]] = [
    ("start", e.RelayPortChosen(23456)),
    ("wireguard", e.PeerRelayed(BOB.key, CAROL.key, 61001)),
    ("timer/trial", e.PeerUnrelayed(BOB.key, CAROL.key, "direct")),
    ("gossip", e.RelayOpened(BOB.key, CAROL.key, 23001, 23002, 61001, 61002)),
    ("gossip", e.RelayClosed(BOB.key, CAROL.key, "idle")),
]


FORGOTTEN: tuple[tuple[str, e.Event], ...] = (
    ("timer/forget", e.PeerExpired(CAROL.key, 24 * HOUR)),
    ("timer/forget", e.PeersPurged((CAROL.key,), ())),
    ("gossip", e.IntroducerCurbed(BOB.key, "")),
)


def story() -> list[tuple[str, e.Event]]:
    """Cause and event: alice meets everybody, and everything happens to her that can."""
    carol_moved = CAROL.record(change=3, nonce=1, hostname="caroline")
    dave_left = DAVE.record(change=9, left=True)
    return [
        *(("start", event) for event in ALICE.joined()),
        ("wireguard", e.DeviceChanged(("create the interface",), 0)),
        ("lan", e.LayerResumed("lan")),
        *(("lan", who.discovered()) for who in (BOB, CAROL, DAVE)),
        ("lan", BOB.observed()),
        ("wireguard", e.PeerConnected(BOB.key, BOB.wireguard)),
        ("wireguard", e.PeerConnected(DAVE.key, DAVE.wireguard)),
        ("wireguard", e.PeerRoamed(BOB.key, ELSEWHERE, BOB.wireguard)),
        ("timer/roll-call", e.PeersSighted((e.Sighting(BOB.key, 400, 10, 20), e.Sighting(DAVE.key, -1, 0, 0)))),
        ("network", e.EndpointsDeclared((ELSEWHERE,))),
        ("exchange", e.EndpointReflected(BOB.key, ELSEWHERE)),
        ("exchange", e.ClockSkewObserved(DAVE.key, "192.0.2.9", -3)),
        ("lan", e.HelloUnanswered(ERIN.key, "erin", "lan", ERIN.lan)),
        ("timer/knock", e.HelloUnanswered(bytes(32), "", "peer", ELSEWHERE)),
        ("gossip", e.DaemonMissed(DAVE.key, 9000)),
        ("gossip", e.DaemonMissed(BOB.key, 9000)),
        ("gossip", e.DaemonReturned(BOB.key)),
        ("timer/renew", e.RecordRenewed()),
        ("lan", CAROL.updated(carol_moved)),
        ("lan", e.AddressCollisionResolved(CAROL.ipv4, BOB.key, CAROL.key)),
        ("network", e.InterfacesChanged((ALICE.interface, WIFI), (), ())),
        ("network", e.InterfacesChanged((ALICE.interface, WIFI), ("10.2.0.0/16", "172.17.0.0/16"), ("172.17.0.0/16",))),
        ("lan", e.MeshAddressChanged(1, ALICE.ipv4_with(1), ALICE.ipv4)),
        ("lan", e.OwnRecordOutrun(Incarnation(7, 3), 2, ALICE.ipv4_with(2))),
        ("exchange", e.CloneDetected(Incarnation(7, 9), bytes(8))),
        ("timer/dht", e.AnnouncerElected(True)),
        ("stun", e.NatDetected("easy", ELSEWHERE, (), (Endpoint("192.0.2.3", 3478), Endpoint("192.0.2.4", 3478)))),
        ("lan", e.PeerRefused(ERIN.key, "erin", "joined with another URI")),
        ("wireguard", e.DeviceChangeFailed(("add route 10.9.0.0/16",), ("EPERM",))),
        ("wireguard", e.ForeignPeerSeen(bytes(range(32)))),
        ("timer/rejections", e.DatagramsRejected({"seal": 12}, ("192.0.2.7",))),
        ("lan", e.NewerPeerSeen("192.0.2.8")),
        ("clock", e.NodeSuspended(8 * HOUR)),
        ("clock", e.ClockStepped(-HOUR)),
        ("lan", e.LayerSuspended("lan", "no interface")),
        ("dht", e.AnnouncerElected(elected=True)),
        *RELAYS,
        ("registry", e.RegistryEntryCreated(12)),
        ("registry", e.RegistryEntryFound(7)),
        ("operator/ban", e.PeerBanned(ERIN.public_key)),
        ("operator/ban", e.PeerBanned(BOB.public_key)),
        ("operator/unban", e.PeerUnbanned(BOB.public_key)),
        ("wireguard", e.PeerConnected(BOB.key, BOB.wireguard)),
        ("lan", e.RouteContested("10.9.0.0/16", BOB.key, CAROL.key)),
        ("wireguard", e.PeerDisconnected(BOB.key, 181_000)),
        *FORGOTTEN,
        ("lan", e.PeerLeft(DAVE.key, dave_left.incarnation, DAVE.signed(dave_left))),
        ("log", e.LogRecovered("events.db.damaged-1", 3, 0)),
        ("log", e.LogGap(3, NOON)),
        ("gossip", e.HeadWitnessed(BOB.key, 812, bytes(range(16)))),
        ("log/keep", e.LogCompacted(1, bytes(16))),
        ("operator/leave", e.MeshLeft()),
        ("operator/stop", e.NodeStopped("SIGTERM")),
        ("start", ALICE.started(8)),
    ]


def write_log(path: Path) -> None:
    """The story, each record with the state behind it, and a snapshot of its end."""
    mesh, records = Mesh(), list[Record]()
    for number, (cause, event) in enumerate(story()):
        told: list[tuple[str, e.Event]] = [(cause, event)]
        if isinstance(event, e.LogRecovered):
            told = [(cause, e.LogRecovered(event.file, event.first_bad, mesh.head.sequence + 1))]
        for why, each in told:
            mesh = _put(records, mesh, number, why, each)
        if mesh.settings is not None:
            mesh = _put(records, mesh, number, "log", carried(mesh))
    with closing(EventLog.open(path, at=NOON)) as log:
        log.append(records)
        log.save_snapshot(log.head.sequence, log.head.chain, snapshot.shape(__version__), snapshot.encode(mesh))


def _put(records: list[Record], mesh: Mesh, number: int, cause: str, event: e.Event) -> Mesh:
    sequence, awake = mesh.head.sequence + 1, number * SECOND
    because = (mesh.head.sequence,) if mesh.head.sequence else ()
    records.append(Record(sequence, NOON + awake, awake, cause, because, event))
    return evolve(mesh, records[-1])


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    golden = DIRECTORY / f"{__version__}.db"
    golden.unlink(missing_ok=True)
    write_log(golden)
    print(golden)
