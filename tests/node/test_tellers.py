from tests.cast import ALICE, BOB, CAROL
from tests.playbook import given
from wgmesh.domain.events import PeerExpired
from wgmesh.domain.values import SECOND
from wgmesh.node.tellers import WORDS_A_SECOND, WORDS_AT_ONCE, Tellers

STORY = given(*ALICE.joined()).given(BOB.discovered(), CAROL.discovered())


def test_a_mesh_address_names_its_peer_over_either_family() -> None:
    tellers = Tellers()
    assert tellers.find(STORY.mesh, BOB.ipv6) == BOB.key
    assert tellers.find(STORY.mesh, BOB.ipv4) == BOB.key
    assert tellers.find(STORY.mesh, ALICE.ipv6) is None
    assert tellers.find(STORY.mesh, BOB.ip) is None


def test_who_is_no_longer_there_has_no_voice() -> None:
    tellers = Tellers()
    assert tellers.find(STORY.mesh, BOB.ipv6) == BOB.key
    gone = STORY.given(PeerExpired(BOB.key, 1)).mesh
    assert tellers.find(gone, BOB.ipv6) is None
    assert tellers.find(gone, BOB.ipv4) is None
    assert tellers.find(gone, CAROL.ipv6) == CAROL.key


def words(tellers: Tellers, who: bytes, now: int) -> int:
    """How many of a hundred at this moment are heard."""
    return sum(tellers.may_speak(who, now) for _ in range(100))


def test_row_32_each_member_has_its_own_budget_that_fills_with_time() -> None:
    tellers = Tellers()
    assert words(tellers, BOB.key, 0) == WORDS_AT_ONCE
    assert words(tellers, CAROL.key, 0) == WORDS_AT_ONCE
    assert words(tellers, BOB.key, SECOND) == WORDS_A_SECOND
    assert words(tellers, BOB.key, SECOND + SECOND // 2) == WORDS_A_SECOND // 2
    assert words(tellers, BOB.key, 100 * SECOND) == WORDS_AT_ONCE


def test_a_change_of_peers_refills_nobodys_budget() -> None:
    tellers = Tellers()
    tellers.find(STORY.mesh, BOB.ipv6)
    words(tellers, BOB.key, 0)
    words(tellers, CAROL.key, 0)
    tellers.find(STORY.given(PeerExpired(CAROL.key, 1)).mesh, BOB.ipv6)
    assert words(tellers, BOB.key, 0) == 0
