"""Nodes that no LAN joins: they meet over the exchange, with real sealed datagrams in virtual time."""

import pytest

from tests.cast import ALICE, BOB, CAROL, EVERYBODY, Member
from tests.node.test_lan import crowd
from tests.small_world import Machine, SmallWorld
from wgmesh.domain.events import OwnRecordOutrun, PeerConnected, PeerDiscovered, PeerLeft, RecordRenewed
from wgmesh.domain.inputs import Found
from wgmesh.node import Turn


def apart(*members: Member, latency: int = 10, seed: int = 1) -> tuple[SmallWorld, list[Machine]]:
    """Each in a network of its own, all of them routed."""
    world = SmallWorld(latency, seed, exchange=True)
    world.lost = lambda datagram: datagram.layer == "lan"
    return world, world.start(*members)


def name(machine: Machine, *others: Machine) -> None:
    """What `--peer` does."""
    machine.turn([Found("peer", tuple(other.member.exchange for other in others))])


def connected(*machines: Machine) -> bool:
    """Is each pair?"""
    states = [
        machine.mesh.peers[other.member.key].state if other.member.key in machine.mesh.peers else ""
        for machine in machines
        for other in machines
        if other is not machine
    ]
    return states == ["connected"] * len(states)


def test_one_address_of_one_peer_is_enough() -> None:
    world, (alice, bob) = apart(ALICE, BOB)
    name(bob, alice)
    world.run("1 s")
    assert connected(alice, bob)
    world.check()


def test_who_knows_a_peer_of_a_peer_is_connected_with_it_within_ten_seconds() -> None:
    """C knows B, and B knows A: nobody told A and C of each other but B."""
    world, (alice, bob, carol) = apart(ALICE, BOB, CAROL)
    name(bob, alice)
    world.run("20 s")
    assert not alice.knows(carol)
    name(carol, bob)
    world.run("10 s")
    assert connected(alice, bob, carol)
    world.check()


def test_all_of_a_crowd_meet_through_one() -> None:
    world, (first, *others) = apart(*crowd(20))
    for machine in others:
        name(machine, first)
    world.run("30 s")
    assert world.settled()
    world.run("30 s")
    assert connected(first, *others)


def test_a_restart_finds_the_others_again_from_what_the_log_knows() -> None:
    world, (alice, bob) = apart(ALICE, BOB)
    name(bob, alice)
    world.run("1 min")
    for machine in (alice, bob):
        machine.kill()
        machine.tunnel.remove()
    world.run("10 min")
    for machine in (alice, bob):
        machine.start()
    world.run("4 s")
    assert alice.mesh.peers[BOB.key].incarnation.boot == bob.mesh.peers[ALICE.key].incarnation.boot == 2
    assert connected(alice, bob)


@pytest.mark.parametrize("seed", range(5))
def test_under_loss_they_meet_all_the_same(seed: int) -> None:
    world, machines = apart(*EVERYBODY, seed=seed)
    world.lost = lambda datagram: datagram.layer == "lan" or world.random.random() < 0.2
    first, *others = machines
    for machine in others:
        name(machine, first)
    world.run("1 min")
    assert all(connected(first, other) for other in others)


def test_who_holds_our_record_already_answers_when_it_is_renewed() -> None:
    """Bob lost his log but not his identity, and his clock: to Alice he is no news."""
    world, (alice, bob) = apart(ALICE, BOB)
    name(bob, alice)
    world.run("1 min")
    world.lost = lambda _: True
    bob.log.records.clear()
    bob.kill()
    bob.start()
    name(bob, alice)
    world.run("9 s")
    assert bob.count(RecordRenewed) == 0
    world.run("5 min")
    assert bob.count(RecordRenewed) in range(4, 7)


def test_who_left_and_lost_its_log_comes_back_though_its_clock_is_behind() -> None:
    world, (alice, bob) = apart(ALICE, BOB)
    for _ in range(5):
        bob.kill()
        bob.start()
    name(bob, alice)
    world.run("10 s")
    bob.leave()
    world.run("1 min")
    alice.kill()
    alice.start()
    bob.log.records.clear()
    bob.boots = 1
    bob.start()
    name(bob, alice)
    world.run("1 min")
    assert connected(alice, bob)
    assert bob.count(OwnRecordOutrun) == 1


def test_nobody_is_sent_more_bytes_than_came_from_it_but_a_hello() -> None:
    world, (alice, bob, carol) = apart(ALICE, BOB, CAROL)
    name(bob, alice)
    name(carol, bob)
    world.run("10 min")
    hellos = [d for d in world.wire if d.layer == "exchange" and len(d.data) == 1200]
    assert len(hellos) < 60
    assert connected(alice, bob, carol)


def test_row_11_a_replay_of_all_that_was_said_draws_no_byte_and_changes_nothing() -> None:
    world, (alice, bob, carol) = apart(ALICE, BOB, CAROL)
    name(bob, alice)
    name(carol, bob)
    world.run("10 min")
    recorded = [datagram for datagram in world.wire if datagram.layer == "exchange"]
    assert len(recorded) >= 10
    for machine in (alice, bob, carol):
        before = len(machine.events)
        for datagram in recorded:
            for source in (datagram.source, CAROL.wireguard):
                assert machine.arrive(datagram.data, source, "exchange") == Turn()
        assert len(machine.events) == before


def test_row_11_after_a_restart_a_replay_draws_nothing_at_its_source() -> None:
    world, (alice, bob) = apart(ALICE, BOB)
    name(bob, alice)
    world.run("10 min")
    recorded = [datagram for datagram in world.wire if datagram.layer == "exchange"]
    alice.kill()
    world.run("1 s")
    alice.start()
    world.run("10 s")
    peers = dict(alice.mesh.peers)
    asked = []
    for _ in range(50):
        for datagram in recorded:
            turn = alice.arrive(datagram.data, CAROL.wireguard, "exchange")
            asked += [outgoing.address for outgoing in turn.outgoing]
    assert asked in ([], [BOB.exchange])
    assert alice.mesh.peers == peers


def test_the_log_says_how_each_was_met() -> None:
    world, (alice, bob, carol) = apart(ALICE, BOB, CAROL)
    name(bob, alice)
    name(carol, bob)
    world.run("10 s")
    causes = {r.cause for m in (alice, bob, carol) for r in m.log.records if isinstance(r.event, PeerDiscovered)}
    assert causes == {"exchange", "gossip"}  # whom a peer met, it tells inside the tunnel
    assert alice.count(PeerConnected) == 2


def test_a_goodbye_reaches_peers_over_the_underlay_where_nothing_comes_through_tunnels() -> None:
    world, (alice, bob) = apart(ALICE, BOB)
    name(bob, alice)
    world.run("5 s")
    assert connected(alice, bob)
    world.lost_inside = lambda _: True
    alice.leave()
    world.run("1 s")
    assert bob.count(PeerLeft) == 1
