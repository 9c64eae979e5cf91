from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from msgspec.structs import replace

from tests import invariants
from tests.cast import ALICE, BOB, CAROL, Member
from tests.playbook import Playbook, given, span
from wgmesh.domain.endpoints import OUT_OF_STEP, TURN, candidates, detour, is_hearsay, next_change, objection, turn
from wgmesh.domain.events import (
    InterfacesChanged,
    PeerConnected,
    PeerDisconnected,
    PeerEndpointObserved,
    PeerRoamed,
    SettingsChanged,
)
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.values import MINUTE, SECOND, Endpoint, Interface

ALICE_IS_UP = given(*ALICE.joined()).given(
    InterfacesChanged(
        (
            Interface("eth0", 2, 1500, ("192.168.1.1/24", "fe80::1/64")),
            Interface("ppp0", 3, 1400, ("10.5.0.1/32", "10.6.0.0/31")),
        ),
        (),
        (),
    )
)
MESH_IPV6 = ALICE.ipv6.rpartition(":")[0] + ":1"

REFUSED = {
    "0.0.0.0": "unspecified",
    "127.0.0.1": "loopback",
    "127.255.0.9": "loopback",
    "169.254.7.7": "link-local",
    "224.0.0.1": "multicast",
    "239.192.1.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "192.168.1.255": "broadcast",
    "10.49.0.9": "within the mesh",
    "::": "unspecified",
    "::1": "loopback",
    "ff02::1": "multicast",
    "ff00::": "multicast",
    "fe80::9": "link-local",
    "::ffff:127.0.0.1": "reserved",
    "::ffff:192.168.1.9": "reserved",
    MESH_IPV6: "within the mesh",
}


@pytest.mark.parametrize(("ip", "reason"), REFUSED.items(), ids=list(REFUSED))
def test_row_22_an_address_that_can_be_nobodys_is_never_used(ip: str, reason: str) -> None:
    assert objection(ALICE_IS_UP.mesh, Endpoint(ip, 51820)) == reason
    assert not invariants.is_endpoint(ALICE_IS_UP.mesh, Endpoint(ip, 51820))


def test_where_a_lan_overlaps_the_range_of_the_mesh_its_addresses_are_the_lans() -> None:
    lan = Interface("eth0", 2, 1500, ("10.49.3.4/24",))
    mesh = ALICE_IS_UP.given(InterfacesChanged((lan,), (), ())).mesh
    for ip, reason in (("10.49.3.9", ""), ("10.49.4.9", "within the mesh"), ("10.49.3.255", "broadcast")):
        assert objection(mesh, Endpoint(ip, 51820)) == reason
        assert invariants.is_endpoint(mesh, Endpoint(ip, 51820)) is not bool(reason)


def test_row_22_a_link_local_address_is_one_only_with_its_interface_and_of_ipv6() -> None:
    assert objection(ALICE_IS_UP.mesh, Endpoint("fe80::9", 51820, "eth0")) == ""
    assert objection(ALICE_IS_UP.mesh, Endpoint("169.254.7.7", 51820, "eth0")) == "link-local"


def test_row_22_port_0_is_nobodys() -> None:
    assert objection(ALICE_IS_UP.mesh, Endpoint("192.0.2.1", 0)) == "port 0"


@pytest.mark.parametrize("ip", ["192.168.1.9", "203.0.113.7", "10.5.0.1", "10.6.0.1", "2001:db8::7", "fd00::7"])
def test_an_address_that_may_be_somebodys_is_used(ip: str) -> None:
    assert objection(ALICE_IS_UP.mesh, Endpoint(ip, 51820)) == ""


@examples(st.ip_addresses(), st.integers(0, 65535), st.sampled_from(["", "eth0"]))
def test_what_is_used_is_an_endpoint_by_a_second_opinion(ip: object, port: int, scope: str) -> None:
    endpoint = Endpoint(str(ip).partition("%")[0], port, scope)
    if not endpoint.ip.startswith("::ffff:"):  # cannot be said on the wire: whoever writes it has written IPv4
        assert invariants.is_endpoint(ALICE_IS_UP.mesh, endpoint) == (objection(ALICE_IS_UP.mesh, endpoint) == "")


def claim(number: int) -> ClaimedEndpoint:
    return ClaimedEndpoint("lan", "wg", Endpoint(f"192.168.1.{100 + number}", 20000))


