from tests.cast import ALICE, BOB
from tests.playbook import Playbook, given
from wgmesh.domain.events import EndpointsDeclared, InterfacesChanged, PeerConnected
from wgmesh.domain.keepalive import KEEPALIVE_SECONDS, seconds
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.values import Endpoint, Interface

OUTSIDE = Endpoint("203.0.113.9", 4242)
LINK_LOCAL = Endpoint("fe80::2", 20000, "eth0")
NEIGHBOURS = (BOB.key,)
MET = given(*ALICE.joined(), BOB.discovered(), BOB.observed())


def connected(at: Endpoint, story: Playbook = MET) -> Playbook:
    return story.given(PeerConnected(BOB.key, at))


def of_bob(story: Playbook, at: Endpoint | None, neighbours: tuple[bytes, ...] = NEIGHBOURS) -> int:
    return seconds(story.mesh, story.mesh.peers[BOB.key], at, neighbours)


def test_who_is_tried_has_one_because_it_makes_wireguard_begin_and_who_is_not_has_none() -> None:
    assert of_bob(MET, BOB.wireguard) == KEEPALIVE_SECONDS
    assert of_bob(MET, None) == 0


def test_on_one_lan_gossip_is_enough_between_neighbours_and_nobody_else_hears_enough_of_the_other() -> None:
    for at in (BOB.wireguard, LINK_LOCAL):
        assert of_bob(connected(at), at) == 0
        assert of_bob(connected(at), at, ()) == KEEPALIVE_SECONDS


def test_where_a_nat_may_stand_between_it_is_kept_open() -> None:
    assert of_bob(connected(OUTSIDE), OUTSIDE) == KEEPALIVE_SECONDS
    moved = connected(BOB.wireguard).given(InterfacesChanged((Interface("eth1", 3, 1500, ("10.2.0.1/24",)),), (), ()))
    assert of_bob(moved, BOB.wireguard) == KEEPALIVE_SECONDS
    assert of_bob(connected(LINK_LOCAL), Endpoint("fe80::2", 20000, "eth9")) == KEEPALIVE_SECONDS


def test_a_cable_that_is_out_for_a_while_changes_nothing() -> None:
    assert of_bob(connected(BOB.wireguard).given(InterfacesChanged((), (), ())), BOB.wireguard) == 0


def test_two_operators_who_declared_their_addresses_need_none_but_one_is_not_enough() -> None:
    static = BOB.record(endpoints=(ClaimedEndpoint("static", "wg", OUTSIDE),))
    theirs = given(*ALICE.joined(), BOB.discovered(static))
    assert of_bob(connected(OUTSIDE, theirs), OUTSIDE) == KEEPALIVE_SECONDS
    both = theirs.given(EndpointsDeclared((Endpoint("198.51.100.7", 51820),)))
    assert of_bob(connected(OUTSIDE, both), OUTSIDE) == 0
    ours = MET.given(EndpointsDeclared((Endpoint("198.51.100.7", 51820),)))
    assert of_bob(connected(OUTSIDE, ours), OUTSIDE) == KEEPALIVE_SECONDS


def test_a_detour_to_where_it_was_never_proven_is_kept_open() -> None:
    assert of_bob(connected(OUTSIDE), BOB.wireguard) == KEEPALIVE_SECONDS
