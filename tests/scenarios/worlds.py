"""Stories that the simulator told once: a network broke, an address clashed, one was banned, a relay died.

Each is what machines wrote from noon on: three of one LAN, or where it needs a relay four of four networks. Their logs
are kept beside this file, so that the transcripts of the verbs that read them change only where the verbs do.
`python -m tests.scenarios.worlds` has them told anew; a new story is a function in STORIES.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from msgspec import Raw, Struct, json
from msgspec.structs import replace

from tests.simulation.machine import NOON as NEW_YEAR
from tests.simulation.machine import Machine
from tests.simulation.nat import Scope
from tests.simulation.site import Site
from tests.simulation.world import MINUTE, SECOND
from tests.stories import NOON
from wgmesh.domain import records
from wgmesh.domain.parameters import ipv4_of
from wgmesh.domain.records import GENESIS, Record
from wgmesh.domain.secret import mint
from wgmesh.node import Keyring

DIRECTORY = Path(__file__).parent / "worlds"
SECRET = mint(bytes(range(32)))
NAMES = ("paris", "tokyo", "lima")
# A NAT that gives each destination another port, and lets in nobody but it.
SHUT: tuple[Scope, Scope] = ("address-and-port-dependent", "address-and-port-dependent")


class Line(Struct, frozen=True):
    """A record without its chain, which follows from those before it."""

    topic: str
    state: Raw


def three(*seeds: bytes) -> tuple[Site, list[Machine]]:
    """Paris, Tokyo and Lima on one LAN, with these seeds as far as they go; nobody is started."""
    site = Site(7, SECRET, ["192.168.1"])
    machines = [site.add(site.segments[0], seed=seed) for seed in (*seeds, b"", b"", b"")[: len(NAMES)]]
    for machine, name in zip(machines, NAMES, strict=True):
        machine.hostname = name
    return site, machines


def partition() -> list[Machine]:
    """Lima is cut off at five past twelve, and found again ten minutes later."""
    site, machines = three()
    *others, lima = machines
    pairs = [pair for other in others for pair in ((other.name, lima.name), (lima.name, other.name))]
    _start(machines)
    site.world.run(5 * MINUTE)
    site.cut(pairs)
    site.world.run(15 * MINUTE)
    site.mend(pairs)
    site.world.run(20 * MINUTE)
    return machines


def collision() -> list[Machine]:
    """Paris and Lima are given one IPv4 address by their keys; Lima joins when Paris has had it for five minutes."""
    one, other = _clashing()
    site, machines = three(one, b"", other)
    _start(machines[:2])
    site.world.run(5 * MINUTE)
    _start(machines[2:])
    site.world.run(10 * MINUTE)
    return machines


def ban() -> list[Machine]:
    """The operator of Paris bans Lima at five past twelve."""
    site, machines = three()
    paris, _, lima = machines
    _start(machines)
    site.world.run(5 * MINUTE)
    paris.ban(lima)
    site.world.run(15 * MINUTE)
    return machines


def relay() -> list[Machine]:
    """Paris and Lima are behind NATs that shut each other out; whichever of Tokyo and Oslo relays them dies."""
    site = Site(1, SECRET, [f"192.168.{place}" for place in range(1, 5)])
    site.route([SHUT, SHUT, None, None])
    machines = [site.add(segment) for segment in site.segments]
    paris, lima, tokyo, _ = machines
    for machine, name in zip(machines, ("paris", "lima", "tokyo", "oslo"), strict=True):
        machine.hostname, machine.relays = name, True
        machine.acquaintances = [tokyo] if machine is not tokyo else []
        machine.start()
    site.world.run(5 * MINUTE)
    assert paris.daemon
    way = paris.daemon.mesh.peers[lima.keyring.identity.key].relayed
    assert way
    next(machine for machine in machines if machine.keyring.identity.key == way.relay).die()
    site.world.run(15 * MINUTE)
    return machines


STORIES: dict[str, Callable[[], list[Machine]]] = {each.__name__: each for each in (partition, collision, ban, relay)}


def _start(machines: list[Machine]) -> None:
    """One after the other, ten seconds apart."""
    for machine in machines:
        machine.start()
        machine.world.run(machine.world.now + 10 * SECOND)


def _clashing() -> tuple[bytes, bytes]:
    """Two seeds that make one IPv4 address."""
    seen: dict[str, bytes] = {}
    for number in count():
        seed = number.to_bytes(32)
        keyring = Keyring.of(seed, SECRET)
        address = ipv4_of(keyring.parameters, keyring.identity.public_key, 0)
        if address in seen:
            return seen[address], seed
        seen[address] = seed
    raise AssertionError


def write() -> Iterator[Path]:
    """Play every story, and keep the log of each machine."""
    DIRECTORY.mkdir(exist_ok=True)
    for name, play in STORIES.items():
        for machine in play():
            path = DIRECTORY / f"{name}-{machine.hostname}.jsonl"
            path.write_bytes(b"".join(json.encode(line) + b"\n" for line in _lines(machine)))
            yield path


def _lines(machine: Machine) -> Iterator[Line]:
    """On the day of all other transcripts."""
    for record in machine.disk.read():
        stored = records.encode(replace(record, at=record.at - NEW_YEAR + NOON), GENESIS)
        yield Line(stored.topic, Raw(stored.state[len(GENESIS) :]))


def read() -> Iterator[tuple[str, tuple[Record, ...]]]:
    """Each log that is kept: `partition-paris` and its records."""
    for path in sorted(DIRECTORY.glob("*.jsonl")):
        lines = [json.decode(line, type=Line) for line in path.read_bytes().splitlines()]
        told = (
            records.decode(place, line.topic, GENESIS + bytes(line.state)) for place, line in enumerate(lines, start=1)
        )
        yield path.stem, tuple(told)


if __name__ == "__main__":
    for written in write():
        print(written)