FIRST, NEXT, THIRD = (claim(n).endpoint for n in range(3))
SCOPED = Endpoint("fe80::9", 20000, "eth0")


def meets(teller: Member, other: Member, claims: int = 1, at: str = "0 s") -> Playbook:
    """The teller discovers the other, who names so many addresses."""
    record = other.record(endpoints=tuple(claim(n) for n in range(claims)))
    return given(*teller.joined()).given(other.discovered(record), at=at)


def holds(story: Playbook, who: Member, *times: str) -> list[Endpoint | None]:
    return [turn(story.mesh, story.mesh.peers[who.key], span(at)) for at in times]


def test_what_we_saw_ourselves_comes_before_what_is_said_and_link_local_ones_last() -> None:
    story = meets(ALICE, BOB, claims=2).given(
        PeerEndpointObserved(BOB.key, "lan", THIRD),
        PeerEndpointObserved(BOB.key, "lan", SCOPED),
        PeerEndpointObserved(BOB.key, "lan", NEXT),
    )
    claims = candidates(story.mesh, story.mesh.peers[BOB.key])
    assert [each.endpoint for each in claims] == [NEXT, THIRD, FIRST, SCOPED]
    assert [each.source for each in claims] == ["lan", "lan", "record", "lan"]


def test_what_can_be_nobodys_is_no_candidate() -> None:
    said = BOB.record(endpoints=(ClaimedEndpoint("lan", "wg", Endpoint("127.0.0.1", 20000)), claim(0)))
    story = given(*ALICE.joined(), BOB.discovered(said), PeerEndpointObserved(BOB.key, "lan", Endpoint("224.0.0.1", 5)))
    assert [each.endpoint for each in candidates(story.mesh, story.mesh.peers[BOB.key])] == [FIRST]


def test_the_side_with_the_lower_key_begins_as_soon_as_the_address_is_seen() -> None:
    story = meets(ALICE, BOB).given(PeerEndpointObserved(BOB.key, "lan", FIRST), at="500 ms")
    assert holds(story, BOB, "500 ms", "6.499 s", "6.5 s") == [FIRST, FIRST, None]


def test_a_record_that_came_by_itself_waits_two_seconds_to_be_confirmed() -> None:
    assert holds(meets(ALICE, BOB), BOB, "1.999 s", "2 s", "7.999 s", "8 s") == [None, FIRST, FIRST, None]


def test_the_other_side_waits_and_tries_out_of_step() -> None:
    assert span("8.5 s") == OUT_OF_STEP
    story = meets(BOB, ALICE).given(PeerEndpointObserved(ALICE.key, "lan", FIRST))
    assert holds(story, ALICE, "0 s", "8.499 s", "8.5 s", "14.499 s", "14.5 s") == [None, None, FIRST, FIRST, None]


def test_claims_take_turns() -> None:
    story = meets(ALICE, BOB, claims=3)
    assert holds(story, BOB, "2 s", "8 s", "14 s", "20 s") == [FIRST, NEXT, THIRD, None]


def test_an_address_that_is_seen_later_goes_first_and_takes_no_turn_away() -> None:
    story = meets(ALICE, BOB).given(PeerEndpointObserved(BOB.key, "lan", FIRST))
    story = story.given(PeerEndpointObserved(BOB.key, "lan", THIRD), at="3 s")
    assert holds(story, BOB, "3 s", "8.999 s", "9 s", "11.999 s", "12 s") == [THIRD, THIRD, FIRST, FIRST, None]


def test_rounds_of_turns_get_rarer_down_to_every_five_minutes() -> None:
    story = meets(ALICE, BOB)
    begun = [at for at in range(0, 40 * MINUTE, SECOND) if starts(story, at)]
    assert [(at - 2 * SECOND) / MINUTE for at in begun] == [0, 1, 3, 7, 12, 17, 22, 27, 32, 37]
    woken = list(edges(story.mesh, BOB, 40 * MINUTE))
    assert woken == [0, *(edge for at in begun for edge in (at, at + TURN))], "and nobody wakes up for nothing"


def starts(story: Playbook, at: int) -> bool:
    bob = story.mesh.peers[BOB.key]
    return turn(story.mesh, bob, at) is not None and turn(story.mesh, bob, at - SECOND) is None


