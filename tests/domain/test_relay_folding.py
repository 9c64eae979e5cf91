from tests.cast import ALICE, BOB, CAROL
from tests.relayed import GATE, alice
from wgmesh.domain.events import PeerRelayed, PeerUnrelayed, RelayClosed, RelayOpened
from wgmesh.domain.facts import Passage, RelayedPair


def test_a_relayed_peer_is_connected_and_remembers_through_whom_it_was() -> None:
    story = alice(CAROL).given(PeerRelayed(BOB.key, CAROL.key, GATE), at="5 s")
    peer, ground = story.mesh.peers[BOB.key], story.mesh.head
    assert (peer.state, peer.connected, peer.relayed) == ("connected", None, Passage(CAROL.key, GATE, ground))
    assert peer.heard_at == ground.at
    over = story.given(PeerUnrelayed(BOB.key, CAROL.key, "silent"), at="9 s")
    after = over.mesh.peers[BOB.key]
    assert (after.state, after.relayed) == ("connecting", None)
    assert after.unrelayed == Passage(CAROL.key, GATE, over.mesh.head)
    again = over.given(PeerRelayed(BOB.key, CAROL.key, GATE)).mesh.peers[BOB.key]
    assert again.unrelayed is None


def test_what_this_node_relays_is_held_by_pair() -> None:
    story = alice(CAROL).given(RelayOpened(BOB.key, CAROL.key, 1, 2, 3, 4))
    assert story.mesh.relaying == {BOB.key + CAROL.key: RelayedPair(BOB.key, CAROL.key, 1, 2, 3, 4, story.mesh.head)}
    assert story.given(RelayClosed(BOB.key, CAROL.key, "idle")).mesh.relaying == {}


def test_the_port_of_the_second_interface_is_that_of_this_node() -> None:
    assert alice().mesh.relay_port == 23456
    assert ALICE.joined()[0].public_key == alice().mesh.public_key
