"""Every fault does something, and is over when its time has come."""

import pytest

from tests.simulation.convergence import missing
from tests.simulation.faults import FAULTS, Fault
from tests.simulation.network import CALM
from tests.simulation.site import Site
from tests.simulation.small_site import SECRET
from tests.simulation.world import SECOND


def site_of(seed: int) -> Site:
    site = Site(seed, SECRET, ["192.168.1", "192.168.2"])
    for place in range(4):
        site.add(site.segments[place % 2]).start()
    site.world.run(10 * SECOND)
    return site


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_and_its_end_all_becomes_well_again(fault: Fault) -> None:
    for seed in (1, 2):
        site = site_of(seed)
        undo = fault(site)
        site.world.run(site.world.now + 20 * SECOND)
        if undo is not None:
            undo()
        assert all(segment.weather is CALM and not segment.cuts for segment in site.segments)
        for machine in site.machines:
            machine.heal(site.segments[machine.number % 2])
        for _ in range(600):
            site.world.run(site.world.now + SECOND)
            if not list(missing(site)):
                break
        assert list(missing(site)) == []
