"""One starved daemon in a large mesh, for thousands of hours: is anybody ever called silent who is not?

`python -m tests.simulation.starved --nodes 1000 --minutes 25`: so many minutes of processor time.

The policies are the real ones, called by `step`; what carries words between nodes is a model: no seals, no WireGuard,
20 ms each way, nothing lost, every kernel answers an echo. Most nodes have nothing to decide: the Digest that each
expects of the one before it on the ring comes in time, so it is given to them when it is owed and somebody asks. Run in
full are the starved node, the one before it and the one after it, and whoever hears a word that is no such Digest.
"""

import argparse
import heapq
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random

from msgspec.structs import replace

from tests.cast import ALICE, Member
from tests.playbook import NOON
from wgmesh.domain import cadence
from wgmesh.domain.decide import step
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.draft import State
from wgmesh.domain.effects import Echo, Sample, SendDigest, SendGossip
from wgmesh.domain.events import Event, PeerConnected
from wgmesh.domain.folding import evolve
from wgmesh.domain.gossip_messages import Digest, Silence
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Due, Echoed, Input, Resumed, Sampled, Whispered
from wgmesh.domain.mesh import DIGEST_MODULUS, Mesh, fingerprint
from wgmesh.domain.records import Record
from wgmesh.domain.values import HOUR, SECOND, Moment

LATENCY = 20
DATAGRAM = 128
# What a node that has nothing to decide by itself does all the same.
TASKS = ("watch", "rumour", "call")
# A random member sends its Digest to a random one every 30 s, so this one gets one so often.
VISITED_EVERY = 30 * SECOND


