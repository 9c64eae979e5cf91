"""Bob is the lower and Carol the higher of two who meet on one address; both live in a mesh of 14 addresses."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cast import ALICE, NARROW, Member
from tests.playbook import Playbook, due_tasks, given, resting, span
from wgmesh.domain.addressing import LAST_NONCE, MOVE_PAUSE, NEWCOMER_MOVES, SETTLED_AFTER, settles_at
from wgmesh.domain.effects import Announce
from wgmesh.domain.events import (
    AddressCollisionResolved,
    MeshAddressChanged,
    PeerDiscovered,
    PeerExpired,
    PeerLeft,
    PeerUpdated,
)
from wgmesh.domain.folding import fold
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Due
from wgmesh.domain.peer_record import NO_IPV4
from wgmesh.domain.values import SECOND


def narrow(number: int) -> Member:
    return Member(f"node-{number}", Identity.from_seed(number.to_bytes(32)), "192.168.1.7", NARROW)


CROWD = [narrow(number) for number in range(1, 60)]


def sharing(address: str) -> list[Member]:
    """Nodes that derive this address first, the lowest key first."""
    return sorted((who for who in CROWD if who.ipv4 == address), key=lambda who: who.public_key)


BOB, CAROL, DAVE = sharing(CROWD[0].ipv4)[:3]
ADDRESS = BOB.ipv4


def moved(who: Member, blocker: Member) -> list[AddressCollisionResolved | MeshAddressChanged]:
    """What a node records that leaves its address to another."""
    return [
        AddressCollisionResolved(ADDRESS, blocker.key, who.key),
        MeshAddressChanged(1, who.ipv4_with(1), ADDRESS),
    ]


def settled(who: Member) -> Playbook:
    """It has held its address for a minute."""
    return given(*who.joined()).given(at="1 min")


def test_of_two_settled_nodes_the_one_with_the_lower_key_keeps_the_address() -> None:
    bob = settled(BOB).when(CAROL.replies(BOB), at="1 min")
    assert bob.mesh.ipv4 == ADDRESS
    assert settles_at(bob.mesh) is None
    assert bob.until("1 h").mesh.ipv4 == ADDRESS


def test_the_other_moves_when_the_conflict_stood_for_ten_seconds() -> None:
    carol = settled(CAROL).when(BOB.replies(CAROL), at="1 min")
    assert carol.mesh.ipv4 == ADDRESS
    assert due_tasks(carol.state, carol.now + SETTLED_AFTER - 1).count("settle") == 0
    carol = carol.when(Due("settle"), at="1 min 10 s")
    carol.then(
        resting(moved(CAROL, BOB)[0], on=PeerDiscovered),
        resting(moved(CAROL, BOB)[1], on=AddressCollisionResolved),
        Announce(),
        cause="timer/settle",
    )
    assert (carol.mesh.nonce, carol.mesh.ipv4, carol.mesh.ipv6) == (1, CAROL.ipv4_with(1), CAROL.ipv6)


def test_nobody_moves_before_it_is_time() -> None:
    settled(CAROL).when(BOB.replies(CAROL), at="1 min").when(Due("settle"), at="1 min 9.999 s").then()
    settled(CAROL).when(Due("settle"), at="1 min").then()


def test_a_newcomer_gives_way_at_once_whatever_its_key() -> None:
    for newcomer, resident in ((BOB, CAROL), (CAROL, BOB)):
        story = given(*newcomer.joined()).when(resident.replies(newcomer), at="9.999 s")
        assert story.events[-2:] == tuple(moved(newcomer, resident))
        assert story.mesh.ipv4 == newcomer.ipv4_with(1)


def test_who_held_its_address_for_ten_seconds_is_no_newcomer() -> None:
    assert given(*BOB.joined()).when(CAROL.replies(BOB), at="10 s").mesh.ipv4 == ADDRESS


def test_a_newcomer_gives_way_again_where_it_came_to_and_so_often_and_no_more() -> None:
    story = given(*BOB.joined())
    for number in range(NEWCOMER_MOVES + 1):
        story = story.given(holder(number, story.mesh.ipv4), at=f"{number} s").when(Due("settle"))
    moves = [record.event for record in story.records if isinstance(record.event, MeshAddressChanged)]
    assert len(moves) <= NEWCOMER_MOVES
    assert story.mesh.nonce >= NEWCOMER_MOVES


def test_who_joined_half_a_minute_ago_is_no_newcomer_wherever_it_has_come_to() -> None:
    story = given(*CAROL.joined()).when(BOB.replies(CAROL), at="9 s").given(at="18 s")
    assert story.given(holder(1, story.mesh.ipv4)).when(Due("settle")).events != ()
    story = given(*CAROL.joined()).given(MeshAddressChanged(1, CAROL.ipv4_with(1), ADDRESS), at="25 s")
    assert story.given(holder(1, story.mesh.ipv4), at="30 s").when(Due("settle")).events == ()


def test_who_was_evicted_waits_for_a_minute_before_it_moves_again() -> None:
    carol = settled(CAROL).when(BOB.replies(CAROL), at="1 min").until("1 min 10 s")
    chased = carol.given(holder(1, carol.mesh.ipv4), at="1 min 11 s").when(Due("settle"))
    assert (chased.events, settles_at(chased.mesh)) == ((), span("2 min 10 s"))
    assert chased.until("2 min 10 s").mesh.nonce > 1


def test_row_26_who_has_a_key_for_every_address_moves_its_victim_once_a_minute_and_is_named() -> None:
    victim = settled(CAROL).when(BOB.replies(CAROL), at="1 min")
    for second in range(61, 361):
        chaser = holder(second, victim.mesh.ipv4)
        victim = victim.until(f"{second} s").given(chaser).when(Due("settle"))
    moved = [record for record in victim.records if isinstance(record.event, MeshAddressChanged)]
    pauses = [later.awake - earlier.awake for earlier, later in pairwise(moved)]
    assert len(moved) >= 4
    assert min(pauses) >= MOVE_PAUSE
    assert victim.mesh.ipv6 == CAROL.ipv6
    named = [record.event.kept_by for record in victim.records if isinstance(record.event, AddressCollisionResolved)]
    assert len(named) == len(moved)
    assert CAROL.key not in named


def test_row_27_two_that_moved_to_one_address_while_they_were_apart_end_on_two() -> None:
    """Neither knew of the other: both took the same free address, and have held it for long when they meet."""
    bob, carol = settled(BOB), settled(CAROL)
    shared = next(a for a in (BOB.ipv4_with(n) for n in range(1, 256)) if a in addresses_of(CAROL) and a != ADDRESS)
    of_bob, of_carol = (addresses_of(who).index(shared) for who in (BOB, CAROL))
    bob = bob.given(MeshAddressChanged(of_bob, shared, ADDRESS), at="2 min")
    carol = carol.given(MeshAddressChanged(of_carol, shared, ADDRESS), at="3 min")
    bob = bob.when(CAROL.replies(BOB, CAROL.record(change=3, nonce=of_carol)), at="10 min").until("1 h")
    carol = carol.when(BOB.replies(CAROL, BOB.record(change=3, nonce=of_bob)), at="10 min")
    assert carol.mesh.ipv4 == shared
    carol = carol.until("10 min 10 s")
    assert bob.mesh.ipv4 == shared
    assert carol.mesh.ipv4 not in (shared, ADDRESS)
    assert [type(event) for event in carol.events] == [AddressCollisionResolved, MeshAddressChanged]
    seen = bob.when(CAROL.replies(BOB, CAROL.record(change=4, nonce=carol.mesh.nonce)))
    assert AddressCollisionResolved(shared, BOB.key, CAROL.key) in seen.events
    assert carol.until("3 h").mesh.nonce == carol.mesh.nonce


def addresses_of(who: Member) -> list[str]:
    return [who.ipv4_with(nonce) for nonce in range(256)]


def holder(number: int, address: str) -> PeerDiscovered:
    """Somebody with a key below everybody's that has this address."""
    key = bytes(28) + number.to_bytes(4)
    ipv6 = f"fd00::{number:x}"
    return replace(BOB.discovered(), identity=key, public_key=key, ipv4=address, ipv6=ipv6, signed=b"of " + key)