def test_a_round_leaves_room_for_each_of_many_claims() -> None:
    record = BOB.record(endpoints=tuple(claim(n) for n in range(16)))
    story = given(*ALICE.joined(), BOB.discovered(record))
    bob = story.mesh.peers[BOB.key]
    first_round = [turn(story.mesh, bob, 2 * SECOND + n * TURN) for n in range(16)]
    assert first_round == [claim(n).endpoint for n in range(16)]
    assert turn(story.mesh, bob, 2 * SECOND + 16 * TURN) is None
    assert turn(story.mesh, bob, 2 * SECOND + 2 * MINUTE) == FIRST


def test_who_connected_stays_where_it_was_proven() -> None:
    story = meets(ALICE, BOB, claims=3).given(PeerConnected(BOB.key, NEXT), at="3 s")
    assert holds(story, BOB, "3 s", "1 h", "10 d") == [NEXT] * 3
    assert next_change(story.mesh, story.mesh.peers[BOB.key], span("3 s")) is None
    roamed = story.given(PeerRoamed(BOB.key, THIRD, NEXT), at="4 s")
    assert holds(roamed, BOB, "4 s", "1 h") == [THIRD] * 2


def test_a_hint_never_replaces_a_proven_endpoint() -> None:
    story = meets(ALICE, BOB).given(PeerConnected(BOB.key, SCOPED), at="3 s")
    hinted = story.given(PeerEndpointObserved(BOB.key, "lan", FIRST), at="4 s")
    assert holds(hinted, BOB, "4 s", "1 min") == [SCOPED] * 2


def test_who_fell_silent_is_tried_at_its_claims_and_between_turns_where_it_last_was() -> None:
    story = meets(ALICE, BOB, claims=2).given(PeerConnected(BOB.key, THIRD), at="3 s")
    silent = story.given(PeerDisconnected(BOB.key, 10_500), at="10 min")
    assert holds(silent, BOB, "10 min", "10 min 29.999 s") == [THIRD] * 2
    assert holds(silent, BOB, "10 min 30 s", "10 min 36 s", "10 min 42 s") == [FIRST, NEXT, THIRD]
    assert holds(silent, BOB, "11 min 30 s", "11 min 36 s", "11 min 42 s") == [FIRST, NEXT, THIRD]


def test_who_fell_silent_is_tried_at_once_where_it_was_seen_or_said_to_be_since_it_was_proven() -> None:
    story = meets(ALICE, BOB).given(PeerConnected(BOB.key, THIRD), at="3 s")
    moved = story.given(PeerEndpointObserved(BOB.key, "exchange", NEXT), at="9 min")
    silent = moved.given(PeerDisconnected(BOB.key, 10_500), at="10 min")
    assert holds(silent, BOB, "10 min", "10 min 6 s", "10 min 36 s") == [NEXT, THIRD, FIRST]
    later = silent.given(PeerEndpointObserved(BOB.key, "exchange", SCOPED), at="10 min 20 s")
    assert SCOPED in holds(later, BOB, "10 min 20 s", "10 min 26 s", "10 min 32 s")


def test_who_has_no_usable_address_is_waited_for() -> None:
    story = given(*ALICE.joined(), BOB.discovered(BOB.record(endpoints=())))
    assert holds(story, BOB, "0 s", "2 s", "1 h") == [None] * 3
    assert next_change(story.mesh, story.mesh.peers[BOB.key], 0) is None


times = st.integers(0, 20 * MINUTE)
seen = st.lists(st.tuples(st.integers(0, 2 * MINUTE), st.integers(0, 9)), max_size=6).map(sorted)


def a_peer(teller: Member, other: Member, claims: int, observations: list[tuple[int, int]]) -> Mesh:
    story = meets(teller, other, claims)
    for at, number in observations:
        story = story.given(PeerEndpointObserved(other.key, "lan", claim(number).endpoint), at=f"{at} ms")
    return story.mesh