class Ring:
    """A mesh of so many nodes that are all connected; the one in the middle of the ring gets hardly any processor."""

    def __init__(self, nodes: int, seed: int) -> None:
        self.now = 0
        self.chance = Random(seed)
        self.members = sorted((_member(number) for number in range(nodes)), key=lambda each: each.key)
        self.mesh = _all_of(self.members)
        self.total = self.mesh.digest
        self.live: dict[bytes, Node] = {}
        self.gone: dict[bytes, bool] = {}
        self.received: Counter[tuple[bytes, bytes]] = Counter()
        self.events: Counter[str] = Counter()
        self._calendar: list[tuple[int, int, Callable[[], None]]] = []
        self._entries = 0
        before, starved, after = self.members[nodes // 2 - 1 : nodes // 2 + 2]
        self.starved = starved.key
        # Whose Digests go where they are due, and when; of everybody else's that is taken for granted.
        self.telling = (before.key, starved.key)
        for each, tasks in ((before, (*TASKS, "digest")), (after, TASKS), (starved, (*TASKS, "digest"))):
            self.live[each.key] = Node(self, each, tasks)
        self._visit()
        self._stall()

    def at(self, when: int, happening: Callable[[], None]) -> None:
        self._entries += 1
        heapq.heappush(self._calendar, (when, self._entries, happening))

    def run(self, until: int) -> None:
        """Let time pass up to then (ms)."""
        while self._calendar[0][0] <= until:
            self.now, _, happening = heapq.heappop(self._calendar)
            happening()
        self.now = until

    def node(self, identity: bytes) -> "Node":
        """It has something to decide from now on."""
        if identity not in self.live:
            self.live[identity] = Node(self, next(each for each in self.members if each.key == identity), TASKS)
        return self.live[identity]

    def digest(self, *, asks: bool) -> Digest:
        return Digest(self.total.to_bytes(8), len(self.members), asks)

    def whisper(self, sender: bytes, to: bytes, message: Digest | SendGossip) -> None:
        """A word through the tunnel: the receiver's WireGuard counts its bytes even while its daemon gets no time."""
        said = message.message if isinstance(message, SendGossip) else message

        def arrive() -> None:
            if sender in self.gone or to in self.gone:
                return
            self.received[sender, to] += DATAGRAM
            hearer = self.node(to)
            hearer.take(Whispered(sender, said, hearer.own))

        self.at(self.now + LATENCY, arrive)

    def unplug(self, identity: bytes) -> None:
        """Its machine has no network from now on."""
        self.gone[identity] = True

    def owner(self, address: str) -> bytes:
        """Whose mesh address this is."""
        return next(each.key for each in self.members if each.ipv6 == address)

    def _visit(self) -> None:
        sender = self.chance.choice(self.members).key
        if sender != self.starved:
            self.whisper(sender, self.starved, self.digest(asks=True))
        self.at(self.now + round(self.chance.expovariate(1 / VISITED_EVERY)), self._visit)

    def _stall(self) -> None:
        self.live[self.starved].stopped = True
        self.at(self.now + round(self.chance.uniform(0.1, 9) * SECOND), self._breathe)

    def _breathe(self) -> None:
        self.live[self.starved].go_on()
        self.at(self.now + round(self.chance.uniform(0.01, 0.3) * SECOND), self._stall)


class Node:
    """One node of the ring: what reached it and was not yet read, and what it has decided."""

    def __init__(self, ring: Ring, member: Member, tasks: tuple[str, ...]) -> None:
        self.ring, self.member, self.tasks = ring, member, tasks
        self.own = fingerprint(member.signed(member.record()))
        self.stopped = False
        self.waiting: list[Input] = []
        mesh = ring.mesh
        self.state = State(
            replace(
                mesh,
                identity=member.key,
                public_key=member.public_key,
                peers={key: peer for key, peer in mesh.peers.items() if key != member.key},
                digest=(mesh.digest - self.own) % DIGEST_MODULUS,
            )
        )
        self._planned: int | None = None
        self.take(member.start(2))
        self.take(Resumed("gossip"))

    def take(self, given: Input) -> None:
        """Decide it, or let it wait until there is time."""
        if self.stopped:
            self.waiting.append(given)
            return
        moment = Moment(NOON + self.ring.now, self.ring.now, self.ring.chance.randbytes(8))
        done = step(self.state, given, moment)
        self.state = done.state
        self.ring.events.update(type(record.event).__name__ for record in done.records)
        for effect in done.effects:
            match effect:
                case SendGossip(to, message):
                    self.ring.events["rumours"] += isinstance(message, Silence)
                    self.ring.whisper(self.member.key, to, effect)
                case SendDigest(to, asks):
                    self.ring.whisper(self.member.key, to, self.ring.digest(asks=asks))
                case Echo(address) if not {self.ring.owner(address), self.member.key} & self.ring.gone.keys():
                    self.ring.at(self.ring.now + 2 * LATENCY, partial(self.take, Echoed(address)))
                case Sample():
                    self.take(self._sampled())
        self._plan()

    def go_on(self) -> None:
        """There is time: what waits is read first, then whatever is due is done, as in the daemon's loop."""
        self.stopped = False
        waiting, self.waiting = self.waiting, []
        for given in waiting:
            self.take(given)
        self._do_what_is_due()

    def _plan(self) -> None:
        """A doubt is followed up, and a Digest that this node has to send is sent; what it is owed comes by itself."""
        due = [at for task in self.tasks if (at := cadence.TASKS[task][0](self.state)) is not None]
        if "digest" not in self.tasks and self._is_at_ease():
            due = []
        when = max(min(due), self.ring.now) if due else None
        if when is not None and (self._planned is None or when < self._planned or self._planned < self.ring.now):
            self._planned = when
            self.ring.at(when, partial(self._wake, when))

    def _is_at_ease(self) -> bool:
        watch = self.state.session.watch
        return not watch.doubts and not watch.rumours and not any(each in self.ring.telling for each in watch.wards)

    def _wake(self, planned: int) -> None:
        """Unless it was planned anew meanwhile."""
        if planned == self._planned and not self.stopped:
            self._do_what_is_due()

    def _do_what_is_due(self) -> None:
        self._planned, now = None, self.ring.now
        for identity, ward in self.state.session.watch.wards.items():
            if ward.owed <= now and identity not in self.ring.telling:
                self.ring.received[identity, self.member.key] += DATAGRAM
                self.take(Whispered(identity, self.ring.digest(asks=False), self.own))
        for task in self.tasks:
            due = cadence.TASKS[task][0](self.state)
            if due is not None and due <= now:
                self.ring.events[f"due {task}"] += 1
                self.take(Due(task))
        self._plan()

    def _sampled(self) -> Sampled:
        received, own = self.ring.received, self.member.key
        peers = tuple(DevicePeer(each.public_key, 1, each.proven) for each in self.state.mesh.peers.values())
        traffic = (
            Traffic(each.public_key, True, 0, 0, 1000 + received[each.identity, own])
            for each in self.state.mesh.peers.values()
        )
        return Sampled(DeviceSample(Device(peers=peers), tuple(traffic)))


def _member(number: int) -> Member:
    return Member("", Identity.from_seed(number.to_bytes(32)), f"10.1.{number // 250}.{number % 250 + 1}")


def _all_of(members: list[Member]) -> Mesh:
    """What everybody knows of everybody: all are connected."""
    events: list[Event] = list(ALICE.joined())
    for each in members:
        events += [each.discovered(), PeerConnected(each.key, each.wireguard)]
    mesh = Mesh()
    for number, event in enumerate(events, start=1):
        mesh = evolve(mesh, Record(number, number, 0, "lan", (), event))
    return mesh


def main() -> int:
    """Prints how many node-hours it came to, and who was called silent in them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    ring = Ring(asked.nodes, asked.seed)
    while time.process_time() < 60 * asked.minutes:
        ring.run(ring.now + HOUR)
        hours = ring.now // HOUR
        false = ring.events["PeerDisconnected"]
        print(f"nodes={asked.nodes} hours={hours} node_hours={asked.nodes * hours} false_silences={false}", flush=True)
    print(dict(ring.events))
    return int(ring.events["PeerDisconnected"] > 0)


if __name__ == "__main__":
    raise SystemExit(main())
