import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests import invariants
from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN, NARROW, Member
from tests.playbook import Playbook, given, span
from wgmesh.domain.attached import overlap
from wgmesh.domain.device import Device, DevicePeer
from wgmesh.domain.events import (
    Event,
    InterfacesChanged,
    MeshAddressChanged,
    PeerConnected,
    PeerDisconnected,
    PeerEndpointObserved,
    PeerExpired,
    PeerLeft,
)
from wgmesh.domain.parameters import ipv4_of
from wgmesh.domain.peer_record import NO_IPV4, ClaimedEndpoint
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.projections.desired_device import desired_device

ALICE_IS_UP = given(*ALICE.joined())


def device(story: Playbook, at: str = "0 s") -> Device:
    return desired_device(story.mesh, span(at))


def only_peer(story: Playbook, at: str = "0 s") -> DevicePeer:
    (peer,) = device(story, at).peers
    return peer


def test_a_node_alone_has_its_addresses_and_the_routes_of_the_mesh() -> None:
    assert device(ALICE_IS_UP) == Device(
        private=1,
        listen_port=ALICE.wireguard.port,
        mtu=1420,
        up=True,
        addresses=(f"{ALICE.ipv4}/32", f"{ALICE.ipv6}/128"),
        routes=("10.49.0.0/16", "fdd4:d277:ffbe:e65b::/64"),
        peers=(),
    )


def test_a_peer_has_the_preshared_key_of_the_generation_and_its_own_addresses() -> None:
    assert only_peer(ALICE_IS_UP.given(BOB.discovered())) == DevicePeer(
        BOB.public_key, preshared=1, endpoint=None, allowed_ips=(f"{BOB.ipv4}/32", f"{BOB.ipv6}/128"), keepalive=0
    )


def test_keepalive_goes_with_an_endpoint_until_gossip_keeps_a_neighbours_session() -> None:
    story = ALICE_IS_UP.given(BOB.discovered(), BOB.observed())
    for at, endpoint, keepalive in (("0 s", BOB.wireguard, 25), ("7 s", None, 0)):
        assert (only_peer(story, at).endpoint, only_peer(story, at).keepalive) == (endpoint, keepalive)
    connected = story.given(PeerConnected(BOB.key, BOB.wireguard))
    assert (only_peer(connected, "1 d").endpoint, only_peer(connected, "1 d").keepalive) == (BOB.wireguard, 0)


def test_who_left_or_was_forgotten_is_not_on_the_device_and_who_is_silent_is() -> None:
    everybody = ALICE_IS_UP.given(*(who.discovered() for who in (BOB, CAROL, DAVE)))
    story = everybody.given(
        PeerLeft(BOB.key, BOB.record(change=3).incarnation, b"goodbye"),
        PeerExpired(CAROL.key, 1),
        PeerConnected(DAVE.key, DAVE.wireguard),
        PeerDisconnected(DAVE.key, 181_000),
    )
    assert only_peer(story).public_key == DAVE.public_key


def test_everything_on_a_device_has_one_order() -> None:
    one = ALICE_IS_UP.given(BOB.discovered(), CAROL.discovered(), DAVE.discovered())
    other = ALICE_IS_UP.given(DAVE.discovered(), BOB.discovered(), CAROL.discovered())
    assert device(one).peers == device(other).peers
    keys = [peer.public_key for peer in device(one).peers]
    assert keys == sorted(keys)


def at_address(who: Member, address: str) -> Event:
    return replace(who.discovered(), ipv4=address)


def test_an_address_that_two_claim_goes_to_the_one_that_had_it_and_the_other_keeps_ipv6() -> None:
    story = ALICE_IS_UP.given(at_address(DAVE, "10.49.0.7"), at_address(BOB, "10.49.0.7"))
    bob, dave = device(story).peers
    assert dave.allowed_ips == ("10.49.0.7/32", f"{DAVE.ipv6}/128")
    assert bob.allowed_ips == (f"{BOB.ipv6}/128",)


def test_our_own_address_is_never_a_peers() -> None:
    story = ALICE_IS_UP.given(at_address(BOB, ALICE.ipv4))
    assert only_peer(story).allowed_ips == (f"{BOB.ipv6}/128",)
    moved = story.given(MeshAddressChanged(1, ALICE.ipv4_with(1), ALICE.ipv4))
    assert only_peer(moved).allowed_ips == (f"{ALICE.ipv4}/32", f"{BOB.ipv6}/128")


