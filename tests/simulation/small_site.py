"""A quiet site for tests of the simulator: a few machines on one segment, started and settled."""

from tests.simulation.machine import Machine
from tests.simulation.site import Site
from tests.simulation.world import SECOND
from wgmesh.domain.secret import mint

SECRET = mint(bytes(range(32)))


def settled(count: int = 2, seconds: int = 10, seed: int = 1) -> tuple[Site, list[Machine]]:
    """So many machines that know each other."""
    site = Site(seed, SECRET, ["192.168.1"])
    machines = [site.add(site.segments[0]) for _ in range(count)]
    for machine in machines:
        machine.start()
    site.world.run(seconds * SECOND)
    return site, machines


def run(site: Site, seconds: float) -> None:
    """Let time pass."""
    site.world.run(site.world.now + round(seconds * SECOND))
