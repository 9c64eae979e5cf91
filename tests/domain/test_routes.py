"""Alice accepts routes; Bob, Carol and Dave announce some. Bob's key is lower than Carol's, and hers than Dave's."""

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, Member
from tests.playbook import Playbook, given, resting
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.events import (
    InterfacesChanged,
    MeshAddressChanged,
    PeerBanned,
    PeerConnected,
    PeerDisconnected,
    PeerDiscovered,
    PeerExpired,
    PeerLeft,
    PeerUpdated,
    RouteContested,
    SettingsChanged,
)
from wgmesh.domain.peer_record import MOST_ROUTES
from wgmesh.domain.routes import (
    CONTESTS_AN_EPOCH,
    NOT_ACCEPTED,
    ROUTE_CAP,
    covered,
    general_objection,
    parse,
    refused,
    used,
)
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.projections.desired_device import desired_device

OFFICE = "192.168.50.0/24"


def accepting(*accepted: str, advertised: tuple[str, ...] = ()) -> Playbook:
    settings = replace(ALICE.settings, accept_routes=accepted, advertise_routes=advertised)
    return given(*ALICE.joined(), SettingsChanged(settings))


def announces(who: Member, *routes: str, change: int = 2) -> PeerDiscovered:
    return who.discovered(who.record(change=change, routes=routes))


def reasons(story: Playbook) -> list[tuple[str, str]]:
    return [(each.prefix, each.reason) for each in refused(story.mesh)]


def test_what_is_accepted_goes_to_the_peer_that_announces_it_and_nothing_else_does() -> None:
    story = accepting(OFFICE).given(announces(BOB, OFFICE, "10.8.0.0/16"))
    assert used(story.mesh) == {OFFICE: BOB.key}
    assert reasons(story) == [("10.8.0.0/16", NOT_ACCEPTED)]
    device = desired_device(story.mesh, 0)
    assert OFFICE in device.routes
    assert OFFICE in device.peers[0].allowed_ips
    assert "10.8.0.0/16" not in (*device.routes, *device.peers[0].allowed_ips)


def test_nothing_is_accepted_by_default() -> None:
    story = given(*ALICE.joined(), announces(BOB, OFFICE))
    assert (used(story.mesh), reasons(story)) == ({}, [(OFFICE, NOT_ACCEPTED)])
    assert (covered(story.mesh), desired_device(story.mesh, 0).peers[0].allowed_ips) == ((), allowed(BOB))


def allowed(who: Member) -> tuple[str, ...]:
    return tuple(sorted((f"{who.ipv4}/32", f"{who.ipv6}/128")))


def test_a_part_of_what_is_accepted_is_accepted_and_a_whole_is_not() -> None:
    story = accepting("192.168.0.0/16").given(announces(BOB, OFFICE, "192.168.0.0/15", "2001:db8::/32"))
    assert list(used(story.mesh)) == [OFFICE]


def test_all_is_all_but_what_is_never_used() -> None:
    story = accepting("all").given(announces(BOB, OFFICE, "fd12:3456::/48", "0.0.0.0/0"))
    assert sorted(used(story.mesh)) == [OFFICE, "fd12:3456::/48"]
    assert reasons(story) == [("0.0.0.0/0", "the default route")]


NEVER = {
    "0.0.0.0/0": "the default route",
    "::/0": "the default route",
    "0.0.0.0/1": "unspecified or reaches into it",
    "128.0.0.0/1": "link-local or reaches into it",
    "64.0.0.0/2": "loopback or reaches into it",
    "8.0.0.0/7": "wider than /8",
    "2000::/3": "wider than /16",
    "127.1.0.0/16": "loopback or reaches into it",
    "::1/128": "loopback or reaches into it",
    "169.254.9.0/24": "link-local or reaches into it",
    "fe80::/64": "link-local or reaches into it",
    "224.1.0.0/16": "multicast or reaches into it",
    "ff05::/16": "multicast or reaches into it",
    "250.0.0.0/8": "reserved",
    "::/128": "unspecified or reaches into it",
}


