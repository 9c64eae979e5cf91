from tests.cast import ALICE, BOB, CAROL
from tests.playbook import given
from wgmesh.domain.events import OwnRecordOutrun
from wgmesh.domain.inputs import Consulted, Told
from wgmesh.domain.peer_record import SignedRecord
from wgmesh.domain.session import Introducer
from wgmesh.domain.values import Incarnation

ALICE_KNOWS_BOB = given(*ALICE.joined()).given(BOB.discovered())


def test_a_record_at_second_hand_makes_a_peer() -> None:
    told = Told("gossip", BOB.lan, (SignedRecord(CAROL.record(), CAROL.signed(CAROL.record())),))
    ALICE_KNOWS_BOB.when(told, at="1 s").then(CAROL.discovered(counter=(0, 0)), cause="gossip")


def test_row_28_what_the_registry_names_counts_as_one_introducers() -> None:
    told = Consulted(1, passed=(SignedRecord(CAROL.record(), CAROL.signed(CAROL.record())),))
    story = ALICE_KNOWS_BOB.when(told, at="1 s")
    assert CAROL.discovered(counter=(0, 0)) in story.events
    assert list(story.state.session.introduced) == [Introducer(source="registry")]


def test_our_own_record_newer_than_we_know_it_makes_us_jump_above_it() -> None:
    newer = ALICE.record(boot=7)
    story = ALICE_KNOWS_BOB.when(Told("exchange", BOB.lan, (SignedRecord(newer, ALICE.signed(newer)),)), at="1 s")
    assert isinstance(story.events[0], OwnRecordOutrun)
    assert story.mesh.incarnation == Incarnation(8, 1)
