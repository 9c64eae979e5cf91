"""Behind NATs of every kind, nodes learn where they are seen, whatever some servers say."""

import pytest
from msgspec.structs import replace

from tests.simulation.nat import SCOPES, Scope
from tests.simulation.network import CALM
from tests.simulation.site import Site
from tests.simulation.world import HOUR, MINUTE, SECOND
from wgmesh.domain.events import LayerSuspended, NatDetected
from wgmesh.domain.facts import Nat
from wgmesh.domain.secret import mint

SECRET = mint(bytes(range(32)))


def behind(mapping: Scope | None, honest: int = 3, liars: int = 0, seed: int = 1) -> Site:
    """One node behind such a NAT, or none, and STUN servers outside; it runs for ten seconds."""
    site = Site(seed, SECRET, ["192.168.1"])
    site.route([(mapping, "address-and-port-dependent") if mapping else None])
    site.serve_stun(honest, liars)
    site.add(site.segments[0]).start()
    site.world.run(10 * SECOND)
    return site


def nat_of(site: Site) -> Nat:
    daemon = site.machines[0].daemon
    assert daemon
    return daemon.mesh.nats["IPv4"]


def told(site: Site) -> list[NatDetected]:
    events = (record.event for record in site.machines[0].disk.read())
    return [event for event in events if isinstance(event, NatDetected)]


@pytest.mark.parametrize("mapping", [None, *SCOPES])
def test_the_kind_is_that_of_the_mapping(mapping: Scope | None) -> None:
    site = behind(mapping)
    kinds = {None: "none", SCOPES[0]: "easy", SCOPES[1]: "hard", SCOPES[2]: "hard"}
    assert nat_of(site).kind == kinds[mapping]
    assert nat_of(site).endpoint.ip == ("192.168.1.1" if mapping is None else "198.51.100.1")


def test_row_50_a_liar_who_is_asked_first_moves_nobody() -> None:
    for seed in range(5):
        site = behind(SCOPES[0], liars=1, seed=seed)
        site.world.run(6 * HOUR)
        assert {(each.kind, each.endpoint.ip) for each in told(site)} == {("easy", "198.51.100.1")}
        assert len(told(site)) <= 13  # a NAT that nothing passes forgets the port between two inquiries


def test_without_internet_it_is_said_once_and_nobody_is_asked_much() -> None:
    site = behind(SCOPES[0])
    site.middle.weather = replace(CALM, loss=1.0)
    site.machines[0].unplug(site.machines[0].nics[0])
    site.machines[0].plug(site.machines[0].nics[0], site.segments[0])
    site.world.run(site.world.now + 6 * HOUR)
    suspended = [record.event for record in site.machines[0].disk.read() if isinstance(record.event, LayerSuspended)]
    assert [event.layer for event in suspended] == ["stun"]
    site.calm()
    site.world.run(site.world.now + 40 * MINUTE)
    assert nat_of(site).kind == "easy"
