"""Alice hears that Bob is silent: what she tells whom, and when."""

from tests.cast import BOB, CAROL, DAVE, ERIN
from tests.playbook import Playbook, span
from tests.rings import answers, ring, says
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.gossip_messages import HEARERS, ROUND_PAUSE, ROUNDS, Silence
from wgmesh.domain.inputs import Due
from wgmesh.domain.spreading import DEAF_FOR, next_round

WORD = Silence(BOB.key, (1, 2))
ALL = ring(BOB, CAROL, DAVE, ERIN)


def hearers(story: Playbook) -> list[bytes]:
    return [each.to for each in story.effects if isinstance(each, SendGossip) and each.message == WORD]


def test_word_of_a_silence_is_told_to_three_others_four_times() -> None:
    story = ALL.when(says(CAROL, WORD), at="1 s")
    rounds = [hearers(story)]
    while (due := next_round(story.state)) is not None:
        story = story.when(Due("rumour"), at=f"{due} ms")
        rounds.append(hearers(story))
    assert len(rounds) == ROUNDS
    assert story.now == span("1 s") + (ROUNDS - 1) * ROUND_PAUSE
    for told in rounds:
        assert sorted(told) == sorted(each.key for each in (CAROL, DAVE, ERIN))
    assert HEARERS == 3


def test_a_round_waits_for_its_time() -> None:
    story = ALL.when(says(CAROL, WORD), at="1 s")
    story.when(Due("rumour")).then()


def test_the_same_word_is_passed_on_once_in_half_a_minute() -> None:
    story = ALL.when(says(CAROL, WORD), at="1 s")
    soon = answers(story, BOB)
    assert hearers(soon.when(says(DAVE, WORD), at=f"{span('1 s') + DEAF_FOR - 1} ms")) == []
    assert hearers(soon.when(says(DAVE, WORD), at=f"{span('1 s') + DEAF_FOR} ms")) != []


def test_who_gave_a_sign_is_said_to_be_silent_no_more() -> None:
    story = ALL.when(says(CAROL, WORD), at="1 s").when(says(CAROL, Silence(DAVE.key, (1, 2))))
    assert list(story.state.session.watch.rumours) == [BOB.key, DAVE.key]
    assert list(story.when(says(BOB), at="1 s").state.session.watch.rumours) == [DAVE.key]


def test_who_gave_a_sign_before_anything_was_said_is_not_spoken_of() -> None:
    asked = ALL.when(Due("watch"), at="7.5 s")
    (suspect,) = asked.state.session.watch.doubts
    who = next(each for each in (BOB, CAROL, DAVE, ERIN) if each.key == suspect)
    assert answers(asked, who).state.session.watch.rumours == {}


def test_two_who_are_connected_have_nobody_to_tell() -> None:
    alone = ring(BOB, CAROL).when(says(CAROL, WORD), at="1 s")
    assert hearers(alone) == [CAROL.key]