def test_a_nonce_never_falls() -> None:
    carol = given(*CAROL.joined(), MeshAddressChanged(5, ADDRESS, CAROL.ipv4))
    carol = carol.when(BOB.replies(CAROL), at="1 s")
    assert carol.mesh.nonce > 5


def test_a_restart_makes_no_newcomer() -> None:
    story = settled(BOB).when(BOB.start(boot=2), at="1 min").when(CAROL.replies(BOB), at="1 min 1 s")
    assert story.mesh.ipv4 == ADDRESS


def test_a_conflict_is_settled_after_a_restart_when_it_would_have_been_without() -> None:
    carol = settled(CAROL).when(BOB.replies(CAROL), at="1 min").when(CAROL.start(boot=2), at="1 min 5 s")
    assert settles_at(carol.mesh) == carol.now + 5 * SECOND
    assert carol.until("1 min 10 s").mesh.ipv4 == CAROL.ipv4_with(1)


def test_who_moved_stays_there_after_a_restart_and_when_the_other_leaves() -> None:
    carol = settled(CAROL).when(BOB.replies(CAROL), at="1 min").until("2 min")
    assert fold(carol.records).ipv4 == CAROL.ipv4_with(1)
    gone = PeerLeft(BOB.key, BOB.record(change=9).incarnation, BOB.signed(BOB.record(change=9, left=True)))
    again = carol.given(gone).when(CAROL.start(boot=2), at="3 min").until("1 h")
    assert (again.mesh.nonce, again.mesh.ipv4) == (1, CAROL.ipv4_with(1))


