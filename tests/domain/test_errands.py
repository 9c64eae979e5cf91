"""Alice is asked whether she reaches Carol."""

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.playbook import Playbook, given
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.events import PeerConnected, PeerExpired
from wgmesh.domain.gossip_messages import Answer, Ask, GossipMessage, Probe, Vouch
from wgmesh.domain.inputs import Whispered
from wgmesh.domain.watch import ERRAND_CAP

CONNECTED = given(*ALICE.joined()).given(
    BOB.discovered(),
    CAROL.discovered(),
    DAVE.discovered(),
    *(PeerConnected(who.key, who.wireguard) for who in (BOB, CAROL, DAVE)),
)
ASK = Whispered(BOB.key, Ask(CAROL.key, 7), 0)


def asked(story: Playbook = CONNECTED) -> tuple[Playbook, int]:
    """Bob asks, Carol is probed: under which number?"""
    story = story.when(ASK, at="1 min")
    (probe,) = story.effects
    assert isinstance(probe, SendGossip)
    assert probe.to == CAROL.key
    assert isinstance(probe.message, Probe)
    return story, probe.message.number


def says(message: GossipMessage, who: bytes = CAROL.key) -> Whispered:
    return Whispered(who, message, 0)


def test_we_ask_the_suspect_and_vouch_for_it_when_it_answers() -> None:
    story, number = asked()
    done = story.when(says(Answer(number)), at="1 min 1 s").then(SendGossip(BOB.key, Vouch(CAROL.key, 7)))
    done.when(says(Answer(number)), at="1 min 2 s").then()


def test_silence_is_no_answer_and_neither_is_that_of_another() -> None:
    story, number = asked()
    story.when(says(Answer(number + 1)), at="1 min 1 s").then()
    story.when(says(Answer(number), who=DAVE.key), at="1 min 1 s").then()


def test_who_answers_too_late_is_vouched_for_no_more() -> None:
    story, number = asked()
    story.when(says(Answer(number)), at="1 min 9.999 s").then(SendGossip(BOB.key, Vouch(CAROL.key, 7)))
    story.when(says(Answer(number)), at="1 min 10 s").then()


def test_nobody_is_asked_who_is_not_there() -> None:
    given(*ALICE.joined()).given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard)).when(ASK).then()
    CONNECTED.given(PeerExpired(CAROL.key, 1)).when(ASK).then()
    CONNECTED.when(says(Ask(CAROL.key, 7))).then()


def test_whoever_asks_and_asks_fills_no_memory() -> None:
    story = CONNECTED
    for _ in range(ERRAND_CAP + 5):
        story = story.when(ASK)
    assert len(story.state.session.watch.errands) == ERRAND_CAP
