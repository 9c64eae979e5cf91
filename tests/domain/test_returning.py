"""Bob is reached through Carol, and then WireGuard shakes hands with him directly as well."""

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from tests.cast import BOB, CAROL
from tests.playbook import Playbook, resting, span
from tests.relayed import GATE, alice, relayed, says
from wgmesh.domain import returning
from wgmesh.domain.effects import Effect, SendGossip
from wgmesh.domain.events import PeerConnected, PeerDisconnected, PeerRelayed, PeerUnrelayed
from wgmesh.domain.gossip_messages import Answer, Probe
from wgmesh.domain.inputs import Due, Resumed
from wgmesh.domain.relay_state import Trial

BESIDE = relayed(alice(CAROL), CAROL, at="0 s").given(PeerConnected(BOB.key, BOB.wireguard)).when(Resumed("lan"))


def trial(story: Playbook) -> Trial:
    return story.state.session.relaying.trials[BOB.key]


def numbers(effects: tuple[Effect, ...]) -> list[int]:
    spoken = [each for each in effects if isinstance(each, SendGossip) and each.to == BOB.key]
    return [each.message.number for each in spoken if isinstance(each.message, Probe)]


def second(story: Playbook, at: int, answered: bool) -> Playbook:
    """A second begins: its question, and perhaps the answer."""
    story = story.when(Due("trial"), at=f"{at} s")
    asked, events = numbers(story.effects), story.recent
    if answered and asked:
        story = story.when(says(BOB, Answer(asked[-1])), at=f"{at}.05 s")
        story = Playbook(**{**vars(story), "recent": (*events, *story.recent)})
    return story


def live(story: Playbook, answers: list[bool], begin: int = 1) -> tuple[Playbook, list[tuple[int, bool]]]:
    """Seconds with or without an answer; when traffic moved, and whether to the direct way."""
    moves = []
    for at, answered in enumerate(answers, begin):
        story = second(story, at, answered)
        moves += [(at, isinstance(each.event, PeerUnrelayed)) for each in story.recent if _moves(each.event)]
    return story, moves


def _moves(event: object) -> bool:
    return isinstance(event, PeerUnrelayed | PeerRelayed)


def test_three_answers_in_a_row_and_traffic_goes_directly() -> None:
    story, moves = live(BESIDE, [True, True, True])
    assert moves == [(3, True)]
    assert PeerUnrelayed(BOB.key, CAROL.key, "direct") in story.events
    assert story.mesh.peers[BOB.key].relayed is None


def test_a_missed_answer_begins_the_count_anew() -> None:
    assert live(BESIDE, [True, True, False, True, True])[1] == []
    assert live(BESIDE, [True, True, False, True, True, True])[1] == [(6, True)]


def test_an_answer_to_another_question_or_to_an_old_one_counts_for_nothing() -> None:
    story = BESIDE.when(Due("trial"), at="1 s")
    [number] = numbers(story.effects)
    assert trial(story.when(says(BOB, Answer(number ^ 1)), at="1.1 s")).answered == 0
    once = story.when(says(BOB, Answer(number)), at="1.1 s")
    assert trial(once.when(says(BOB, Answer(number)), at="1.2 s")).answered == 1
    assert story.when(says(CAROL, Answer(number)), at="1.1 s").events == ()


def test_a_direct_way_that_gives_no_sign_is_asked_ever_more_rarely() -> None:
    story, times = BESIDE, 0
    for at in range(1, 600):
        story = story.when(Due("trial"), at=f"{at} s")
        times += len(numbers(story.effects))
    assert times < 25
    assert story.mesh.peers[BOB.key].relayed


def test_a_direct_way_that_was_taken_and_misses_three_signs_is_left_for_the_relay() -> None:
    story, moves = live(BESIDE, [True] * 5 + [False] * 6)
    assert moves == [(3, True), (9, False)]
    assert resting(PeerRelayed(BOB.key, CAROL.key, GATE), on=PeerUnrelayed).event in [it.event for it in story.records]
    assert story.state.session.relaying.falls[BOB.key].times == 1


def test_after_a_fall_it_must_hold_four_times_as_long() -> None:
    fallen, _ = live(BESIDE, [True] * 3 + [False] * 4)
    _, moves = live(fallen, [True] * 20, begin=9)
    assert moves == [(20, True)]
    assert [returning.hold(falls) for falls in (0, 1, 2, 3, 4, 99)] == [3, 12, 48, 192, 600, 600]


def test_where_the_relay_is_gone_another_is_sought() -> None:
    direct, _ = live(BESIDE, [True] * 3)
    lost = direct.given(PeerDisconnected(CAROL.key, 1))
    story, moves = live(lost, [False] * 5, begin=5)
    assert moves == []
    assert list(story.state.session.relaying.broken) == [BOB.key]


def test_who_held_for_three_minutes_is_asked_no_more_and_for_an_hour_is_as_good_as_new() -> None:
    direct, _ = live(BESIDE, [True] * (3 + 180))
    assert trial(direct).taken == span("3.05 s")
    held = direct.when(Due("trial"), at="190 s")
    assert numbers(held.effects) == []
    assert trial(held).due >= returning.FORGIVEN_AFTER
    assert held.when(Due("trial"), at="3700 s").state.session.relaying.trials == {}


def test_a_tunnel_that_fell_silent_is_asked_for_nothing() -> None:
    story = BESIDE.given(PeerDisconnected(BOB.key, 1)).when(Resumed("exchange"), at="2 s")
    assert story.state.session.relaying.trials == {}
    assert returning.next_question(story.state) is None


def questioned(answers: list[bool]) -> tuple[list[tuple[int, bool]], dict[int, bool]]:
    """When traffic moved, and in which seconds the direct way was asked: did it answer?"""
    story, moves, asked = BESIDE, list[tuple[int, bool]](), dict[int, bool]()
    for at, answered in enumerate(answers, 1):
        before = story.state.session.relaying.trials.get(BOB.key)
        story = second(story, at, answered)
        moves += [(at, isinstance(each.event, PeerUnrelayed)) for each in story.recent if _moves(each.event)]
        if before is None or before.due <= at * 1000:
            asked[at] = answered
    return moves, asked


@settings(max_examples=60, deadline=None)
@for_all(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=24))
def test_traffic_never_goes_to_and_fro(spans: list[tuple[bool, int]]) -> None:
    """Whatever the direct way does: before each return it answered four times as often in a row as before the last."""
    moves, asked = questioned([works for works, seconds in spans for _ in range(seconds)])
    returns = [at for at, is_direct in moves if is_direct]
    falls = [at for at, is_direct in moves if not is_direct]
    for number, (fell, back) in enumerate(zip(falls, returns[1:], strict=False), 1):
        assert all([works for at, works in asked.items() if at <= back][-returning.hold(number) :])
        assert back - fell >= returning.hold(number)
    assert all(not any([works for at, works in asked.items() if at < fell][-returning.MISSES :]) for fell in falls)
    assert len(returns) <= 4, "what fell thrice must hold for minutes"
