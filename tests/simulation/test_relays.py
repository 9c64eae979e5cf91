"""Two machines behind NATs that no packet of the other passes, and public ones that reach both."""

import pytest

from tests.simulation.machine import Machine
from tests.simulation.nat import Scope
from tests.simulation.site import Site
from tests.simulation.small_site import SECRET, run
from tests.simulation.world import SECOND

HARD: tuple[Scope, Scope] = ("address-and-port-dependent", "address-and-port-dependent")
EASY: tuple[Scope, Scope] = ("endpoint-independent", "endpoint-independent")


def world(relays: int, nats: tuple[Scope, Scope] = HARD, seed: int = 1) -> tuple[Site, list[Machine]]:
    """Two behind such NATs, and so many relays; all know the first relay by --peer."""
    site = Site(seed, SECRET, [f"192.168.{place}" for place in range(1, 3 + relays)])
    site.route([nats, nats, *[None] * relays])
    machines = [site.add(segment) for segment in site.segments]
    for machine in machines:
        machine.relays = True
        machine.acquaintances = [machines[2]] if machine is not machines[2] else []
        machine.start()
    return site, machines


def way(one: Machine, other: Machine) -> str:
    """How one reaches the other, by its log; the relay's name where it is relayed."""
    assert one.daemon
    peers = one.daemon.mesh.peers
    peer = peers.get(other.keyring.identity.key)
    if peer is None:
        return "unknown"
    return peers[peer.relayed.relay].hostname if peer.relayed else peer.state


def reaches(site: Site, one: Machine, other: Machine) -> bool:
    """Does a ping by the routes come back within two seconds?"""
    assert other.daemon
    heard: list[str] = []
    one.kernel.on_answer = heard.append
    one.kernel.ping(other.daemon.mesh.ipv6)
    run(site, 2)
    return heard == [other.daemon.mesh.ipv6]


def test_who_cannot_meet_directly_meets_through_a_third() -> None:
    site, (a, b, c) = world(1)
    run(site, 20)
    assert (way(a, b), way(b, a)) == (c.name, c.name)
    assert reaches(site, a, b)
    assert reaches(site, b, a)
    run(site, 600)
    assert (way(a, b), way(b, a)) == (c.name, c.name), "a live relay is kept"
    assert reaches(site, a, b)
    assert sum(type(each.event).__name__ == "PeerRelayed" for each in a.disk.read()) == 1


def test_who_meets_directly_needs_no_relay() -> None:
    site, (a, b, _) = world(1, EASY)
    run(site, 60)
    assert (way(a, b), way(b, a)) == ("connected", "connected")
    assert (a.beside.device, b.beside.device) == (None, None)


def test_a_direct_way_that_dies_while_it_is_used_is_left_within_seconds() -> None:
    site, (a, b, c) = world(1, EASY)
    run(site, 600)
    assert b.daemon
    answered: list[int] = []
    a.kernel.on_answer = lambda _: answered.append(site.world.now)
    for number in range(5 * 60):
        site.world.after(number * SECOND // 5, a.kernel.ping, b.daemon.mesh.ipv6)
    run(site, 20)
    cut_off = site.world.now
    site.cut([(a.name, b.name), (b.name, a.name)])
    run(site, 40)
    outage = (next(at for at in answered if at > cut_off + SECOND) - cut_off) / SECOND
    print(f"\nthrough the relay {outage:.1f} s after the direct way died")
    assert outage <= 8
    assert (way(a, b), way(b, a)) == (c.name, c.name)
    assert len([at for at in answered if at > cut_off + 8 * SECOND]) >= 5 * (40 - 8) - 5, "and it holds"


@pytest.mark.parametrize("fault", ["dies", "swallows", "is killed"])
def test_a_relay_that_fails_is_left_for_another(fault: str) -> None:
    site, (a, b, *relays) = world(2)
    run(site, 30)
    first = next(each for each in relays if each.name == way(a, b))
    (second,) = (each for each in relays if each is not first)
    if fault == "dies":
        first.die()
    elif fault == "swallows":
        first.kernel.gates.swallows = True
    else:
        first.kill()
    run(site, 240)
    assert (way(a, b), way(b, a)) == (second.name, second.name)
    assert reaches(site, a, b)


def test_without_a_relay_the_second_interface_goes() -> None:
    site, (a, b, c) = world(1)
    run(site, 20)
    c.die()
    run(site, 240)
    assert "connected" not in (way(a, b), way(b, a))
    assert (a.beside.device, b.beside.device) == (None, None)


def test_a_restart_of_the_daemon_leaves_a_relayed_tunnel_up() -> None:
    site, (a, b, c) = world(1)
    run(site, 20)
    for machine in (a, c):
        machine.kill()
        machine.start()
        run(site, 1)
        assert reaches(site, a, b)
    run(site, 120)
    assert (way(a, b), way(b, a)) == (c.name, c.name)
