"""A node's life on a disk that fails: what it acknowledged, and what must be true of whatever the disk has left.

The parts are the daemon's own, put together as its service does, without sockets: Home, Freezer, Retention, Node.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import msgpack
from msgspec.structs import replace

from tests.cast import BOB, CAROL, SECRET
from wgmesh.adapters.event_log.verify import verify
from wgmesh.daemon.freezer import Freezer
from wgmesh.daemon.home import LOG_NAME, Home
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.errors import LogFull
from wgmesh.domain.folding import fold
from wgmesh.domain.inputs import Due, Input, Networked, Recovered, Resumed, Sampled, Start, Stop, Suspended
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.secret import format_uri
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import DAY, SECOND, Interface
from wgmesh.settings import Options, Settings, resolve

NOON = 1_767_268_800_000
KEEP = DAY
CAP_BYTES = 64 * 1024 * 1024
ETH0 = Interface("eth0", 2, 1500, ("192.168.1.9/24",))


def settings_of(directory: Path) -> Settings:
    """A node that keeps its state there."""
    return replace(resolve(Options(state_dir=str(directory)), {}), secret=format_uri(SECRET))


@dataclass(frozen=True)
class Acknowledged:
    """What was durable, as far as the node was told: its last record and its last boot."""

    sequence: int = 0
    boot: int = 0


@dataclass
class Life:
    """One node, over all its starts. `states` are the meshes that its log made, by sequence; `gaps` what it dropped."""

    directory: Path
    at: int = NOON
    awake: int = 0
    acknowledged: Acknowledged = Acknowledged()
    states: dict[int, bytes] = field(default_factory=lambda: {0: msgpack.encode(Mesh())})
    identity: bytes = b""
    dropped: int = 0
    wishes: list[Input] = field(default_factory=list)
    is_open: bool = False

    def begin(self) -> None:
        """A start of the daemon; raises what the daemon would end with."""
        self.home = Home.open(settings_of(self.directory))
        self.is_open, self.wishes = True, []
        self.home.renew_ballast()
        self.freezer = Freezer(self.home.free_ballast, self.home.renew_ballast)
        self.retention = self.home.retention(KEEP, CAP_BYTES)
        lost = self.home.recovered
        first: list[Input] = [Recovered(lost.file, lost.first_bad, lost.resumes_at)] if lost else []
        boot = self.home.next_boot()
        self.acknowledged = Acknowledged(self.acknowledged.sequence, boot)
        self.turn(*first, start_of(self.home, boot), Networked((ETH0,)))
        self.identity = self.home.node.mesh.identity

    def turn(self, *inputs: Input) -> None:
        """As the daemon's loop takes a turn: a full disk stops nothing, anything else is raised."""
        self.at, self.awake = self.at + SECOND, self.awake + SECOND
        taken = (*self.wishes, *inputs)
        try:
            self.freezer.turn(self.home.node, taken, self.at, self.awake)
        except LogFull:
            self.dropped += len(taken)
            return
        self._acknowledge()
        self.home.checkpoint()
        self.wishes = self.retention.look(self.home.node.mesh, self.at)

    def end(self) -> None:
        """A stop in good order: a snapshot is kept, and the log is one file."""
        self.turn(Stop("SIGTERM"))
        self.let_go()

    def let_go(self) -> None:
        """The daemon ends with a sentence: what it does on its way out."""
        if self.is_open:
            self.is_open = False
            self.home.close()

    def die(self) -> None:
        """A kill: nothing is said any more. What the process held is let go by the system."""
        self.is_open = False
        self.home._log._datastore.close()
        self.home._lock.release()

    def _acknowledge(self) -> None:
        mesh = self.home.node.mesh
        self.states[mesh.head.sequence] = msgpack.encode(mesh)
        self.acknowledged = Acknowledged(mesh.head.sequence, self.acknowledged.boot)


def made(directory: Path) -> Path:
    """A new state directory."""
    directory.mkdir(mode=0o700)
    return directory


def start_of(home: Home, boot: int) -> Start:
    """The first input of a run."""
    ring = home.keyring
    return Start(
        identity=ring.identity.key,
        public_key=ring.identity.public_key,
        parameters=ring.parameters,
        boot=boot,
        life=boot.to_bytes(8),
        program="0",
        generation=ring.generation,
        listen_port=21820,
        exchange_port=0,
        settings=NodeSettings("wgmesh0", "rig", "none", True, ()),
    )


def live(life: Life) -> None:
    """A start, peers, a stop in good order, a start; a kill, a start; the log is shortened, and goes on."""
    life.begin()
    for happening in happenings(6):
        life.turn(*happening)
    life.end()
    life.begin()
    for happening in happenings(4):
        life.turn(*happening)
    life.die()
    life.begin()
    for _ in range(8):
        life.at, life.awake = life.at + KEEP // 4, life.awake + KEEP // 4
        for happening in happenings(6):
            life.turn(*happening)
    life.end()


def live_briefly(life: Life) -> None:
    """A start on what is there, some turns, the log is shortened, a stop."""
    live_on(life)
    life.end()


def live_on(life: Life) -> None:
    """The same, and no stop."""
    life.begin()
    for happening in happenings(3):
        life.turn(*happening)
    life.at, life.awake = life.at + KEEP, life.awake + KEEP
    for happening in happenings(6):
        life.turn(*happening)


def happenings(count: int) -> Iterator[tuple[Input, ...]]:
    """Turns that write little and much."""
    device = Device(peers=tuple(DevicePeer(who.public_key, 1, who.wireguard) for who in (BOB, CAROL)))
    traffic = tuple(Traffic(who.public_key, handshaken=True, handshake_age=5) for who in (BOB, CAROL))
    connected = Sampled(DeviceSample(device, traffic))
    turns: list[tuple[Input, ...]] = [
        (BOB.says_hello(None), CAROL.says_hello(None)),
        (connected, Due("roll-call")),
        (Resumed("lan"),),
        (),
        tuple(Suspended("lan", f"reason {number} " * 20) for number in range(30)),
        (Resumed("lan"), Sampled(DeviceSample(device)), Due("sample")),
    ]
    return iter(turns[:count])


def check(life: Life, directory: Path, acknowledged: Acknowledged, *, damaged: bool = False) -> None:
    """What must be true of this state of the disk: nothing acknowledged is lost, the log is whole, and life goes on."""
    home = Home.open(settings_of(directory))
    try:
        mesh = home.node.mesh
        assert damaged or home.recovered is None, f"a crash is taken for damage: {home.recovered}"
        assert mesh.head.sequence >= acknowledged.sequence, f"lost: {mesh.head.sequence} of {acknowledged.sequence}"
        encoded = msgpack.encode(mesh)
        assert life.states.get(mesh.head.sequence, encoded) == encoded, "the log makes another mesh than it made"
        records = list(home._log.records())
        assert msgpack.encode(fold(records)) == encoded, "the snapshot is not what the log makes"
        assert not acknowledged.sequence or mesh.identity == life.identity, "another node"
        boot = home.next_boot()
        assert boot > acknowledged.boot, "a boot is given out twice"
        lost = home.recovered
        first: list[Input] = [Recovered(lost.file, lost.first_bad, lost.resumes_at)] if lost else []
        home.node.turn([*first, start_of(home, boot), Networked(()), Suspended("lan", "after")], life.at, life.awake)
        went_on = home.node.mesh.head.sequence
    finally:
        home.close()
    verdict = verify(directory / LOG_NAME)
    assert (verdict.reason, verdict.head.sequence) == ("", went_on), verdict