@pytest.mark.parametrize(("prefix", "reason"), NEVER.items(), ids=list(NEVER))
def test_row_24_what_nobody_can_announce_is_used_by_nobody_and_announced_by_nobody(prefix: str, reason: str) -> None:
    story = accepting("all").given(announces(BOB, prefix))
    assert (used(story.mesh), reasons(story)) == ({}, [(prefix, reason)])
    with pytest.raises(WgmeshError, match=f"{prefix} cannot be a route: it is {reason}"):
        parse(prefix)


@pytest.mark.parametrize(
    "prefix", ["10.49.0.0/16", "10.49.7.7/32", "10.48.0.0/15", f"{BOB.ipv6}/128", "fdd4:d277::/32"]
)
def test_row_24_the_ranges_of_the_mesh_are_nobodys_route(prefix: str) -> None:
    story = accepting("all").given(announces(BOB, prefix))
    assert reasons(story) == [(prefix, "within the mesh's own range or around it")]


@pytest.mark.parametrize("prefix", ["192.168.1.0/24", "192.168.0.0/16", "192.168.1.7/32", "172.17.5.0/24"])
def test_row_24_a_network_that_this_machine_is_attached_to_goes_there(prefix: str) -> None:
    story = accepting("all").given(
        InterfacesChanged((ALICE.interface,), ("172.17.0.0/16",), ("172.17.0.0/16",)), announces(BOB, prefix)
    )
    [(refusal, reason)] = reasons(story)
    assert refusal == prefix
    assert reason.startswith("this machine is attached to 1")


def test_what_this_node_announces_itself_it_does_not_send_to_another() -> None:
    story = accepting("all", advertised=("10.8.0.0/16",))
    story = story.given(announces(BOB, "10.8.0.0/16", "10.8.3.0/24", "10.8.0.0/15"))
    assert list(used(story.mesh)) == ["10.8.0.0/15"]
    assert reasons(story) == [(prefix, "this node announces it too") for prefix in ("10.8.0.0/16", "10.8.3.0/24")]


def test_a_prefix_around_an_endpoint_in_use_would_send_the_tunnel_into_itself() -> None:
    outside = Endpoint("203.0.113.9", 7)
    story = accepting("all").given(announces(BOB, "203.0.113.0/24"), CAROL.discovered())
    assert list(used(story.mesh)) == ["203.0.113.0/24"]
    story = story.given(PeerConnected(CAROL.key, outside))
    assert reasons(story) == [("203.0.113.0/24", "the endpoint 203.0.113.9, which is in use, lies in it")]
    assert used(story.given(PeerDisconnected(CAROL.key, 181_000)).mesh) != {}


def test_a_node_without_an_ipv4_address_in_the_mesh_uses_ipv6_routes_alone() -> None:
    story = accepting("all").given(announces(BOB, OFFICE, "fd12:3456::/48"))
    for lost in (
        MeshAddressChanged(255, "", ALICE.ipv4),
        InterfacesChanged((Interface("eth0", 2, 1500, ("10.49.3.4/24",)),), (), ()),
    ):
        without = story.given(lost)
        assert list(used(without.mesh)) == ["fd12:3456::/48"]
        assert reasons(without) == [(OFFICE, "this node has no IPv4 address in the mesh")]


def test_of_two_who_announce_one_prefix_the_lower_key_has_it_and_the_other_is_named() -> None:
    for order in ((BOB, CAROL), (CAROL, BOB)):
        story = accepting("all").given(*(announces(who, OFFICE) for who in order))
        assert used(story.mesh) == {OFFICE: BOB.key}
        assert reasons(story) == [(OFFICE, "bob announces it too, and its key is lower")]


def test_a_part_of_anothers_prefix_is_another_prefix() -> None:
    story = accepting("all").given(announces(BOB, "10.8.0.0/16"), announces(CAROL, "10.8.3.0/24"))
    assert used(story.mesh) == {"10.8.0.0/16": BOB.key, "10.8.3.0/24": CAROL.key}


def test_a_route_goes_with_the_peer_that_leaves_is_forgotten_is_banned_or_says_no_more_of_it() -> None:
    story = accepting("all").given(announces(BOB, OFFICE), announces(CAROL, OFFICE))
    for gone in (
        PeerLeft(BOB.key, BOB.record(change=9).incarnation, b"goodbye"),
        PeerExpired(BOB.key, 1),
        PeerBanned(BOB.public_key),
        BOB.updated(BOB.record(change=9)),
    ):
        assert used(story.given(gone).mesh) == {OFFICE: CAROL.key}


