"""A few nodes on one LAN in virtual time: real nodes, real sealed datagrams, a log in memory, WireGuard as a model.

What the daemon's loop does around a node is done here, in the same order: decide, bring the device up to date, send.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from msgspec.structs import replace

from tests import invariants
from tests.cast import EXCHANGE_PORT, SECRET, Member, life
from tests.playbook import NOON, span
from tests.tunnels import Tunnel, Tunnels
from wgmesh.domain.effects import Exit, RemoveInterface, Sample
from wgmesh.domain.envelope import Layer
from wgmesh.domain.errors import LogFull
from wgmesh.domain.events import Event
from wgmesh.domain.folding import fold
from wgmesh.domain.inputs import Applied, Input, Leave, Networked, Resumed, Sampled, Stop
from wgmesh.domain.keys import derive, parameters
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import GENESIS, Record, encode
from wgmesh.domain.secret import Secret
from wgmesh.domain.values import Endpoint
from wgmesh.node import Keyring, Node, Outgoing, Turn
from wgmesh.node.reception import Arrival
from wgmesh.projections.change_sentences import describe
from wgmesh.projections.wanted_changes import wanted_changes


@dataclass(frozen=True)
class Datagram:
    """What somebody sent; without a target it was for everybody on the LAN."""

    at: int
    source: Endpoint
    target: Endpoint | None
    data: bytes
    layer: Layer = "lan"


class MemoryLog:
    """The records of one node; `full` is a disk without room."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.full = False
        self.chain = GENESIS

    def append(self, records: Sequence[Record]) -> None:
        if self.full:
            raise LogFull("the disk is full")
        expected = range(len(self.records) + 1, len(self.records) + 1 + len(records))
        assert [record.sequence for record in records] == list(expected), "a log has no gaps"
        self.records += records
        for record in records:
            self.chain = encode(record, self.chain).state[: len(GENESIS)]


class SmallWorld:
    """The LAN. `latency` is one way, in ms.

    `wire` is all that was ever sent on it, `heard` is all that arrived somewhere, `lost` says what does not. `whispers`
    is all that was sent inside tunnels, from mesh address to mesh address, and `lost_inside` says what of it is lost.
    With `exchange`, machines have that layer too: it reaches whoever has the address, on whatever LAN.
    """

    def __init__(self, latency: int = 1, seed: int = 1, exchange: bool = False) -> None:
        self.now = 0
        self.latency = latency
        self.random = Random(seed)
        self.exchange = exchange
        self.machines: list[Machine] = []
        self.wire: list[Datagram] = []
        self.heard: list[Datagram] = []
        self.whispers: list[Datagram] = []
        self.lost: Callable[[Datagram], bool] = lambda _: False
        self.lost_inside: Callable[[Datagram], bool] = lambda _: False
        self._calendar: list[tuple[int, int, Callable[[], None]]] = []
        self._entries = 0
        self.tunnels = Tunnels(self.later, latency)

    def start(self, *members: Member, secret: Secret = SECRET) -> "list[Machine]":
        """Each of them on a machine of its own, started at this moment."""
        machines = [Machine(self, member, secret) for member in members]
        self.machines += machines
        for machine in machines:
            machine.start()
        return machines

    def later(self, at: int, happening: Callable[[], None]) -> None:
        self._entries += 1
        heapq.heappush(self._calendar, (at, self._entries, happening))

    def run(self, time: str) -> None:
        """Let so much time pass."""
        end = self.now + span(time)
        while (upcoming := self._next()) is not None and upcoming <= end:
            self.now = max(self.now, upcoming)
            while self._calendar and self._calendar[0][0] <= self.now:
                heapq.heappop(self._calendar)[2]()
            for machine in self.machines:
                if (wakeup := machine.wakeup()) is not None and wakeup <= self.now:
                    machine.wake()
        self.now = end

    def _next(self) -> int | None:
        times = [machine.wakeup() for machine in self.machines]
        times += [self._calendar[0][0]] if self._calendar else []
        return min((time for time in times if time is not None), default=None)

    def send(self, sender: "Machine", outgoing: Outgoing) -> None:
        if outgoing.layer == "gossip":
            self._send_inside(sender, outgoing)
            return
        layer: Layer = "exchange" if outgoing.layer == "exchange" else "lan"
        source = sender.socket(layer)
        datagram = Datagram(self.now, source, outgoing.address, outgoing.data, layer)
        self.wire.append(datagram)
        for machine in self.machines:
            if machine is not sender and outgoing.address in (None, machine.socket(layer)) and not self.lost(datagram):
                self.deliver(machine, outgoing.data, source, self.latency, layer)

    def _send_inside(self, sender: "Machine", outgoing: Outgoing) -> None:
        """Through the tunnel to a mesh address, if both ends have the session."""
        assert outgoing.address
        source = Endpoint(sender.mesh.ipv6, outgoing.address.port)
        whisper = Datagram(self.now, source, outgoing.address, outgoing.data)
        self.whispers.append(whisper)
        for machine in self.machines:
            if machine.mesh.ipv6 != outgoing.address.ip or not machine.tunnel.carries(sender.tunnel):
                continue
            if not self.lost_inside(whisper):
                self.later(self.now + self.latency, partial(machine.overhear, outgoing.data, source))

    def deliver(self, machine: "Machine", data: bytes, source: Endpoint, delay: int = 0, layer: Layer = "lan") -> None:
        """Put a datagram before a machine, whoever sent it."""

        def arrive() -> None:
            if machine.node:
                self.heard.append(Datagram(self.now, source, machine.socket(layer), data, layer))
                machine.arrive(data, source, layer)

        self.later(self.now + delay, arrive)

    def settled(self) -> bool:
        """All know each other."""
        return all(machine.knows(*self.machines) for machine in self.machines)

    def check(self) -> None:
        """What must never be otherwise, on every machine."""
        for machine in self.machines:
            invariants.check(machine.mesh, machine.awake)
            invariants.check_fold(machine.log.records, machine.mesh)


