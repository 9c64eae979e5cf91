"""Alice's hosts file: Bob's key is lower than Carol's, and hers than Dave's; Alice's own is the lowest."""

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, Member
from tests.playbook import given
from wgmesh.domain.events import InterfacesChanged, PeerBanned, PeerDiscovered, PeerExpired, PeerLeft, SettingsChanged
from wgmesh.domain.peer_record import NO_IPV4
from wgmesh.domain.values import Interface
from wgmesh.projections.host_names import host_names

ALICE_IS_UP = given(*ALICE.joined())


def called(who: Member, name: str) -> PeerDiscovered:
    return who.discovered(who.record(hostname=name))


def lines(who: Member, name: str) -> tuple[str, str]:
    return f"{who.ipv4} {name}.mesh", f"{who.ipv6} {name}.mesh"


def test_everybody_in_use_is_there_with_both_addresses_and_this_node_too() -> None:
    story = ALICE_IS_UP.given(BOB.discovered(), CAROL.discovered())
    assert host_names(story.mesh) == (*lines(ALICE, "alice"), *lines(BOB, "bob"), *lines(CAROL, "carol"))


def test_who_is_gone_banned_or_nameless_is_not() -> None:
    story = ALICE_IS_UP.given(BOB.discovered())
    for gone in (
        PeerLeft(BOB.key, BOB.record(change=9).incarnation, b"goodbye"),
        PeerExpired(BOB.key, 1),
        PeerBanned(BOB.public_key),
    ):
        assert host_names(story.given(gone).mesh) == lines(ALICE, "alice")
    assert host_names(ALICE_IS_UP.given(called(BOB, "")).mesh) == lines(ALICE, "alice")


def test_a_name_is_the_lowest_keys_and_the_others_are_called_by_their_keys_too() -> None:
    for order in ((BOB, CAROL), (CAROL, BOB)):
        mesh = ALICE_IS_UP.given(*(called(who, "web") for who in order)).mesh
        second = f"web-{CAROL.public_key.hex()[:8]}"
        assert host_names(mesh) == (*lines(ALICE, "alice"), *lines(BOB, "web"), *lines(CAROL, second))


def test_who_has_our_name_and_a_higher_key_gets_another() -> None:
    other = f"alice-{BOB.public_key.hex()[:8]}"
    assert host_names(ALICE_IS_UP.given(called(BOB, "alice")).mesh) == (*lines(ALICE, "alice"), *lines(BOB, other))


def test_a_long_name_still_fits_a_label() -> None:
    long = "a" * 63
    mesh = ALICE_IS_UP.given(called(BOB, long), called(CAROL, long)).mesh
    assert lines(CAROL, f"{'a' * 54}-{CAROL.public_key.hex()[:8]}")[0] in host_names(mesh)


def test_a_name_that_somebody_has_is_not_taken_away_by_who_lost_another() -> None:
    second = f"web-{CAROL.public_key.hex()[:8]}"
    mesh = ALICE_IS_UP.given(called(BOB, "web"), called(CAROL, "web"), called(DAVE, second)).mesh
    assert host_names(mesh) == (*lines(ALICE, "alice"), *lines(BOB, "web"), *lines(DAVE, second))


def test_who_lacks_an_ipv4_address_or_shares_it_is_reached_by_ipv6() -> None:
    without = BOB.discovered(BOB.record(capabilities=NO_IPV4))
    assert host_names(ALICE_IS_UP.given(without).mesh)[2:] == lines(BOB, "bob")[1:]
    shared = replace(CAROL.discovered(), ipv4=BOB.ipv4)
    assert host_names(ALICE_IS_UP.given(BOB.discovered(), shared).mesh)[4:] == lines(CAROL, "carol")[1:]


def test_where_ipv4_is_left_out_no_name_leads_there() -> None:
    inside = InterfacesChanged((Interface("eth0", 2, 1500, ("10.49.3.4/24",)),), (), ())
    story = ALICE_IS_UP.given(SettingsChanged(ALICE.settings), BOB.discovered(), inside)
    assert host_names(story.mesh) == (*lines(ALICE, "alice")[1:], *lines(BOB, "bob")[1:])
