from tests.cast import ALICE, BOB
from tests.playbook import Playbook, given
from wgmesh.domain.effects import SendHello, SendPage, SendReply
from wgmesh.domain.events import LayerResumed, PeerBanned, PeerConnected, PeerExpired, PeerLeft
from wgmesh.domain.peer_record import PeerRecord
from wgmesh.domain.values import Incarnation

ALICE_IS_UP = given(*ALICE.joined(), LayerResumed("exchange"))
LAST_RUN = BOB.record(boot=5)
ALICE_MET_BOB = ALICE_IS_UP.given(BOB.discovered(LAST_RUN, counter=(5, 9)), PeerConnected(BOB.key, BOB.wireguard))
BOB_LEFT = ALICE_MET_BOB.given(PeerLeft(BOB.key, Incarnation(5, 3), BOB.signed(BOB.record(5, 3, left=True))))
BOB_IS_FORGOTTEN = ALICE_MET_BOB.given(PeerExpired(BOB.key, 90_000_000))
# Who lost its log while its clock is behind begins below what others remember of it.
RUN_AFTER_THE_LOSS = BOB.record(boot=2)
ASKED = SendHello("exchange", "", BOB.exchange, BOB.key, 2)


def said(story: Playbook) -> list[SendHello | SendReply]:
    return [effect for effect in story.effects if isinstance(effect, SendHello | SendReply)]


def hears(
    story: Playbook, record: PeerRecord = RUN_AFTER_THE_LOSS, number: int = 1, at: str = "1 s", boot: int = 1
) -> Playbook:
    return story.when(BOB.says_hello(ALICE, record, boot=boot, number=number, **BOB.there()), at=at)


def test_who_knows_another_start_of_ours_is_asked_no_more_than_once_in_a_while_either() -> None:
    asked = hears(ALICE_MET_BOB, LAST_RUN, boot=9, number=10)
    assert said(asked) == [SendHello("exchange", "", BOB.exchange, BOB.key, 5)]
    assert said(hears(asked, LAST_RUN, boot=9, number=11, at="2 s")) == []


def test_an_earlier_run_of_one_who_is_gone_is_asked_where_we_know_it_and_no_more_than_once_in_a_while() -> None:
    for gone in (BOB_LEFT, BOB_IS_FORGOTTEN):
        asked = hears(gone)
        assert said(asked) == [ASKED]
        assert said(hears(asked, number=2, at="2 s")) == []
        assert said(hears(asked, number=3, at="21 s")) == [ASKED]


def test_so_is_one_of_whom_only_others_told_us_beside_the_answer_to_what_it_asked() -> None:
    heard_of = ALICE_IS_UP.given(BOB.discovered(LAST_RUN, counter=(0, 0)))
    left = heard_of.given(PeerLeft(BOB.key, Incarnation(5, 3), BOB.signed(BOB.record(5, 3, left=True))))
    asked, answered = said(hears(left))
    assert asked == ASKED
    assert isinstance(answered, SendReply)


def test_an_earlier_run_of_who_is_here_or_kept_out_draws_nothing() -> None:
    assert said(hears(ALICE_MET_BOB)) == []
    assert said(hears(BOB_LEFT.given(PeerBanned(BOB.public_key)))) == []


def test_row_11_a_replay_of_the_last_run_of_who_left_draws_nothing() -> None:
    assert said(hears(BOB_LEFT, BOB.record(5, 3))) == []


def test_the_earlier_run_that_answers_gets_its_own_later_word() -> None:
    answered = hears(BOB_LEFT).when(BOB.replies(ALICE, RUN_AFTER_THE_LOSS, **BOB.there()), at="1.1 s")
    goodbye = BOB.signed(BOB.record(5, 3, left=True))
    assert SendPage("exchange", "", BOB.exchange, (goodbye,)) in answered.effects
