"""Carol is between Alice and Bob: what she hands on, and what she does not."""

from tests.cast import ALICE, BOB, CAROL, DAVE, Member
from tests.playbook import Playbook, given
from wgmesh.domain.effects import SendGossip, SendIntroduction
from wgmesh.domain.events import LayerResumed, PeerBanned, PeerConnected
from wgmesh.domain.gossip_messages import Introduction
from wgmesh.domain.inputs import Introduced, Told
from wgmesh.domain.peer_record import ClaimedEndpoint, SignedRecord
from wgmesh.domain.rendezvous import FAVOURS_AT_ONCE
from wgmesh.domain.values import SECOND, Endpoint

ON = LayerResumed("gossip")


def connected(*peers: Member, us: Member = CAROL) -> Playbook:
    story = given(*us.joined()).given(ON)
    for peer in peers:
        story = story.given(peer.discovered(), PeerConnected(peer.key, peer.wireguard))
    return story


def asks(asker: Member, wanted: Member, of: Member | None = None) -> Introduced:
    """The asker's word, or another's that it has."""
    record = (of or asker).record()
    return Introduced(asker.key, wanted.key, record, (of or asker).signed(record), True, False)


def test_a_members_word_is_handed_on_as_it_is() -> None:
    word = Introduction(BOB.key, ALICE.signed(ALICE.record()), True, False)
    connected(ALICE, BOB).when(asks(ALICE, BOB)).then(SendGossip(BOB.key, word))


def test_nothing_is_handed_on_to_whom_we_do_not_reach_either() -> None:
    connected(ALICE).when(asks(ALICE, BOB)).then()
    connected(ALICE).given(BOB.discovered()).when(asks(ALICE, BOB)).then()
    connected(ALICE, BOB).given(PeerBanned(BOB.public_key)).when(asks(ALICE, BOB)).then()


def test_only_ones_own_word_is_handed_on() -> None:
    connected(ALICE, BOB, DAVE).when(asks(DAVE, BOB, of=ALICE)).then()


def test_favours_to_one_node_are_few() -> None:
    story, handed = connected(ALICE, BOB, DAVE), 0
    for _ in range(2 * FAVOURS_AT_ONCE):
        story = story.when(asks(ALICE, BOB))
        handed += len(story.effects)
    assert handed == FAVOURS_AT_ONCE
    assert story.when(asks(DAVE, BOB)).effects
    assert story.when(asks(ALICE, BOB), at=f"{SECOND} ms").effects


def looks_for_bob(story: Playbook) -> list[SendIntroduction]:
    record = BOB.record(endpoints=(ClaimedEndpoint("lan", "wg", Endpoint("10.77.0.9", 7)),))
    story = story.when(Told("exchange", BOB.exchange, (SignedRecord(record, BOB.signed(record)),)), at="1 s")
    return [effect for effect in story.until("8 s").effects if isinstance(effect, SendIntroduction)]


def test_two_thirds_are_asked_that_can_do_it() -> None:
    old = DAVE.record(capabilities=0)
    alone = given(*ALICE.joined()).given(ON)
    assert looks_for_bob(alone) == []
    third = alone.given(CAROL.discovered(), PeerConnected(CAROL.key, CAROL.wireguard))
    third = third.given(DAVE.discovered(old), PeerConnected(DAVE.key, DAVE.wireguard))
    assert looks_for_bob(third) == [SendIntroduction(CAROL.key, BOB.key, can_probe=False, is_answer=False)]


def test_nobody_can_be_asked_while_nothing_is_said_through_tunnels() -> None:
    deaf = given(*ALICE.joined()).given(LayerResumed("port"), CAROL.discovered())
    assert looks_for_bob(deaf.given(PeerConnected(CAROL.key, CAROL.wireguard))) == []
