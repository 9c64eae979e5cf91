"""What is demanded once nothing goes wrong any more, and that its absence is seen."""

from msgspec.structs import replace

from tests.simulation.convergence import HOUR_MS, groups, missing, overgrown, pairs
from tests.simulation.small_site import run, settled
from tests.simulation.test_dht import scattered, start
from tests.simulation.world import SECOND
from wgmesh.domain.draft import State
from wgmesh.domain.values import Incarnation


def test_a_settled_site_lacks_nothing() -> None:
    site, machines = settled(3)
    assert list(missing(site)) == []
    assert list(overgrown(site)) == []
    assert len(list(pairs(site))) == 6 == len(machines) * 2


def test_who_does_not_know_the_other_is_named() -> None:
    site, _ = settled(2)
    newcomer = site.add(site.segments[0])
    newcomer.start()
    assert "n2 does not know n0" in list(missing(site))
    run(site, 2)
    assert list(missing(site)) == []


def test_who_shows_the_other_as_silent_or_as_of_long_ago_is_named() -> None:
    site, (one, other) = settled(2)
    assert one.daemon
    node = one.daemon.node
    identity, held = next(iter(node.mesh.peers.items()))
    for changes, said in (
        ({"connected": None}, "n0 shows n1 as connecting"),
        ({"incarnation": Incarnation(1, 1)}, "n0 knows n1 as of"),
    ):
        peers = {identity: replace(held, **changes)}
        node._state = State(replace(node.mesh, peers=peers), node.session)
        [sentence] = missing(site)
        assert sentence.startswith(said)
    assert other.daemon


def test_the_dead_must_not_be_shown_as_connected() -> None:
    site, (one, other) = settled(2)
    other.die()
    assert list(missing(site)) == ["n0 shows n1, which is dead, as connected"]
    run(site, 200)
    assert list(missing(site)) == []
    assert one.daemon


def test_two_with_one_address_are_named() -> None:
    site, (one, other) = settled(2)
    assert one.daemon
    assert other.daemon
    node = other.daemon.node
    node._state = State(replace(node.mesh, ipv4=one.daemon.mesh.ipv4), node.session)
    assert any("both have 10." in sentence for sentence in missing(site))


def test_a_table_beyond_its_cap_and_a_queue_that_does_not_empty_are_named() -> None:
    site, (one, _) = settled(2)
    assert one.daemon
    node = one.daemon.node
    heard = {number.to_bytes(32): 0 for number in range(1025)}
    node._state = State(node.mesh, replace(node.session, heard=heard))
    one.pause()
    for _ in range(65):
        one.networks_changed()
    run(site, 1)
    assert list(overgrown(site)) == ["n0: heard is beyond 1024", "n0: 65 inputs wait, more than a turn takes"]


def test_two_need_not_meet_in_a_dht_where_as_many_as_announce_a_mesh_have_clocks_far_from_theirs() -> None:
    for astray, together in ((0, 5), (1, 4), (2, 1)):
        site = scattered(5)
        start(site)
        site.world.run(SECOND)
        for machine in site.machines[:astray]:
            machine.clock.step(HOUR_MS)
        assert max(len(group) for group in groups(site)) == together