def test_a_prefix_that_is_said_twice_is_one() -> None:
    assert reasons(accepting("all").given(announces(BOB, OFFICE, OFFICE))) == []


def test_a_node_uses_so_many_routes_and_no_more() -> None:
    many = tuple(f"10.200.{n // 256}.{n % 256}/32" for n in range(ROUTE_CAP + 1))
    story = accepting("all").given(replace(BOB.discovered(), routes=many))
    assert len(used(story.mesh)) == ROUTE_CAP
    assert reasons(story) == [(many[-1], f"{ROUTE_CAP} routes are in use already")]


def test_a_contest_is_recorded_once_with_the_records_that_made_it() -> None:
    story = accepting("all").given(announces(CAROL, OFFICE))
    claimed = BOB.record(routes=(OFFICE,))
    story = story.when(BOB.replies(ALICE, claimed), at="1 s")
    [contest] = [record for record in story.recent if isinstance(record.event, RouteContested)]
    assert contest.event == RouteContested(OFFICE, BOB.key, CAROL.key)
    again = story.when(CAROL.replies(ALICE, CAROL.record(change=3, routes=(OFFICE,))), at="2 s")
    assert [type(event) for event in again.events][:1] == [PeerUpdated]
    assert RouteContested not in [type(event) for event in again.events]
    third = again.when(DAVE.replies(ALICE, DAVE.record(routes=(OFFICE,))), at="3 s")
    assert RouteContested(OFFICE, BOB.key, DAVE.key) in third.events
    assert RouteContested(OFFICE, BOB.key, CAROL.key) not in third.events


def test_nobody_hears_of_a_contest_about_what_is_not_accepted_or_before_there_are_settings() -> None:
    for story in (given(*ALICE.joined()), given(*ALICE.joined()[:2]), accepting("10.0.0.0/8")):
        story = story.given(announces(CAROL, OFFICE)).when(BOB.replies(ALICE, BOB.record(routes=(OFFICE,))), at="1 s")
        assert RouteContested not in [type(event) for event in story.events]


def test_contests_fill_no_log() -> None:
    routes = tuple(f"10.{n}.0.0/24" for n in range(100, 100 + MOST_ROUTES))
    story = accepting("all").given(announces(CAROL, *routes))
    story = story.when(BOB.replies(ALICE, BOB.record(routes=routes)), at="1 s")
    assert [type(event) for event in story.events].count(RouteContested) == CONTESTS_AN_EPOCH


def test_the_grounds_of_a_contest_are_both_records() -> None:
    story = accepting("all").given(announces(CAROL, OFFICE)).when(BOB.says_hello(None, BOB.record(routes=(OFFICE,))))
    bob = BOB.discovered(BOB.record(routes=(OFFICE,)))
    contest = resting(RouteContested(OFFICE, BOB.key, CAROL.key), on=(PeerDiscovered, PeerDiscovered))
    story.then(bob, contest, *story.effects)


MISTAKES = {
    "192.168.5.7/24": "192.168.5.7/24 has bits behind its prefix length: did you mean 192.168.5.0/24?",
    "fd12::1/48": r"fd12::1/48 has bits behind its prefix length: did you mean fd12::/48\?",
    "office": "'office' is no prefix: write one like 192.168.5.0/24",
    "10.0.0.0/33": "'10.0.0.0/33' is no prefix",
    "": "'' is no prefix",
}


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.items(), ids=list(MISTAKES))
def test_a_mistake_is_answered_with_what_was_meant(text: str, sentence: str) -> None:
    with pytest.raises(WgmeshError, match=sentence):
        parse(text)


@pytest.mark.parametrize(
    "text", [OFFICE, "10.0.0.0/8", "fd12:3456::/48", "2001:db8::/32", "172.16.0.0/12", "10.9.9.9/32"]
)
def test_an_ordinary_network_can_be_a_route(text: str) -> None:
    assert parse(text) == text


@examples(st.ip_addresses(), st.integers(0, 128))
def test_an_address_on_its_own_is_a_route_or_has_a_reason(ip: object, length: int) -> None:
    assert isinstance(general_objection(f"{ip}/{128 if ':' in str(ip) else 32}"), str)