class Machine:
    """A member's machine: what is on it outlives the process, `node` does not."""

    def __init__(self, world: SmallWorld, member: Member, secret: Secret) -> None:
        self.world = world
        self.member = member
        self.keyring = Keyring(member.identity, derive(secret), parameters(secret), generation=1)
        self.log = MemoryLog()
        self.tunnel = Tunnel(member.public_key, member.wireguard)
        world.tunnels.add(self.tunnel)
        self.node: Node | None = None
        self.boots = 0
        self.wakeups = 0
        self._slept = 0

    @property
    def lan(self) -> Endpoint:
        return self.member.lan

    def socket(self, layer: Layer) -> Endpoint:
        """Where its datagrams of a layer come from and go to."""
        return Endpoint(self.member.ip, EXCHANGE_PORT) if layer == "exchange" else self.lan

    @property
    def awake(self) -> int:
        return self.world.now - self._slept

    @property
    def mesh(self) -> Mesh:
        return self.node.mesh if self.node else fold(self.log.records)

    @property
    def events(self) -> list[Event]:
        return [record.event for record in self.log.records]

    def count(self, kind: type) -> int:
        """How many records there are of a kind."""
        return sum(isinstance(event, kind) for event in self.events)

    def knows(self, *others: "Machine") -> bool:
        present = [peer.identity for peer in self.mesh.present_peers]
        return all(other.member.key in present for other in others if other is not self)

    def start(self) -> None:
        """Start the process, from what is in the log."""
        mesh = fold(self.log.records)
        self._slept = self.world.now - mesh.head.awake
        self.tunnel.watched_since = self.world.now
        self.boots += 1
        self.node = Node(self.keyring, self.log, mesh, self.world.random.randbytes)
        begun = replace(self.member.start(self.boots), parameters=self.keyring.parameters, life=life(self.boots))
        works = [Resumed("exchange")] if self.world.exchange else []
        self.turn([begun, Networked((self.member.interface,)), *works])

    def kill(self) -> None:
        """End the process without a word."""
        self.node = None

    def stop(self) -> None:
        self.turn([Stop("SIGTERM")])

    def leave(self) -> None:
        self.turn([Leave()])

    def wakeup(self) -> int | None:
        wakeup = self.node.next_wakeup() if self.node else None
        return None if wakeup is None else wakeup + self._slept

    def wake(self) -> None:
        assert self.node
        self.wakeups += 1
        self.turn(self.node.due(self.awake))
        upcoming = self.wakeup()
        assert upcoming is None or upcoming > self.world.now, "what just ran is due again"

    def arrive(self, data: bytes, source: Endpoint, layer: Layer = "lan") -> Turn:
        """A datagram, and the turn that it leads to."""
        assert self.node
        interface = "eth0" if layer == "lan" else ""
        heard = self.node.receive(Arrival(layer, interface, source, data), NOON + self.world.now, self.awake)
        return self.turn([heard] if heard else [])

    def overhear(self, data: bytes, source: Endpoint) -> None:
        """A datagram from inside a tunnel."""
        if self.node:
            heard = self.node.receive(Arrival("gossip", "wgmesh0", source, data), NOON + self.world.now, self.awake)
            self.turn([heard] if heard else [])

    def turn(self, inputs: Iterable[Input]) -> Turn:
        assert self.node
        before = self.node.mesh
        turn = self.node.turn(inputs, NOON + self.world.now, self.awake)
        if turn.records:
            invariants.check_progress(before, self.node.mesh)
        seen = self._act(turn)
        for outgoing in turn.outgoing:
            self.world.send(self, outgoing)
        for command in turn.commands:
            if isinstance(command, RemoveInterface):
                self.tunnel.remove()
            if isinstance(command, Exit | RemoveInterface):
                self.node = None
        if seen and self.node:
            self.turn(seen)
        return turn

    def _act(self, turn: Turn) -> list[Input]:
        assert self.node
        now, seen = self.world.now, list[Input]()
        if Sample() in turn.commands:
            seen.append(Sampled(self.tunnel.sample(now)))
        if turn.records or seen:
            changes = wanted_changes(self.node.mesh, self.tunnel.sample(now), self.awake, self.node.desired(self.awake))
            if changes:
                self.tunnel.apply(changes)
                self.world.tunnels.call(self.tunnel, now)
                done = tuple(describe(change) for change in changes)
                seen += [Applied(done, (), ()), Sampled(self.tunnel.sample(now))]
        return seen
