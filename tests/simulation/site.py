"""Where a run takes place: machines of one mesh, the segments between them, and whoever else is there."""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from random import Random

from tests.simulation.checks import Checks
from tests.simulation.dht import Dht
from tests.simulation.diagram import Tap
from tests.simulation.machine import Machine
from tests.simulation.nat import Nat, Scope
from tests.simulation.network import CALM, Nic, Segment
from tests.simulation.registry import Registry
from tests.simulation.routers import Middle, Router
from tests.simulation.strangers import Stranger
from tests.simulation.stun import StunServer, serve
from tests.simulation.world import World
from wgmesh.domain.keys import derive, parameters
from wgmesh.domain.secret import Secret
from wgmesh.domain.values import Endpoint

# The last datagrams, kept for the drawing of a failure.
KEPT = 60


class Site:
    """Machines and segments; `chance` is the site's own."""

    def __init__(self, seed: int, secret: Secret, networks: list[str]) -> None:
        self.world = World(seed)
        self.secret = secret
        self.checks = Checks(self.world)
        self.chance: Random = self.world.chance("site")
        self.taps: deque[Tap] = deque(maxlen=KEPT)
        self.segments = [Segment(self.world, f"lan{place}", net, self.taps) for place, net in enumerate(networks)]
        self.middle = Middle(self.world)
        self.dht: Dht | None = None
        self.stun: tuple[StunServer, ...] = ()
        self.registry: Registry | None = None
        self.machines: list[Machine] = []
        self._born = 0
        self.strangers: list[Stranger] = []
        self.envelope_key = derive(secret).envelope_key

    def add(self, *segments: Segment, seed: bytes = b"") -> Machine:
        """A machine that stands on these segments (at most two), with this seed or its own; it is not started."""
        return self._install(Machine(self.world, self._born, self.secret, self.checks, seed), segments)

    def clone(self, original: Machine, *segments: Segment) -> Machine:
        """A machine with a copy of another's state directory and all that its operator set; it is not started."""
        copy = Machine(self.world, self._born, self.secret, self.checks, original.seed)
        copy.disk.copy(original.disk)
        copy.hostname, copy.lan, copy.acquaintances = original.hostname, original.lan, original.acquaintances
        copy.relays = original.relays
        self._install(copy, segments)
        self.checks.restored(copy)
        return copy

    def renew(self, machine: Machine, seed: bytes) -> Machine:
        """Its operator deletes what makes it this node: the same machine where it was, another node; not started."""
        places = [nic.segment for nic in machine.nics if nic.segment is not None]
        self.remove(machine)
        anew = Machine(self.world, machine.number, self.secret, self.checks, seed)
        return self._install(anew, tuple(places))

    def remove(self, machine: Machine) -> None:
        """It is taken away, and never comes back."""
        machine.die()
        for nic in machine.nics:
            nic.unplug()
        self.machines.remove(machine)

    def _install(self, machine: Machine, segments: tuple[Segment, ...]) -> Machine:
        self._born += 1
        machine.dht = self.dht.routers if self.dht else ()
        machine.stun = tuple(server.endpoint for server in self.stun)
        machine.registry = self.registry
        self.machines.append(machine)
        self.checks.enter(machine)
        for nic, segment in zip(machine.nics, segments, strict=False):
            machine.plug(nic, segment)
        return machine

    def route(self, nats: Sequence[tuple[Scope, Scope] | None]) -> None:
        """Join the segments by routers, each behind a NAT of that mapping and filtering, or behind none.

        Nobody has a way to a segment that uses the mesh's own range.
        """
        own = ip_network(parameters(self.secret).network)
        for segment, behaviour in zip(self.segments, nats, strict=True):
            if segment.network and ip_address(f"{segment.network}.1") not in own:
                nat = Nat(*behaviour, lambda: self.world.now) if behaviour else None
                router = self.middle.join(segment, nat)
                if nat is not None:
                    self.checks.plugged(router.public)

    def serve_dht(self, honest: int, liars: int = 0) -> None:
        """A DHT between the segments: machines that are added from now on walk it."""
        self.dht = Dht(self.world, self.middle, honest, liars)

    def serve_stun(self, honest: int, liars: int = 0) -> None:
        """STUN servers between the segments: machines that are added from now on ask them."""
        self.stun = serve(self.world, self.middle, honest, liars)

    def cut(self, pairs: Sequence[tuple[str, str]]) -> None:
        """No way leads from the first of each pair to the second, by whatever segments."""
        for pair in pairs:
            for cuts in (self.middle.cuts, *(segment.cuts for segment in self.segments)):
                cuts[pair] = cuts.get(pair, 0) + 1

    def mend(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Undo as much as `cut` did."""
        for pair in pairs:
            for cuts in (self.middle.cuts, *(segment.cuts for segment in self.segments)):
                if cuts.get(pair, 0) > 1:
                    cuts[pair] -= 1
                else:
                    cuts.pop(pair, None)

    def calm(self) -> None:
        """All weather is over, and every way is open."""
        self.middle.weather = CALM
        self.middle.cuts.clear()
        for segment in self.segments:
            segment.weather = CALM
            segment.cuts.clear()

    def digest(self) -> str:
        """32 hex digits that stand for all logs."""
        heads = hashlib.sha256()
        for machine in self.machines:
            heads.update(len(machine.disk.stored).to_bytes(8) + machine.disk.chain)
        return heads.hexdigest()[:32]

    def logs(self) -> Iterator[str]:
        """Every record of every machine, a line each."""
        for machine in self.machines:
            for sequence, stored in enumerate(machine.disk.stored, start=1):
                yield f"{machine.name} {sequence} {stored.topic} {stored.state[16:].decode()}"

    @property
    def living(self) -> list[Machine]:
        """Those that run a daemon now."""
        return [machine for machine in self.machines if machine.daemon is not None and machine.is_running()]

    def ways(self, one: Machine, other: Machine) -> list[tuple[Nic, Nic]]:
        """The interfaces by which two machines stand on one segment."""
        return [
            (mine, theirs)
            for mine in one.nics
            for theirs in other.nics
            if mine.segment is not None and mine.segment is theirs.segment
        ]

    def can_call(self, one: Machine, other: Machine) -> bool:
        """Does a datagram from one to the other arrive, though the other never said anything?

        On a link without addresses only who hears the other on the LAN knows where it is.
        """
        by_link = any((mine.ipv4 and theirs.ipv4) or (one.lan and other.lan) for mine, theirs in self.ways(one, other))
        return by_link or bool(self._called_at(one, other))

    def can_name(self, one: Machine, other: Machine) -> bool:
        """Is there an address by which one can call the other, and that is not in the mesh's own range?"""
        own = ip_network(parameters(self.secret).network)
        near = [theirs.address("") for mine, theirs in self.ways(one, other) if mine.ipv4 and theirs.ipv4]
        return any(ip_address(address) not in own for address in (*near, *self._called_at(one, other)))

    def _called_at(self, one: Machine, other: Machine) -> list[str]:
        """The addresses of the other that one reaches by routers alone, and is answered from.

        A machine answers by its first way out, wherever it was called: behind a NAT, one would not hear another's.
        """
        outlet, way_out = self._way_out(one), self._way_out(other)
        open_to_all = (nic for nic in other.nics if self._is_open(nic))
        answering = (nic for nic in open_to_all if nic is way_out or (outlet and self._is_open(outlet)))
        return [nic.address("") for nic in answering] if outlet else []

    def _way_out(self, machine: Machine) -> Nic | None:
        return next((nic for nic in machine.nics if self._routed(nic)), None)

    def _is_open(self, nic: Nic) -> bool:
        router = self._routed(nic)
        return router is not None and router.nat is None

    def has_way_out(self, machine: Machine) -> bool:
        """Is there a router for it?"""
        return self._way_out(machine) is not None

    def serve_registry(self, *, hostile: bool = False, troubled: bool = False, crowded: bool = False) -> None:
        """A registry on the Internet: machines that are added from now on use it."""
        self.registry = Registry(self.world, hostile=hostile, troubled=troubled, crowded=crowded)

    def is_public(self, machine: Machine) -> bool:
        """Does it stand where everybody who has a router can call it?"""
        way_out = self._way_out(machine)
        return way_out is not None and self._is_open(way_out)

    def can_reach(self, one: Machine, other: Machine) -> bool:
        """Can the two have a tunnel, whoever calls first?"""
        return self.can_call(one, other) or self.can_call(other, one)

    def _routed(self, nic: Nic) -> Router | None:
        joined = (router for router in self.middle.routers if router.segment is nic.segment)
        return next(joined, None) if nic.ipv4 else None

    def is_member(self, ip: str) -> bool:
        """Does one of the machines have this address?"""
        return any(ip == nic.address(ip) for machine in self.machines for nic in machine.nics)

    def name_of(self, address: Endpoint) -> str:
        """The machine that has the address, or the address."""
        for machine in self.machines:
            if any(address.ip == nic.address(address.ip) for nic in machine.nics):
                return machine.name
        return address.ip
