"""Two machines that run from one copied state directory: threats, row 29."""

from tests.simulation.machine import Machine
from tests.simulation.site import Site
from tests.simulation.small_site import SECRET
from tests.simulation.world import MINUTE
from wgmesh.domain.events import CloneDetected, Event, PeerConnected, PeerDisconnected, PeerRoamed

FLAPS = (PeerRoamed, PeerConnected, PeerDisconnected)


def cloned(seed: int) -> tuple[Site, Machine, Machine]:
    """Four machines, and a copy of the first on the other segment."""
    site = Site(seed, SECRET, ["192.168.1", "192.168.2"])
    site.route([None, None])
    for place in range(4):
        machine = site.add(site.segments[place % 2])
        machine.acquaintances = site.machines[:1] if place else []
        machine.start()
    site.world.run(MINUTE)
    copy = site.clone(site.machines[0], site.segments[1])
    copy.acquaintances = site.machines[1:2]
    copy.start()
    return site, site.machines[0], copy


def events(machine: Machine, after: int = 0) -> list[Event]:
    return [record.event for record in machine.disk.read(after=after)]


def is_silent(machine: Machine) -> bool:
    assert machine.daemon
    return machine.daemon.mesh.is_silent(machine.daemon.awake())


def test_row_29_two_clones_say_so_one_gives_way_for_good_and_nothing_flaps() -> None:
    for seed in (1, 2):
        site, original, copy = cloned(seed)
        site.world.run(site.world.now + 5 * MINUTE)
        for each in (original, copy):
            assert any(isinstance(event, CloneDetected) for event in events(each)), (seed, each.name)
        gave_way = [each for each in (original, copy) if is_silent(each)]
        assert len(gave_way) == 1, seed
        [stays] = [each for each in (original, copy) if each not in gave_way]
        others = [each for each in site.machines if each not in (original, copy)]
        before = {each.name: len(each.disk.stored) for each in others}
        site.world.run(site.world.now + 20 * MINUTE)
        assert [each for each in (original, copy) if is_silent(each)] == gave_way
        for other in others:
            moved = [event for event in events(other, before[other.name]) if isinstance(event, FLAPS)]
            assert len(moved) <= 1, (seed, other.name, moved)
            assert other.daemon
            assert other.daemon.mesh.peers[stays.keyring.identity.key].connected, (seed, other.name)
