"""One run of a daemon, without its sockets: the order of things is that of the real loop.

Take what came, let the node decide, bring the device up to date, then send.
"""

from collections import deque
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from tests.simulation.disk import Killed
from tests.simulation.frost import Frost
from tests.simulation.kernel import nobody
from tests.simulation.lan import EPHEMERAL, Lan
from tests.simulation.lookups import Lookups
from tests.simulation.marks import sometimes
from tests.simulation.network import Frame, Nic
from tests.simulation.registry import settings_of
from tests.simulation.sockets import Sockets
from tests.simulation.visits import Visits
from tests.simulation.walks import Walks
from tests.simulation.world import MILLISECOND
from wgmesh.domain.device import Change, DeviceSample
from wgmesh.domain.effects import Exit, RemoveInterface, Sample
from wgmesh.domain.errors import LogFull
from wgmesh.domain.inputs import (
    Applied,
    Echoed,
    Heard,
    Input,
    Listed,
    Networked,
    Resumed,
    Sampled,
    Start,
    Stop,
    Unpassed,
)
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import Interface
from wgmesh.node import Node, Outgoing, Turn
from wgmesh.node.reception import Arrival, Received
from wgmesh.projections.change_sentences import describe
from wgmesh.projections.lan_interfaces import lan_interfaces
from wgmesh.projections.relay_device import wanted_relay_changes
from wgmesh.projections.wanted_changes import wanted_changes

if TYPE_CHECKING:
    from tests.simulation.machine import Machine

# As in the real daemon: rounds of one turn, items of one turn, between two reads of a socket.
ROUNDS = 3
TURN = 64
PAUSE = 20 * MILLISECOND
PORTS = range(20_000, 32_768)
# Of the second interface.
RELAY_PORT = 19_999