def test_of_several_lower_keys_the_conflict_with_the_first_counts() -> None:
    story = settled(DAVE).when(CAROL.replies(DAVE), at="1 min").when(BOB.replies(DAVE), at="1 min 8 s")
    assert settles_at(story.mesh) == 70 * SECOND
    story = story.when(Due("settle"), at="1 min 10 s")
    assert story.events[0] == AddressCollisionResolved(ADDRESS, BOB.key, DAVE.key)


def test_who_is_gone_claims_nothing() -> None:
    for gone in (
        PeerExpired(BOB.key, 1),
        PeerLeft(BOB.key, BOB.record(change=9).incarnation, b"goodbye"),
    ):
        story = settled(CAROL).when(BOB.replies(CAROL), at="1 min").given(gone)
        assert story.until("1 h").mesh.ipv4 == ADDRESS


def test_the_outcome_is_told_on_the_node_that_kept_the_address() -> None:
    bob = settled(BOB).when(CAROL.replies(BOB), at="1 min")
    bob = bob.when(CAROL.replies(BOB, CAROL.record(change=3, nonce=1)), at="1 min 10 s")
    assert [type(event) for event in bob.events] == [PeerUpdated, AddressCollisionResolved]
    assert bob.events[1] == AddressCollisionResolved(ADDRESS, BOB.key, CAROL.key)
    assert bob.recent[1].because == (bob.recent[0].sequence,)


def test_the_outcome_is_told_on_a_third_node_that_sees_it() -> None:
    alice = replace_mesh(ALICE)
    story = settled(alice).when(BOB.replies(alice), at="1 min").when(CAROL.replies(alice), at="1 min")
    story = story.when(CAROL.replies(alice, CAROL.record(change=3, nonce=1)), at="1 min 10 s")
    assert story.events[-1] == AddressCollisionResolved(ADDRESS, BOB.key, CAROL.key)


def replace_mesh(who: Member) -> Member:
    return Member(who.name, who.identity, who.ip, NARROW)


def test_a_move_away_from_an_address_that_nobody_else_has_settles_nothing() -> None:
    alice = replace_mesh(ALICE)
    story = settled(alice).when(CAROL.replies(alice), at="1 min")
    story = story.when(CAROL.replies(alice, CAROL.record(change=3, nonce=1)), at="1 min 10 s")
    assert [type(event) for event in story.events] == [PeerUpdated]


def test_a_newcomer_that_gave_way_before_we_met_it_is_told_of_all_the_same() -> None:
    bob = settled(BOB)
    gave_way = AddressCollisionResolved(BOB.ipv4, BOB.key, CAROL.key)
    newcomer = bob.when(CAROL.replies(BOB, CAROL.record(change=3, nonce=1)), at="1 min")
    assert gave_way in newcomer.events
    forgotten = bob.given(CAROL.discovered(), PeerExpired(CAROL.key, 1))
    back = forgotten.when(CAROL.replies(BOB, CAROL.record(change=3, nonce=1)), at="1 min")
    assert gave_way in back.events