@examples(st.integers(0, 6), seen, times, st.booleans())
def test_between_now_and_the_next_change_nothing_changes(
    claims: int, observations: list[tuple[int, int]], now: int, initiator: bool
) -> None:
    teller, other = (ALICE, BOB) if initiator else (BOB, ALICE)
    mesh = a_peer(teller, other, claims, observations)
    peer = mesh.peers[other.key]
    upcoming = next_change(mesh, peer, now)
    assert (upcoming is None) == (not candidates(mesh, peer))
    if upcoming is not None:
        assert upcoming > now
        between = [now + (upcoming - 1 - now) * step // 7 for step in range(8)]
        assert len({turn(mesh, peer, at) for at in between}) == 1


def edges(mesh: Mesh, who: Member, until: int) -> Iterator[int]:
    now: int | None = 0
    while now is not None and now < until:
        yield now
        now = next_change(mesh, mesh.peers[who.key], now)


@examples(st.integers(0, 6), seen, st.booleans())
def test_row_23_a_never_proven_address_holds_the_slot_six_seconds_a_minute_at_most(
    claims: int, observations: list[tuple[int, int]], initiator: bool
) -> None:
    teller, other = (ALICE, BOB) if initiator else (BOB, ALICE)
    mesh = a_peer(teller, other, claims, observations)
    last = max((at for at, _ in observations), default=0)
    moments = list(edges(mesh, other, last + 20 * MINUTE))
    held: dict[Endpoint, list[tuple[int, int]]] = {}
    for begins, ends in pairwise(moments):
        endpoint = turn(mesh, mesh.peers[other.key], begins)
        if endpoint is not None:
            held.setdefault(endpoint, []).append((begins, ends))
    for turns in held.values():
        for begins, _ in turns:
            window = (begins, begins + MINUTE)
            assert sum(max(0, min(e, window[1]) - max(b, window[0])) for b, e in turns) <= TURN


@examples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 300), st.integers(0, 300), st.booleans())
def test_only_one_side_of_a_pair_tries_in_the_first_eight_and_a_half_seconds(
    alices: int, bobs: int, alice_sees: int, bob_sees: int, confirmed: bool
) -> None:
    """They hear of each other within a round trip; `confirmed`: the last message of the exchange was not lost."""
    alice = a_peer(ALICE, BOB, bobs, [(alice_sees, 7)])
    bob = a_peer(BOB, ALICE, alices, [(bob_sees, 8)] if confirmed else [])
    first = alice_sees if alice_sees < bob_sees else bob_sees
    for now in sorted([*edges(alice, BOB, 20 * SECOND), *edges(bob, ALICE, 20 * SECOND)]):
        if now < first + OUT_OF_STEP:
            both = (turn(alice, alice.peers[BOB.key], now), turn(bob, bob.peers[ALICE.key], now))
            assert None in both


def test_an_address_that_both_learn_of_later_is_tried_by_one_side_first_too() -> None:
    def sees_later(teller: Member, other: Member) -> Playbook:
        story = meets(teller, other).given(PeerEndpointObserved(other.key, "lan", FIRST))
        return story.given(PeerEndpointObserved(other.key, "lan", THIRD), at="2 min")

    assert holds(sees_later(ALICE, BOB), BOB, "2 min", "2 min 5.999 s") == [THIRD, THIRD]
    waiting = ["2 min", "2 min 8.499 s", "2 min 8.5 s"]
    assert holds(sees_later(BOB, ALICE), ALICE, *waiting) == [None, None, THIRD]


ELSEWHERE = Interface("wlan0", 4, 1500, ("10.77.0.1/24",))
MET_THERE = Endpoint("10.77.0.2", BOB.wireguard.port)


def moved(*met: Endpoint, proven: Endpoint = BOB.wireguard) -> Playbook:
    """Alice, connected with Bob, is on another network now, and he answered her there."""
    connected = ALICE_IS_UP.given(BOB.discovered(), BOB.observed(), PeerConnected(BOB.key, proven))
    return connected.given(InterfacesChanged((ELSEWHERE,), (), ()), *(BOB.observed(ip) for ip in met), at="1 min")


def test_who_moved_tries_a_connected_peer_where_it_answers_now_for_one_turn() -> None:
    mesh, begun = moved(MET_THERE).mesh, span("1 min")
    bob = mesh.peers[BOB.key]
    assert detour(mesh, bob, begun) == turn(mesh, bob, begun) == MET_THERE
    assert next_change(mesh, bob, begun) == begun + TURN
    assert turn(mesh, bob, begun + TURN) == BOB.wireguard
    assert next_change(mesh, bob, begun + TURN) is None


def test_a_working_tunnel_is_left_alone_where_its_address_is_still_on_a_link_of_ours_or_nothing_is_better() -> None:
    for story in (
        moved(),
        moved(MET_THERE, proven=MET_THERE),
        moved(MET_THERE, proven=Endpoint("10.77.0.9", 1)),
        moved(MET_THERE, proven=Endpoint("fe80::9", 1, "wlan0")),
        ALICE_IS_UP.given(BOB.discovered(), PeerConnected(BOB.key, MET_THERE), BOB.observed(MET_THERE)),
    ):
        assert detour(story.mesh, story.mesh.peers[BOB.key], story.now) is None


