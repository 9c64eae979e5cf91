"""Several nodes on one LAN, with real sealed datagrams in virtual time."""

from collections import Counter

import pytest

from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN, NARROW, Member
from tests.small_world import Machine, SmallWorld
from wgmesh.domain.events import (
    AddressCollisionResolved,
    MeshAddressChanged,
    PeerConnected,
    PeerDisconnected,
    PeerDiscovered,
    PeerEndpointObserved,
    PeerLeft,
    PeerUpdated,
)
from wgmesh.domain.identity import Identity
from wgmesh.domain.secret import mint

ROUND_TRIP = "20 ms"
ONE_AND_A_HALF = "30 ms"


def crowd(size: int, mesh: Member = ALICE) -> list[Member]:
    return [
        Member(f"node-{n}", Identity.from_seed((n + 1000).to_bytes(32)), f"192.168.1.{n + 10}", mesh.mesh)
        for n in range(size)
    ]


def states(world: SmallWorld) -> Counter[str]:
    return Counter(peer.state for machine in world.machines for peer in machine.mesh.present_peers)


def test_three_nodes_that_start_together_know_each_other_after_one_and_a_half_round_trips() -> None:
    world = SmallWorld(latency=10)
    world.start(ALICE, BOB, CAROL)
    world.run(ONE_AND_A_HALF)
    assert world.settled()
    world.check()


def test_a_newcomer_and_everybody_know_each_other_after_one_and_a_half_round_trips() -> None:
    world = SmallWorld(latency=10)
    world.start(ALICE, BOB)
    world.run("1 h")
    world.start(CAROL)
    world.run(ROUND_TRIP)
    assert not world.settled()
    world.run("10 ms")
    assert world.settled()


def test_a_pair_is_connected_by_one_handshake_of_the_lower_key() -> None:
    world = SmallWorld(latency=10)
    alice, bob = world.start(ALICE, BOB)
    world.run("60 ms")
    assert alice.tunnel.sessions.keys() == {BOB.public_key}
    world.run("300 ms")
    for machine, other in ((alice, BOB), (bob, ALICE)):
        assert [event for event in machine.events if isinstance(event, PeerConnected)] == [
            PeerConnected(other.key, other.wireguard)
        ]
    observed = {type(event) for event in alice.events if isinstance(event, PeerDiscovered | PeerEndpointObserved)}
    assert observed == {PeerDiscovered, PeerEndpointObserved}


@pytest.mark.parametrize("lost", range(10))
def test_whichever_datagram_is_lost_they_find_each_other_within_seconds(lost: int) -> None:
    world = SmallWorld(latency=5)
    world.lost = lambda datagram: world.wire.index(datagram) == lost
    world.start(ALICE, BOB)
    world.run("1.5 s")
    assert world.settled()
    world.run("20 s")
    assert states(world) == {"connected": 2}


@pytest.mark.parametrize(("percent", "patience"), [(10, "1 min"), (50, "15 min")])
def test_a_lan_that_loses_datagrams_only_takes_longer(percent: int, patience: str) -> None:
    world = SmallWorld(latency=5)
    world.lost = lambda _: world.random.random() * 100 < percent
    world.start(*crowd(10))
    world.run(patience)
    assert world.settled()
    world.check()


def test_a_goodbye_takes_a_node_out_everywhere_at_once() -> None:
    world = SmallWorld(latency=10)
    alice, bob, carol = world.start(ALICE, BOB, CAROL)
    world.run("1 min")
    bob.leave()
    world.run("10 ms")
    assert not alice.knows(bob)
    assert not carol.knows(bob)
    assert (alice.count(PeerLeft), carol.count(PeerLeft)) == (1, 1)
    world.run("10 min")
    assert alice.count(PeerDiscovered) == 2, "nothing that is still in the air brings it back"


def test_who_left_and_joins_again_is_back_everywhere() -> None:
    world = SmallWorld()
    _, bob, _ = world.start(ALICE, BOB, CAROL)
    world.run("1 min")
    bob.leave()
    world.run("1 min")
    bob.start()
    world.run("5 s")
    assert world.settled()
    world.run("1 s")  # his first call came before they had him on their devices again, and WireGuard waits 5 s
    assert states(world) == {"connected": 6}


def test_a_node_that_restarts_is_heard_of_once_and_its_tunnels_stay() -> None:
    world = SmallWorld()
    alice, bob = world.start(ALICE, BOB)
    world.run("5 min")
    bob.kill()
    world.run("1 s")
    bob.start()
    world.run("10 min")
    assert (alice.count(PeerUpdated), alice.count(PeerDiscovered), alice.count(PeerDisconnected)) == (1, 1, 0)
    assert states(world) == {"connected": 2}


def test_a_node_that_lost_its_log_is_still_itself() -> None:
    world = SmallWorld()
    alice, bob = world.start(ALICE, BOB)
    world.run("5 min")
    bob.kill()
    bob.log.records.clear()
    bob.start()
    world.run("1 min")
    assert world.settled()
    assert (alice.count(PeerUpdated), alice.mesh.peers[BOB.key].ipv4) == (1, BOB.ipv4)