def test_who_has_no_ipv4_address_has_ipv6_alone() -> None:
    story = ALICE_IS_UP.given(BOB.discovered(BOB.record(nonce=255, capabilities=NO_IPV4)))
    assert only_peer(story).allowed_ips == (f"{BOB.ipv6}/128",)
    without = story.given(MeshAddressChanged(255, "", ALICE.ipv4))
    assert device(without).addresses == (f"{ALICE.ipv6}/128",)
    assert device(without).routes == ("fdd4:d277:ffbe:e65b::/64",)


@pytest.mark.parametrize(
    ("prefix", "overlapping"),
    [
        ("10.49.3.4/24", "10.49.3.0/24"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.49.0.9/32", "10.49.0.9/32"),
        ("10.48.3.4/16", ""),
        ("fdd4:d277:ffbe:e65b::1/64", ""),
    ],
)
def test_where_the_mesh_overlaps_an_attached_network_ipv4_is_left_out(prefix: str, overlapping: str) -> None:
    attached = Interface("eth0", 2, 1500, ("192.168.1.1/24", prefix))
    story = ALICE_IS_UP.given(InterfacesChanged((attached,), (), ()))
    assert overlap(story.mesh) == overlapping
    assert (f"{ALICE.ipv4}/32" in device(story).addresses) == (not overlapping)
    assert ("10.49.0.0/16" in device(story).routes) == (not overlapping)
    assert f"{ALICE.ipv6}/128" in device(story).addresses


@pytest.mark.parametrize(
    ("attached", "mtu"), [((1500,), 1420), ((9000,), 1420), ((1500, 1400), 1320), ((1300,), 1280), ((), 1420)]
)
def test_a_packet_fits_the_narrowest_link_and_ipv6(attached: tuple[int, ...], mtu: int) -> None:
    interfaces = tuple(Interface(f"eth{n}", n, link_mtu) for n, link_mtu in enumerate(attached))
    assert device(ALICE_IS_UP.given(InterfacesChanged(interfaces, (), ()))).mtu == mtu


def test_a_tunnel_that_is_up_is_not_touched_by_what_is_heard_of_its_peer() -> None:
    connected = ALICE_IS_UP.given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))
    elsewhere = Endpoint("203.0.113.66", 5)
    hinted = BOB.record(change=3, endpoints=(ClaimedEndpoint("static", "wg", elsewhere),))
    story = connected.given(BOB.updated(hinted), PeerEndpointObserved(BOB.key, "lan", elsewhere))
    assert only_peer(story, "1 h") == only_peer(connected)


US, *THEM = (Member(who.name, who.identity, who.ip, NARROW) for who in (ALICE, BOB, CAROL, DAVE, ERIN))
ips = st.sampled_from(["127.0.0.1", "224.1.1.1", "0.0.0.0", "255.255.255.255", "10.9.0.2", "192.168.1.255", "::1"])
endpoints = st.builds(Endpoint, st.one_of(ips, st.ip_addresses(v=4).map(str)), st.integers(0, 65535))
told = st.tuples(st.sampled_from(THEM), st.integers(0, 6), st.lists(endpoints, max_size=5), st.booleans())


@settings(max_examples=100)
@examples(st.lists(told, max_size=8), st.integers(0, 6), st.integers(0, 3_600_000))
def test_no_address_has_two_owners_and_no_endpoint_is_nobodys_in_any_mesh(
    members: list[tuple[Member, int, list[Endpoint], bool]], our_nonce: int, now: int
) -> None:
    story = given(*US.joined(), MeshAddressChanged(our_nonce, US.ipv4_with(our_nonce), US.ipv4))
    for who, nonce, claimed, observed in members:
        claims = tuple(ClaimedEndpoint("lan", "wg", each) for each in claimed)
        address = ipv4_of(NARROW, who.public_key, nonce)
        story = story.given(replace(who.discovered(), endpoints=claims, ipv4=address))
        if observed and claimed:
            story = story.given(PeerEndpointObserved(who.key, "lan", claimed[0]))
    for at in (now, now + 1000, now + 7000):
        invariants.check(story.mesh, at)
