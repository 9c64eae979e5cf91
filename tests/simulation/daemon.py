"""One run of a daemon, without its sockets: the order of things is that of the real loop.

Take what came, let the node decide, bring the device up to date, then send. A full disk freezes decisions; datagrams
are bounded, commands are not; a socket is read at most every 20 ms.
"""

from collections import deque
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from tests.simulation.disk import Killed
from tests.simulation.marks import sometimes
from tests.simulation.network import ALL_NODES, GROUP, LAN_PORT, Frame, Nic
from tests.simulation.sieve import Sieve
from tests.simulation.world import MILLISECOND
from wgmesh.domain.effects import Exit, RemoveInterface, Sample
from wgmesh.domain.errors import LogFull
from wgmesh.domain.inputs import (
    Applied,
    Heard,
    Input,
    Networked,
    Outpaced,
    Resumed,
    Sampled,
    Start,
    Stop,
    Suspended,
    Thawed,
)
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import SECOND, Endpoint, Interface
from wgmesh.node import Node, Outgoing, Turn
from wgmesh.node.reception import Arrival
from wgmesh.projections.change_sentences import describe
from wgmesh.projections.lan_interfaces import lan_interfaces
from wgmesh.projections.wanted_changes import wanted_changes

if TYPE_CHECKING:
    from tests.simulation.machine import Machine

# As in the real daemon: rounds of one turn, items of one turn, datagrams that wait, between two reads of a socket,
# between two tries of a full disk (ms).
ROUNDS = 3
TURN = 64
DATAGRAMS = 1024
PAUSE = 20 * MILLISECOND
RETRY_PAUSE = 10 * SECOND
PORTS = range(20_000, 32_768)
EPHEMERAL = range(32_768, 61_000)


class Watcher(Protocol):
    """Whoever looks at every step."""

    def began(self, machine: "Machine", mesh: Mesh) -> None:
        """A run begins with this."""

    def turns(self, machine: "Machine") -> None:
        """A turn begins."""

    def turned(self, machine: "Machine", before: Mesh, turn: Turn, moment: tuple[int, int]) -> None:
        """A turn was decided at this moment (at, awake), and its records are durable."""

    def refused(self, machine: "Machine", before: Mesh) -> None:
        """A turn could not be written, and the node must be as before."""

    def applied(self, machine: "Machine", sample: Sampled, all_done: bool) -> None:
        """The device was changed and looked at again; `all_done` unless the system refused, or others meddled."""

    def received(self, machine: "Machine", source: Endpoint, size: int) -> None:
        """A datagram reached the node."""

    def validated(self, machine: "Machine", source: Endpoint) -> None:
        """Who is at this address answered our challenge."""

    def sent(self, machine: "Machine", to: Endpoint | None, data: bytes) -> None:
        """A datagram left."""


