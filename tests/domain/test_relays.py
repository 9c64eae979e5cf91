from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN
from tests.relayed import alice, best_first, relayed
from wgmesh.domain import relays
from wgmesh.domain.events import PeerBanned, PeerConnected, PeerDisconnected
from wgmesh.domain.mesh import Mesh

EVERYBODY = alice(CAROL, DAVE, ERIN)


def names(mesh: Mesh) -> list[bytes]:
    return [each.identity for each in relays.candidates(mesh, BOB.key)]


def test_who_is_willing_and_reached_directly_may_relay() -> None:
    assert names(EVERYBODY.mesh) == [who.key for who in best_first(EVERYBODY, CAROL, DAVE, ERIN)]


def test_who_says_nothing_of_it_is_silent_or_is_banned_may_not() -> None:
    unwilling = alice(CAROL).given(DAVE.discovered(), PeerConnected(DAVE.key, DAVE.wireguard))
    assert names(unwilling.mesh) == [CAROL.key]
    assert names(EVERYBODY.given(PeerDisconnected(CAROL.key, 1), PeerBanned(DAVE.public_key)).mesh) == [ERIN.key]
    assert not relays.serves(EVERYBODY.given(PeerBanned(DAVE.public_key)).mesh, DAVE.key)
    assert not relays.serves(EVERYBODY.mesh, bytes(32))


def test_who_is_reached_through_a_relay_is_none_itself() -> None:
    through = relayed(alice(CAROL, BOB, others=()), CAROL)
    assert not relays.serves(through.mesh, BOB.key)
    assert relays.serves(through.mesh, CAROL.key)


def test_both_sides_of_a_pair_come_to_the_same_order() -> None:
    ours = EVERYBODY.mesh
    theirs = replace(ours, identity=BOB.key)
    for relay in (CAROL, DAVE, ERIN):
        assert relays.rank(ours, BOB.key, relay.key) == relays.rank(theirs, ALICE.key, relay.key)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=100, max_size=100, unique=True))
def test_pairs_spread_over_the_relays(peers: list[bytes]) -> None:
    three = (CAROL, DAVE, ERIN)
    first = [max(three, key=lambda who: relays.rank(EVERYBODY.mesh, peer, who.key)) for peer in peers]
    assert all(first.count(who) >= 5 for who in three)