class Daemon:
    """From its start to its end; `ended` daemons do nothing more."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self._world = machine.world
        self._watcher = machine.watcher
        mesh = machine.disk.fold()
        self._carried = mesh.head.awake - machine.clock.steady()
        self.node = Node(machine.keyring, machine.disk, mesh, machine.entropy)
        self._lan = Lan(machine.chance.choice(EPHEMERAL), machine.nic, self.node.reject)
        self._sockets = Sockets(machine.keyring.keys.gossip_port, self.node.reject)
        self._gossips = False
        self._exchanges = False
        self._lookups = Lookups(machine.world, machine.acquaintances, self._sockets.port, self.put)
        self._walks = self._open_dht()
        self._visits = Visits(machine, self.node, self.put, self.awake)
        self._items: deque[Input] = deque()
        self._read_at = -PAUSE
        self._serve_at: int | None = None
        self._frost = Frost()
        self.sample: Sampled | None = None
        self._sampled_at = -1
        self.ended = False
        machine.wireguard.watched_anew()
        machine.beside.watched_anew()
        machine.kernel.listener = self._hear_inside
        machine.kernel.on_echo = self._hear_echo
        self._watcher.began(machine, mesh)

    def _open_dht(self) -> Walks | None:
        """Beside the exchange's port, if the operator wants it."""
        machine, port = self._machine, self._sockets.port + 1
        if not machine.dht:
            return None
        return Walks(machine, port, machine.dht, self.put, self.node.reject, self.awake, self._wake_at)

    def _wake_at(self, awake: int, happening: Callable[[int], None]) -> None:
        """Let it happen at this time of ours (ms), which it is told."""
        self._world.at(self._machine.clock.instant(awake - self._carried), happening, awake)

    @property
    def mesh(self) -> Mesh:
        """What the node holds to be true."""
        return self.node.mesh

    @property
    def digest(self) -> bytes:
        """What all records that it holds come to, its own among them."""
        return self.node._sender.digest(self.node.mesh)

    @property
    def waiting(self) -> int:
        """Inputs and datagrams that were not looked at yet."""
        return len(self._items) + len(self._lan) + len(self._sockets)

    def awake(self) -> int:
        """Ms of this node's running life."""
        return self._machine.clock.steady() + self._carried

    def begin(self) -> None:
        """The first inputs of a run. One that cannot write that it began ends; tunnels stay."""
        first: Sequence[Input] = [self._start(), Networked(self._machine.interfaces), self._look()]
        if self._machine.disk.full:
            self.end()
        else:
            self._decide(first)
            self._plan()
            self._lookups.look()
            if self._machine.stun:
                self.put(Listed(self._machine.stun))

    def _start(self) -> Start:
        machine, mesh = self._machine, self.node.mesh
        ring = machine.keyring
        key = ring.identity.public_key
        return Start(
            identity=ring.identity.key,
            public_key=key,
            parameters=ring.parameters,
            boot=machine.disk.next_boot(mesh.incarnation.boot, machine.clock.wall()),
            life=machine.entropy(8),
            program="simulated",
            generation=ring.generation,
            listen_port=mesh.listen_port or PORTS[int.from_bytes(sha256(key).digest()[:8]) % len(PORTS)],
            exchange_port=self._sockets.port,
            relay_port=RELAY_PORT if machine.relays else 0,
            settings=NodeSettings(
                "wgmesh0",
                machine.hostname,
                "simulated",
                machine.lan,
                (),
                advertise_routes=machine.advertised,
                accept_routes=machine.accepted,
                peers=machine.named,
                dht=bool(machine.dht),
                relay=machine.relays,
                stun=bool(machine.stun),
                **settings_of(machine.registry),
            ),
        )

    def put(self, item: Input) -> None:
        """Something that must not be lost."""
        self._items.append(item)
        self.serve_soon()

    def hear(self, nic: Nic, frame: Frame) -> None:
        """A datagram arrives; a socket is not read again at once. The DHT's is read beside the node."""
        if self._walks is not None and self._walks.hear(frame):
            return
        is_beside = frame.target.port == self.node.mesh.listen_port and self._sockets.hear_beside(frame)
        if is_beside or self._lan.hear(nic, frame) or self._sockets.hear(frame):
            self._serve(max(self._world.now, self._read_at + PAUSE))

    def _hear_inside(self, source: str, port: int, data: bytes) -> bool:
        """A datagram came out of a tunnel."""
        heard = not self.ended and self._gossips and self._sockets.hear_inside(source, port, data)
        if heard:
            self.serve_soon()
        return heard

    def _hear_echo(self, address: str) -> None:
        """The system at this mesh address is there."""
        if not self.ended:
            self.put(Echoed(address))

    def networked(self, interfaces: tuple[Interface, ...]) -> None:
        """The machine's interfaces are others."""
        self.put(Networked(interfaces))
        self._lookups.look()

    def serve_soon(self) -> None:
        """There is something to do."""
        self._serve(self._world.now)

    def _serve(self, instant: int) -> None:
        """Be there at this instant, if not earlier."""
        if self._serve_at is None or instant < self._serve_at:
            self._serve_at = instant
            self._world.at(instant, self._turn_of_the_loop, instant)

    def _plan(self) -> None:
        """What time itself brings next."""
        if self.ended:
            return
        wakeup = self.node.next_wakeup() if self._frost.since is None else self._frost.retry_at
        if wakeup is not None:
            self._serve(self._machine.clock.instant(wakeup - self._carried))

    def _turn_of_the_loop(self, planned: int) -> None:
        if self.ended or self._serve_at != planned:
            return
        self._serve_at = None
        if self._machine.paused or not self._machine.is_running():
            return  # whoever ends that calls `serve_soon`
        self._decide(self._take())
        if self.waiting:
            self.serve_soon()
        self._plan()

    def _take(self) -> list[Input]:
        awake = self.awake()
        taken: list[Input] = []
        while self._items and len(taken) < TURN:
            taken.append(self._items.popleft())
        if self._lan or self._sockets:
            self._read_at = self._world.now
            room = TURN - len(taken)
            arrivals = [*self._lan.take(room, awake), *self._sockets.take(room, awake)]
            taken += [each for each in (self._receive(arrival, awake) for arrival in arrivals) if each is not None]
        noted = (self.node.hear(sender, packet, awake) for sender, packet in self._sockets.packets())
        taken += [each for each in noted if each is not None]
        if dropped := self._lan.dropped + self._sockets.dropped:
            self.node.reject("flood", "", awake, dropped)
            self._lan.dropped = self._sockets.dropped = 0
        return [*taken, *self.node.due(awake)]

    def _receive(self, arrival: Arrival, awake: int) -> Received | None:
        if arrival.layer != "gossip":
            self._watcher.received(self._machine, arrival.sender, len(arrival.data))
        heard = self.node.receive(arrival, self._machine.clock.wall(), awake)
        if isinstance(heard, Heard) and heard.echoed:
            self._watcher.validated(self._machine, arrival.sender)
        return heard

    def _decide(self, inputs: Sequence[Input]) -> None:
        try:
            for _ in range(ROUNDS):
                inputs = self._act(self._turn(inputs))
                if not inputs or self.ended:
                    return
        except Killed:
            self._machine.kill()

    def _turn(self, inputs: Sequence[Input]) -> Turn:
        """The node's turn, unless the disk is full."""
        awake, at = self.awake(), self._machine.clock.wall()
        if self._frost.holds(awake):
            return self._drop(inputs, at, awake)
        thawed = self._frost.missed()
        before = self.node.mesh
        self._watcher.turns(self._machine)
        try:
            turn = self.node.turn((*thawed, *inputs), at, awake)
        except LogFull:
            self._watcher.refused(self._machine, before)
            return self._drop(inputs, at, awake)
        if thawed:
            sometimes("thawed")
            self._frost.thaw()
        self._watcher.turned(self._machine, before, turn, (at, awake))
        return turn

    def _drop(self, inputs: Sequence[Input], at: int, awake: int) -> Turn:
        self._frost.drop(inputs, at, awake)
        if any(isinstance(given, Stop) for given in inputs):
            self.end()
        return Turn()

    def _act(self, turn: Turn) -> list[Input]:
        """Sockets and device first, then what is to be said."""
        follows = bool(turn.records) and self._machine.lan  # without records the mesh is the same
        lan = self._lan.follow(lan_interfaces(self.node.mesh)) if follows else []
        seen: list[Input] = [*lan, *self._follow_sockets()]
        if turn.nudges or Sample() in turn.commands:
            seen.append(self._look())
        ending = [command for command in turn.commands if not isinstance(command, Sample)]
        if not ending and (turn.records or seen):
            seen += self._reconcile()
        seen += self._relay()
        for outgoing in turn.outgoing:
            self._send(outgoing)
        for packet in turn.packets:
            self._machine.transmit(self.node.mesh.listen_port, packet.address, len(packet.data), packet.data)
        self._search(turn)
        for address in turn.nudges:
            self._machine.kernel.nudge(address)
        for address in turn.echoes:
            self._machine.kernel.echo(address)
        for command in ending:
            self._finish(command)
        return seen

    def _relay(self) -> list[Input]:
        """Pass on between the pairs that the node serves, and tell of those that are quiet."""
        gates, mesh = self._machine.kernel.gates, self.node.mesh
        gates.follow(mesh.relaying, lambda identity: mesh.peers[identity].ipv6, self.awake)
        idle = gates.idle()
        return [Unpassed(idle, "idle")] if idle else []

    def _search(self, turn: Turn) -> None:
        """The DHT follows the machine's addresses, and walks where the node wants."""
        if self._walks is not None and turn.records:
            self._walks.follow(self.node.mesh.interfaces)
        if self._walks is not None and turn.walks:
            self._walks.walk(turn.walks)
        self._visits.set_out(turn.errands)

    def _follow_sockets(self) -> list[Input]:
        """The exchange's is open from the start, so is WireGuard's port; gossip's lives as long as the interface."""
        serves = self._machine.wireguard.device is not None
        began = ["exchange", "port"] if not self._exchanges else []
        began += ["dht"] if self._walks is not None and not self._exchanges else []
        began += ["gossip"] if serves and not self._gossips else []
        self._exchanges, self._gossips = True, serves
        return [Resumed(layer) for layer in began]

    def _send(self, outgoing: Outgoing) -> None:
        machine, to, data = self._machine, outgoing.address, outgoing.data
        if outgoing.layer == "gossip":
            assert to
            machine.said += len(data)
            machine.kernel.send(to.ip, to.port, data)
            return
        self._watcher.sent(machine, outgoing.layer, to, data)
        if outgoing.layer == "exchange":
            assert to
            machine.transmit(self._sockets.port, to, len(data), data)
        else:
            self._lan.send(outgoing, self.awake())

    def _finish(self, command: RemoveInterface | Exit) -> None:
        if isinstance(command, RemoveInterface):
            self._machine.wireguard.vanish()
            self._machine.beside.vanish()
        self._machine.disk.keep_snapshot(self.node.mesh)
        self.end()

    def end(self) -> None:
        """It does nothing more, and hears nothing."""
        self.ended = True
        self._lookups.stop()
        if self._walks is not None:
            self._walks.end()
        self._visits.end()
        self._machine.daemon = None
        self._machine.kernel.listener = nobody
        self._machine.kernel.gates.close()

    def _look(self) -> Sampled:
        beside = self._machine.beside.sample() if self._machine.beside.device else None
        self.sample, self._sampled_at = Sampled(self._machine.wireguard.sample(), beside), self._world.now
        return self.sample

    def _reconcile(self) -> list[Input]:
        if self.sample is None:
            return []
        awake = self.awake()
        changes = wanted_changes(self.node.mesh, self.sample.sample, awake, self.node.desired(awake))
        beside = self._wanted_beside(self.sample.relayed)
        if not changes and beside == ():
            return [Applied((), (), ())] if self.node.mesh.failure else []
        fresh = self._sampled_at == self._world.now and self._machine.wireguard.device is self.sample.sample.device
        if fresh and changes:
            self._watcher.applies(self._machine, changes)
        relayed = self._change_beside(beside)
        done, failed = self._machine.wireguard.apply(changes)
        sample = self._look()
        self._watcher.applied(self._machine, sample, fresh and not failed and beside == ())
        applied = Applied(
            (*(describe(change) for change in done), *relayed),
            tuple(describe(change) for change, _ in failed),
            tuple(error for _, error in failed),
        )
        return [applied, sample]

    def _wanted_beside(self, sample: DeviceSample | None) -> tuple[Change, ...] | None:
        """What is to be done to the second interface; None: it is to go."""
        return wanted_relay_changes(self.node.mesh, sample or DeviceSample(None), self.awake(), self.node.leases)

    def _change_beside(self, changes: tuple[Change, ...] | None) -> tuple[str, ...]:
        if changes is None:
            self._machine.beside.vanish()
            return ("relayed tunnels: remove the interface",)
        done, _ = self._machine.beside.apply(changes)
        return tuple(f"relayed tunnels: {describe(change)}" for change in done)