class Daemon:
    """From its start to its end; `ended` daemons do nothing more."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self._world = machine.world
        self._watcher = machine.watcher
        mesh = machine.disk.fold()
        self._carried = mesh.head.awake - machine.clock.steady()
        self.node = Node(machine.keyring, machine.disk, mesh, machine.entropy)
        self.port = machine.chance.choice(EPHEMERAL)
        self._sieve = Sieve()
        self._items: deque[Input] = deque()
        self._datagrams: deque[tuple[Nic, Frame]] = deque(maxlen=DATAGRAMS)
        self._dropped = 0
        self._read_at = 0
        self._serve_at: int | None = None
        self._followed: tuple[Interface, ...] | None = None
        self._full_since: int | None = None
        self._undecided = 0
        self._retry_at = 0
        self._networks: tuple[Networked, ...] = ()
        self.sample: Sampled | None = None
        self.ended = False
        machine.wireguard.watched_anew()
        self._watcher.began(machine, mesh)

    @property
    def mesh(self) -> Mesh:
        """What the node holds to be true."""
        return self.node.mesh

    @property
    def waiting(self) -> int:
        """Inputs and datagrams that were not looked at yet."""
        return len(self._items) + len(self._datagrams)

    def awake(self) -> int:
        """Ms of this node's running life."""
        return self._machine.clock.steady() + self._carried

    def begin(self) -> None:
        """The first inputs of a run. One that cannot write that it began ends; tunnels stay."""
        self.sample = Sampled(self._machine.wireguard.sample())
        first: Sequence[Input] = [self._start(), Networked(self._machine.interfaces), self.sample]
        if self._machine.disk.full:
            self._end()
        else:
            self._decide(first)
            self._plan()

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
            exchange_port=0,
            settings=NodeSettings("wgmesh0", machine.name, "simulated", True, ()),
        )

    def put(self, item: Input) -> None:
        """Something that must not be lost."""
        self._items.append(item)
        self.serve_soon()

    def hear(self, nic: Nic, frame: Frame) -> None:
        """A datagram arrives at one of the sockets."""
        to_group = frame.target.port == LAN_PORT and frame.target.ip in (GROUP, ALL_NODES)
        if not to_group and frame.target.port != self.port:
            return
        if not any(each.name == nic.name and serves(each, frame.target.ip) for each in self._followed or ()):
            return
        if len(self._datagrams) == DATAGRAMS:
            sometimes("inbox_overflow")
            self._dropped += 1
        self._datagrams.append((nic, frame))
        self._serve(max(self._world.now, self._read_at + PAUSE))

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
        wakeup = self.node.next_wakeup() if self._full_since is None else self._retry_at
        if wakeup is not None:
            self._serve(self._machine.clock.instant(wakeup - self._carried))

    def _turn_of_the_loop(self, planned: int) -> None:
        if self.ended or self._serve_at != planned:
            return
        self._serve_at = None
        if self._machine.paused or not self._machine.is_running():
            return  # whoever ends that calls `serve_soon`
        self._decide(self._take())
        if self._items or self._datagrams:
            self.serve_soon()
        self._plan()

    def _take(self) -> list[Input]:
        awake = self.awake()
        taken: list[Input] = []
        while self._items and len(taken) < TURN:
            taken.append(self._items.popleft())
        if self._datagrams:
            self._read_at = self._world.now
        for _ in range(min(len(self._datagrams), TURN - len(taken))):
            heard = self._read(*self._datagrams.popleft(), awake)
            if heard is not None:
                taken.append(heard)
        if self._dropped:
            self.node.reject("flood", "", awake, self._dropped)
            self._dropped = 0
        return [*taken, *self.node.due(awake)]

    def _read(self, nic: Nic, frame: Frame, awake: int) -> Heard | Outpaced | None:
        data = frame.content
        assert isinstance(data, bytes)
        fault = self._sieve.fault(data, nic.is_on_link(frame.source.ip))
        if fault:
            self.node.reject(fault, frame.source.ip, awake)
            return None
        if self._sieve.repeats(data, awake):
            sometimes("repeat_sieved")
            return None
        scope = nic.name if frame.source.ip.startswith("fe80:") else ""
        source = Endpoint(frame.source.ip, frame.source.port, scope)
        self._watcher.received(self._machine, source, len(data))
        heard = self.node.receive(Arrival("lan", nic.name, source, data), awake)
        if isinstance(heard, Heard) and heard.echoed:
            self._watcher.validated(self._machine, source)
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
        if self._full_since is not None and awake < self._retry_at:
            return self._drop(inputs, at, awake)
        thawed = self._missed()
        before = self.node.mesh
        self._watcher.turns(self._machine)
        try:
            turn = self.node.turn((*thawed, *inputs), at, awake)
        except LogFull:
            self._watcher.refused(self._machine, before)
            return self._drop(inputs, at, awake)
        if thawed:
            sometimes("thawed")
            self._full_since, self._undecided, self._networks = None, 0, ()
        self._watcher.turned(self._machine, before, turn, (at, awake))
        return turn

    def _missed(self) -> tuple[Input, ...]:
        """What is told first when there is room again: that there was none, and the last word on our networks."""
        return () if self._full_since is None else (Thawed(self._undecided, self._full_since), *self._networks)

    def _drop(self, inputs: Sequence[Input], at: int, awake: int) -> Turn:
        if self._full_since is None:
            self._full_since = at
        if awake >= self._retry_at:
            self._retry_at = awake + RETRY_PAUSE
        self._undecided += len(inputs)
        self._networks = (*self._networks, *(given for given in inputs if isinstance(given, Networked)))[-1:]
        if any(isinstance(given, Stop) for given in inputs):
            self._end()
        return Turn()

    def _act(self, turn: Turn) -> list[Input]:
        """Sockets and device first, then what is to be said."""
        seen: list[Input] = self._follow(lan_interfaces(self.node.mesh))
        if turn.nudges or Sample() in turn.commands:
            seen.append(self._look())
        ending = [command for command in turn.commands if not isinstance(command, Sample)]
        if not ending and (turn.records or seen):
            seen += self._reconcile()
        for outgoing in turn.outgoing:
            self._send(outgoing)
        for address in turn.nudges:
            self._machine.wireguard.nudge(address)
        for command in ending:
            self._finish(command)
        return seen

    def _finish(self, command: RemoveInterface | Exit) -> None:
        if isinstance(command, RemoveInterface):
            self._machine.wireguard.vanish()
        self._machine.disk.keep_snapshot(self.node.mesh)
        self._end()

    def _end(self) -> None:
        self.ended = True
        self._machine.daemon = None

    def _look(self) -> Sampled:
        self.sample = Sampled(self._machine.wireguard.sample())
        return self.sample

    def _reconcile(self) -> list[Input]:
        if self.sample is None:
            return []
        changes = wanted_changes(self.node.mesh, self.sample.sample, self.awake())
        if not changes:
            return [Applied((), (), ())] if self.node.mesh.failure else []
        undisturbed = self._machine.wireguard.device is self.sample.sample.device
        done, failed = self._machine.wireguard.apply(changes)
        sample = self._look()
        self._watcher.applied(self._machine, sample, undisturbed and not failed)
        applied = Applied(
            tuple(describe(change) for change in done),
            tuple(describe(change) for change, _ in failed),
            tuple(error for _, error in failed),
        )
        return [applied, sample]

    def _follow(self, interfaces: tuple[Interface, ...]) -> list[Input]:
        if interfaces == self._followed:
            return []
        self._followed = interfaces
        return [Resumed("lan") if interfaces else Suspended("lan", "no network interface is up")]

    def _send(self, outgoing: Outgoing) -> None:
        """Out of our own sockets: to the groups of every interface, or to one station."""
        self._watcher.sent(self._machine, outgoing.address, outgoing.data)
        if outgoing.address is None:
            self._sieve.repeats(outgoing.data, self.awake())
            targets = [Endpoint(GROUP, LAN_PORT), Endpoint(ALL_NODES, LAN_PORT)]
        else:
            targets = [Endpoint(outgoing.address.ip, outgoing.address.port)]
        for interface in self._followed or ():
            if outgoing.interface in ("", interface.name):
                for to in targets:
                    self._transmit(interface, to, outgoing.data)

    def _transmit(self, interface: Interface, to: Endpoint, data: bytes) -> None:
        """From our socket of that family, if there is one."""
        nic = self._machine.nic(interface.name)
        if nic.segment is not None and serves(interface, to.ip):
            nic.segment.send(nic, Frame(Endpoint(nic.address(to.ip), self.port), to, len(data), data))


def serves(interface: Interface, ip: str) -> bool:
    """Does the layer have sockets of this family there?"""
    return any((":" in prefix) == (":" in ip) for prefix in interface.prefixes)
