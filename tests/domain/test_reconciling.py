from tests.cast import ALICE, BOB
from tests.playbook import given
from wgmesh.domain.effects import SendDigest
from wgmesh.domain.events import PeerConnected
from wgmesh.domain.gossip_messages import Digest
from wgmesh.domain.inputs import Whispered

ALICE_KNOWS_BOB = given(*ALICE.joined()).given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))


def test_who_asks_is_told_what_we_hold() -> None:
    asked = Whispered(BOB.key, Digest(bytes(8), 2, True), 0)
    ALICE_KNOWS_BOB.when(asked, at="1 s").then(SendDigest(BOB.key, asks=False))
    ALICE_KNOWS_BOB.when(Whispered(BOB.key, Digest(bytes(8), 2, False), 0), at="1 s").then()