def test_a_peer_that_was_met_before_the_move_only_takes_no_detour() -> None:
    story = ALICE_IS_UP.given(BOB.discovered(), BOB.observed(MET_THERE), PeerConnected(BOB.key, BOB.wireguard))
    story = story.given(InterfacesChanged((ELSEWHERE,), (), ()))
    assert detour(story.mesh, story.mesh.peers[BOB.key], story.now) is None


def test_a_peer_that_shook_hands_where_we_are_now_takes_no_detour_to_where_it_answered() -> None:
    behind_nat = Endpoint("203.0.113.9", 40001)
    story = ALICE_IS_UP.given(BOB.discovered(), BOB.observed(Endpoint("203.0.113.9", BOB.wireguard.port)))
    story = story.given(PeerConnected(BOB.key, behind_nat))
    assert turn(story.mesh, story.mesh.peers[BOB.key], story.now) == behind_nat


def test_a_link_local_address_is_lost_with_its_interface() -> None:
    story = moved(MET_THERE, proven=Endpoint("fe80::9", 1, "eth0"))
    assert detour(story.mesh, story.mesh.peers[BOB.key], story.now) == MET_THERE


def test_who_never_connected_takes_no_detour() -> None:
    story = ALICE_IS_UP.given(BOB.discovered(), BOB.observed())
    assert detour(story.mesh, story.mesh.peers[BOB.key], story.now) is None


def test_what_only_leads_to_containers_or_into_another_vpn_is_no_way_to_a_peer() -> None:
    docker = InterfacesChanged((ALICE.interface,), ("10.2.0.0/16", "172.17.0.0/16"), ("172.17.0.0/16",))
    mesh = ALICE_IS_UP.given(docker).mesh
    assert objection(mesh, Endpoint("172.17.0.5", 1)) == "in a network of containers or of another VPN"
    assert objection(mesh, Endpoint("10.2.0.5", 1)) == ""
    assert objection(ALICE_IS_UP.mesh, Endpoint("172.17.0.5", 1)) == ""


def accepting(*routes: str) -> Playbook:
    settings = replace(ALICE.settings, accept_routes=("all",))
    return ALICE_IS_UP.given(SettingsChanged(settings), CAROL.discovered(CAROL.record(routes=routes)))


def test_what_lies_behind_a_route_through_the_mesh_is_no_way_into_it() -> None:
    there = Endpoint("203.0.113.9", 1)
    claim = ClaimedEndpoint("static", "wg", there)
    story = accepting("203.0.113.0/24").given(BOB.discovered(BOB.record(endpoints=(claim,))))
    assert objection(story.mesh, there) == "behind a route through the mesh"
    assert candidates(story.mesh, story.mesh.peers[BOB.key]) == ()
    assert objection(accepting("203.0.114.0/24").mesh, there) == ""


def test_a_proven_endpoint_is_looked_at_as_well() -> None:
    there = Endpoint("203.0.113.9", 1)
    story = accepting("203.0.113.0/24").given(BOB.discovered(BOB.record(endpoints=())), PeerConnected(BOB.key, there))
    assert holds(story, BOB, "1 s") == [there]
    silent = story.given(PeerDisconnected(BOB.key, 181_000), at="5 min")
    assert holds(silent, BOB, "5 min", "1 h") == [None, None]
    broadcast = Endpoint("192.168.1.255", 1)
    story = ALICE_IS_UP.given(BOB.discovered(BOB.record(endpoints=())), PeerConnected(BOB.key, broadcast))
    assert holds(story, BOB, "1 s") == [None]


def test_what_nobody_has_answered_from_is_hearsay_and_held_only_where_that_is_granted() -> None:
    story = ALICE_IS_UP.given(BOB.discovered())
    bob, during = story.mesh.peers[BOB.key], span("3 s")
    assert turn(story.mesh, bob, during) == BOB.wireguard
    assert turn(story.mesh, bob, during, tried={}) is None
    assert turn(story.mesh, bob, during, tried={BOB.key: BOB.wireguard}) == BOB.wireguard
    met = story.given(BOB.observed()).mesh
    assert turn(met, met.peers[BOB.key], during, tried={}) == BOB.wireguard
    assert [is_hearsay(peer, peer.claims[0]) for peer in (bob, met.peers[BOB.key])] == [True, False]
