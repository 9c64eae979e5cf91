"""Records of events, and the meshes that they make."""

from hypothesis import strategies as st

from tests.cast import ALICE, BOB, CAROL, DAVE, Member
from wgmesh.domain import events as e
from wgmesh.domain.events import Event
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.values import Endpoint, Ground, Incarnation

ELSEWHERE = Endpoint("10.0.0.9", 7)
ERIN_KEY = bytes(range(32))


def told(*events: Event, after: int = 0, cause: str = "lan") -> tuple[Record, ...]:
    """Records of these events, a second apart."""
    numbered = enumerate(events, start=after + 1)
    return tuple(Record(n, 1_000_000 + n * 1000, n * 1000, cause, (), event) for n, event in numbered)


def mesh_of(*events: Event) -> Mesh:
    """Alice's mesh after the beginning of her log and these."""
    return fold(told(*ALICE.joined(), *events))


def ground(sequence: int) -> Ground:
    return Ground(sequence, 1_000_000 + sequence * 1000, sequence * 1000)


def left(who: Member, change: int = 9) -> e.PeerLeft:
    gone = who.record(change=change, left=True)
    return e.PeerLeft(who.key, gone.incarnation, who.signed(gone))


STORED: list[Event] = [
    *(who.discovered() for who in (BOB, CAROL, DAVE)),
    *(who.updated(who.record(change=change, nonce=change)) for who in (BOB, CAROL, DAVE) for change in (3, 4)),
    *(left(who) for who in (BOB, CAROL)),
    *(e.PeerExpired(who.key, 1) for who in (BOB, DAVE)),
    *(e.PeerConnected(who.key, who.wireguard) for who in (BOB, DAVE)),
]


# Logs in which nobody is spoken of before it is discovered.
stories = st.lists(st.sampled_from(STORED), max_size=12).map(
    lambda events: [*(who.discovered() for who in (BOB, CAROL, DAVE)), *events]
)


# At least one of each kind of thing that a log says.
EVERYTHING: list[Event] = [
    *(who.discovered() for who in (BOB, CAROL, DAVE)),
    BOB.observed(),
    e.PeerConnected(BOB.key, BOB.wireguard),
    e.PeerRoamed(BOB.key, ELSEWHERE, BOB.wireguard),
    e.PeersSighted((e.Sighting(BOB.key, 400, 10, 20),)),
    CAROL.updated(CAROL.record(change=3, nonce=1)),
    left(DAVE),
    e.PeerRefused(ERIN_KEY, "erin", "other"),
    e.PeerBanned(BOB.public_key),
    e.PeerBanned(ERIN_KEY),
    e.PeerUnbanned(BOB.public_key),
    e.InterfacesChanged((ALICE.interface,), ("172.17.0.0/16",), ("172.17.0.0/16",)),
    e.ForeignPeerSeen(ERIN_KEY),
    e.LayerSuspended("lan", "no interface"),
    e.NewerPeerSeen("10.0.0.1"),
    e.DeviceChanged(("add peer",), 1),
    e.DeviceChangeFailed(("add route",), ("EPERM",)),
    e.DatagramsRejected({"seal": 1}, ("10.0.0.2",)),
    e.ClockStepped(-3_600_000),
    e.LogRecovered("events.db.damaged-1", 7, 5),
    e.LogGap(3, 1),
    e.HeadWitnessed(BOB.key, 812, bytes(16)),
    e.LogCompacted(2, bytes(16)),
    e.OwnRecordOutrun(Incarnation(7, 3), 2, ALICE.ipv4_with(2)),
    e.NodeStopped("SIGTERM"),
    e.MeshLeft(),
]
