"""How far a peer's log reaches is written down once an hour, and only what it says itself."""

from tests.cast import ALICE, BOB
from tests.playbook import given, resting
from wgmesh.domain.events import HeadWitnessed, PeerConnected
from wgmesh.domain.facts import Witness
from wgmesh.domain.gossip_messages import Answer, Digest
from wgmesh.domain.inputs import Whispered
from wgmesh.domain.values import Ground

ALICE_KNOWS_BOB = given(*ALICE.joined()).given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard))
SAME = ALICE_KNOWS_BOB.mesh.digest.to_bytes(8)
HEAD, LATER = bytes(range(16)), bytes(range(16, 32))


def says(through: int, head: bytes) -> Whispered:
    """Bob says that it holds what we hold, and how far its log reaches."""
    return Whispered(BOB.key, Digest(SAME, 2, False, through, head), 0)


def test_a_head_is_written_down_as_it_was_said() -> None:
    story = ALICE_KNOWS_BOB.when(says(812, HEAD), at="1 s").then(HeadWitnessed(BOB.key, 812, HEAD))
    last = story.records[-1]
    assert story.mesh.witnessed == {BOB.key: Witness(812, HEAD, Ground(last.sequence, last.at, last.awake))}


def test_once_an_hour_is_enough() -> None:
    witnessed = ALICE_KNOWS_BOB.when(says(812, HEAD), at="1 s")
    witnessed.when(says(900, LATER), at="59 min").then()
    again = resting(HeadWitnessed(BOB.key, 900, LATER), on=HeadWitnessed)
    witnessed.when(says(900, LATER), at="1 h 1 s").then(again).when(says(901, HEAD), at="1 h 2 s").then()


def test_a_log_that_became_shorter_is_written_down_as_well() -> None:
    witnessed = ALICE_KNOWS_BOB.when(says(812, HEAD), at="1 s")
    witnessed.when(says(5, LATER), at="2 h").then(resting(HeadWitnessed(BOB.key, 5, LATER), on=HeadWitnessed))


def test_most_digests_and_other_messages_tell_no_head() -> None:
    for message in (Digest(SAME, 2, False), Digest(SAME, 2, False, 5, b""), Answer(1)):
        ALICE_KNOWS_BOB.when(Whispered(BOB.key, message, 0), at="1 s").then()
