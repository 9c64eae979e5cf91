"""Where a run takes place: machines of one mesh, the segments between them, and whoever else is there."""

import hashlib
from collections import deque
from collections.abc import Iterator
from random import Random

from tests.simulation.checks import Checks
from tests.simulation.diagram import Tap
from tests.simulation.machine import Machine
from tests.simulation.network import Nic, Segment
from tests.simulation.strangers import Stranger
from tests.simulation.world import World
from wgmesh.domain.keys import derive
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
        self.machines: list[Machine] = []
        self.strangers: list[Stranger] = []
        self.envelope_key = derive(secret).envelope_key

    def add(self, *segments: Segment) -> Machine:
        """A machine that stands on these segments (at most two); it is not started."""
        machine = Machine(self.world, len(self.machines), self.secret, self.checks)
        self.machines.append(machine)
        self.checks.enter(machine)
        for nic, segment in zip(machine.nics, segments, strict=False):
            machine.plug(nic, segment)
        return machine

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

    def is_member(self, ip: str) -> bool:
        """Does one of the machines have this address?"""
        return any(ip == nic.address(ip) for machine in self.machines for nic in machine.nics)

    def name_of(self, address: Endpoint) -> str:
        """The machine that has the address, or the address."""
        for machine in self.machines:
            if any(address.ip == nic.address(address.ip) for nic in machine.nics):
                return machine.name
        return address.ip