def test_row_37_two_meshes_on_one_lan_do_not_exist_for_each_other() -> None:
    world = SmallWorld()
    alice, bob = world.start(ALICE, BOB)
    carol, dave = world.start(CAROL, DAVE, secret=mint(bytes(32)))
    world.run("30 min")
    for machine, friend in ((alice, BOB), (bob, ALICE), (carol, DAVE), (dave, CAROL)):
        assert list(machine.mesh.peers) == [friend.key]
        assert machine.count(PeerDiscovered) == 1
    spoken = {(datagram.source, datagram.target) for datagram in world.wire if datagram.target}
    assert spoken == {(ALICE.lan, BOB.lan), (BOB.lan, ALICE.lan), (CAROL.lan, DAVE.lan), (DAVE.lan, CAROL.lan)}


NARROW_SECRET = mint(bytes(range(32)), subnet=NARROW.network)


def narrow(*members: Member) -> list[Member]:
    return [Member(member.name, member.identity, member.ip, NARROW) for member in members]


def colliding() -> tuple[Member, Member]:
    """Two nodes that derive one address, the lower key first."""
    members = sorted(crowd(30, narrow(ALICE)[0]), key=lambda member: member.public_key)
    return next((one, other) for one in members for other in members if one.ipv4 == other.ipv4 and one is not other)


def assert_settled(lower: Machine, higher: Machine, address: str) -> None:
    assert (lower.mesh.ipv4, higher.mesh.ipv4) == (address, higher.member.ipv4_with(higher.mesh.nonce))
    assert higher.mesh.nonce > 0
    for machine in (lower, higher):
        outcome = [event for event in machine.events if isinstance(event, AddressCollisionResolved)]
        assert outcome == [AddressCollisionResolved(address, lower.member.key, higher.member.key)]


def test_two_settled_nodes_that_meet_leave_the_address_to_the_lower_key() -> None:
    lower, higher = colliding()
    world = SmallWorld()
    world.lost = lambda _: True
    one, other = world.start(lower, higher, secret=NARROW_SECRET)
    world.run("1 min")
    world.lost = lambda _: False
    while not world.settled():
        world.run("1 s")
    world.run("8 s")
    assert one.mesh.ipv4 == other.mesh.ipv4 == lower.ipv4
    world.run("3 s")
    assert_settled(one, other, lower.ipv4)
    for machine in (one, other):
        machine.kill()
        machine.start()
    world.run("1 h")
    assert_settled(one, other, lower.ipv4)


def test_a_newcomer_gives_way_to_the_settled_whatever_its_key() -> None:
    lower, higher = colliding()
    for settled, newcomer in ((lower, higher), (higher, lower)):
        world = SmallWorld()
        (one,) = world.start(settled, secret=NARROW_SECRET)
        world.run("1 min")
        (other,) = world.start(newcomer, secret=NARROW_SECRET)
        world.run("5 s")
        assert_settled(one, other, settled.ipv4)
        assert states(world) == {"connected": 2}


@pytest.mark.parametrize("size", [6, 13])
def test_in_a_range_of_fourteen_addresses_everybody_ends_with_one_of_its_own(size: int) -> None:
    members = crowd(size, narrow(ALICE)[0])
    world = SmallWorld()
    for member in members:
        world.start(member, secret=NARROW_SECRET)
        world.run("100 ms")
    world.run("5 min")
    addresses = [machine.mesh.ipv4 for machine in world.machines if machine.mesh.ipv4]
    assert len(set(addresses)) == len(addresses) == size
    moves = [machine.count(MeshAddressChanged) for machine in world.machines]
    world.run("1 h")
    assert [machine.count(MeshAddressChanged) for machine in world.machines] == moves, "and nobody moves any more"
    for machine in world.machines:
        assert sorted(machine.mesh.routed) == sorted(address for address in addresses if address != machine.mesh.ipv4)
    world.check()


def test_more_nodes_than_addresses_still_reach_each_other_over_ipv6() -> None:
    world = SmallWorld()
    for member in crowd(16, narrow(ALICE)[0]):
        world.start(member, secret=NARROW_SECRET)
        world.run("100 ms")
    world.run("10 min")
    addresses = [machine.mesh.ipv4 for machine in world.machines if machine.mesh.ipv4]
    assert len(set(addresses)) == len(addresses) == 14
    assert states(world) == {"connected": 16 * 15}
    world.check()


def test_ten_nodes_that_start_at_once_are_all_connected_within_a_second() -> None:
    world = SmallWorld()
    world.start(*crowd(10))
    world.run("1 s")
    assert states(world) == {"connected": 90}
    world.check()


def test_erin_finds_her_way_in_while_others_come_and_go() -> None:
    world = SmallWorld()
    alice, bob, carol, dave = world.start(ALICE, BOB, CAROL, DAVE)
    for machine in (bob, carol, dave) * 5:
        machine.kill()
        world.run("700 ms")
        machine.start()
    (erin,) = world.start(ERIN)
    world.run("10 s")
    assert world.settled()
    assert erin.knows(alice, bob, carol, dave)
    world.check()