def test_who_moved_for_somebody_we_never_met_or_has_no_address_settles_nothing() -> None:
    bob = settled(BOB)
    other = next(who for who in CROWD if who.ipv4 != ADDRESS)
    unrelated = bob.when(other.replies(BOB, other.record(change=3, nonce=1)), at="1 min")
    without = bob.given(CAROL.discovered(CAROL.record(nonce=255, capabilities=NO_IPV4)))
    has_one = without.when(CAROL.replies(BOB, CAROL.record(change=3, nonce=1)), at="1 min")
    left = bob.given(CAROL.discovered()).when(CAROL.replies(BOB, CAROL.record(change=3, left=True)), at="1 min")
    for story in (unrelated, has_one, left):
        assert AddressCollisionResolved not in [type(event) for event in story.events]


def claimed(addresses: Iterable[str]) -> list[PeerDiscovered]:
    """Other peers that have these addresses."""
    one = BOB.discovered()
    return [
        replace(
            one, identity=b"i%31d" % n, public_key=b"p%31d" % n, ipv4=address, ipv6=f"fd00::{n:x}", signed=b"%d" % n
        )
        for n, address in enumerate(addresses)
    ]


@pytest.mark.parametrize("taken", [1, 2, 5])
def test_an_address_that_somebody_has_is_passed_over(taken: int) -> None:
    carol = settled(CAROL).given(*claimed(CAROL.ipv4_with(nonce) for nonce in range(1, taken + 1)))
    carol = carol.when(BOB.replies(CAROL), at="1 min").until("2 min")
    free = next(n for n in range(1, 256) if CAROL.ipv4_with(n) not in [p.ipv4 for p in carol.mesh.peers.values()])
    assert (carol.mesh.nonce, carol.mesh.ipv4) == (free, CAROL.ipv4_with(free))
    assert free > taken


def test_even_who_is_gone_keeps_others_off_its_address() -> None:
    carol = settled(CAROL).given(*claimed([CAROL.ipv4_with(1)]))
    carol = carol.given(PeerExpired(b"i%31d" % 0, 1)).when(BOB.replies(CAROL), at="1 min").until("2 min")
    assert carol.mesh.ipv4 != CAROL.ipv4_with(1)


def test_out_of_nonces_there_is_no_ipv4_address_and_ipv6_stays() -> None:
    everything = [f"10.9.0.{host}" for host in range(1, 15) if f"10.9.0.{host}" != ADDRESS]
    carol = settled(CAROL).given(*claimed(everything)).when(BOB.replies(CAROL), at="1 min").until("2 min")
    assert (carol.mesh.nonce, carol.mesh.ipv4, carol.mesh.ipv6) == (LAST_NONCE, "", CAROL.ipv6)
    assert MeshAddressChanged(LAST_NONCE, "", ADDRESS) in [record.event for record in carol.records]
    after = carol.until("1 h")
    assert (after.mesh.ipv4, settles_at(after.mesh)) == ("", None)


@settings(max_examples=30)
@examples(st.permutations(CROWD).map(lambda crowd: crowd[:16]), st.booleans())
def test_a_chain_of_conflicts_ends_with_an_address_that_nobody_claims_or_with_none(
    crowd: list[Member], newcomer: bool
) -> None:
    us, *others = crowd
    story = given(*us.joined()) if newcomer else settled(us)
    for other in others:
        story = story.when(other.replies(us))
    while (time := settles_at(story.mesh)) is not None:
        story = story.when(Due("settle"), at=f"{time} ms")
    claims = [peer.ipv4 for peer in story.mesh.peers.values()]
    lower = [peer.ipv4 for peer in story.mesh.peers.values() if peer.public_key < us.public_key]
    assert story.mesh.ipv4 not in lower
    assert story.mesh.ipv4 == us.ipv4_with(story.mesh.nonce) or story.mesh.ipv4 == ""
    # The settled, and a newcomer that has given way often enough, leave it to higher keys to move.
    assert story.mesh.ipv4 not in claims or story.mesh.nonce == 0 or story.mesh.nonce >= NEWCOMER_MOVES
