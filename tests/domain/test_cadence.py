from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.playbook import Playbook, due_tasks, given, next_wakeup, span
from tests.relayed import alice, sampled
from wgmesh.domain import cadence
from wgmesh.domain.cadence import BRISK_PAUSE, BUSY_PAUSE, CALM_PAUSE, EAGER_PAUSE, EPOCH, LONELY_PAUSE, TASKS
from wgmesh.domain.device import Traffic
from wgmesh.domain.draft import State
from wgmesh.domain.effects import Sample
from wgmesh.domain.events import PeerConnected, PeerExpired
from wgmesh.domain.inputs import Due, Input, Leave, Networked, Sampled
from wgmesh.domain.values import HOUR, MINUTE, SECOND, Endpoint

ALICE_STARTS = given().when(ALICE.start()).when(Networked((ALICE.interface,)))


def looks(story: Playbook, at: str) -> list[int]:
    """When (ms) she looks at WireGuard until then."""
    times = []
    while (due := next_wakeup(story.state)) is not None and due <= span(at):
        story = story.until(f"{due} ms")
        times += [due] if Sample() in story.effects else []
    return times


def pauses(times: list[int]) -> list[int]:
    return [later - earlier for earlier, later in zip([0, *times], times, strict=False)]


def test_nothing_is_due_before_the_start() -> None:
    assert next_wakeup(State()) is None
    assert due_tasks(State(), 10 * HOUR) == ()


def test_a_start_looks_at_the_device_and_thinks_of_who_to_forget() -> None:
    assert due_tasks(ALICE_STARTS.state, 0) == ("sample", "forget")


def test_who_has_nobody_to_hear_looks_every_half_minute() -> None:
    assert looks(ALICE_STARTS, "2 min") == [0, *range(LONELY_PAUSE, 2 * MINUTE + 1, LONELY_PAUSE)]


def test_after_a_peer_changed_it_looks_four_times_a_second_for_five_seconds_and_then_every_ten() -> None:
    met = ALICE_STARTS.until("1 min").when(BOB.says_hello(ALICE))
    times = looks(met.given(PeerConnected(BOB.key, BOB.wireguard)), "2 min")
    brisk = list(range(span("1 min"), span("1 min 7 s") + 1, BRISK_PAUSE))
    assert times == [*brisk[1:], *range(brisk[-1] + CALM_PAUSE, span("2 min"), CALM_PAUSE)]


def test_while_somebody_is_still_to_be_reached_it_looks_every_five_seconds() -> None:
    met = given(*ALICE.joined(), BOB.discovered()).given(at="1 h").when(ALICE.start(2)).until("1 h 30 s")
    assert pauses(looks(met, "1 h 1 min"))[1:] == [EAGER_PAUSE] * 5


def test_when_everybody_is_gone_it_is_lonely_again() -> None:
    gone = ALICE_STARTS.given(BOB.discovered(), PeerExpired(BOB.key, 1)).until("1 min")
    assert pauses(looks(gone, "3 min"))[1:] == [LONELY_PAUSE] * 3


def test_while_somebody_uses_a_way_that_could_be_relayed_it_looks_every_second() -> None:
    far = alice(CAROL).given(PeerConnected(BOB.key, Endpoint("203.0.113.7", 7)))
    quiet = far.when(used(500), at="1 s").when(Due("sample"), at="2 s")
    assert quiet.state.session.sample_due == span("12 s")
    story, times = quiet.when(used(5000), at="2.1 s"), list[int]()
    while (due := story.state.session.sample_due) is not None and due < span("60 s"):
        story, times = story.when(Due("sample"), at=f"{due} ms"), [*times, due]
    assert pauses([span("2.1 s"), *times])[1:] == [BUSY_PAUSE] * 30 + [CALM_PAUSE] * 2


def used(sent: int) -> Sampled:
    """So many bytes went to Bob and came from him."""
    return sampled(None, received_age=None, direct=Traffic(BOB.public_key, True, 0, 0, sent, sent))


def test_a_steady_stream_of_news_does_not_put_off_the_look_at_wireguard() -> None:
    story, seen = ALICE_STARTS.until("10 s"), 0
    for change in range(3, 43):
        story = story.until(f"{10_000 + 50 * change} ms")
        seen += story.effects.count(Sample())
        story = story.when(BOB.replies(ALICE, BOB.record(change=change)))
    assert seen >= 6


def test_a_container_makes_nobody_look_and_a_move_does() -> None:
    met = ALICE_STARTS.given(BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard)).until("1 min")
    docker = met.when(Networked((ALICE.interface,), ("172.17.0.0/16",), ("172.17.0.0/16",)))
    assert docker.events
    assert docker.state.session.brisk_until == met.state.session.brisk_until
    moved = met.when(Networked((BOB.interface,)))
    assert moved.state.session.brisk_until > met.state.session.brisk_until


def test_when_the_endpoint_of_a_peer_takes_turns_the_node_wakes_up_for_it() -> None:
    story = ALICE_STARTS.until("1 min").when(BOB.says_hello(ALICE), at="1 min")
    assert story.state.session.turn_due == span("1 min 2 s")
    took = story.until("1 min 1.999 s").when(Due("turn"), at="1 min 2 s").then(Sample())
    assert took.state.session.turn_due == span("1 min 8 s")
    assert took.state.session.brisk_until == span("1 min 7 s")


def test_of_several_peers_the_next_turn_is_the_earliest() -> None:
    story = ALICE_STARTS.when(BOB.says_hello(ALICE), at="1 min").when(CAROL.says_hello(ALICE), at="1 min 1 s")
    assert cadence.next_turn(story.state, story.now) == span("1 min 2 s")
    assert cadence.next_turn(story.state, span("1 min 2 s")) == span("1 min 3 s")


def test_where_nobody_takes_turns_none_is_due() -> None:
    story = ALICE_STARTS.when(BOB.says_hello(ALICE), at="1 min").given(PeerConnected(BOB.key, BOB.wireguard))
    assert cadence.next_turn(story.state, story.now) is None
    assert cadence.next_turn(ALICE_STARTS.state, 0) is None


def test_the_roll_is_called_hourly_and_forgetting_thought_of_every_ten_minutes() -> None:
    ran = ALICE_STARTS.until("10 h 1 s").state.session
    assert ran.roll_call_due == span("11 h")
    assert ran.forget_due == span("10 h 10 min")
    assert span("10 min") == EPOCH


def test_several_tasks_that_are_due_run_in_the_order_of_the_table() -> None:
    due = due_tasks(ALICE_STARTS.state, HOUR)
    assert due == tuple(task for task in TASKS if task in due) == ("announce", "sample", "roll-call", "forget")


HAPPENINGS: list[Input] = [
    *(who.says_hello(ALICE, number=number) for who in (BOB, CAROL, DAVE) for number in (1, 2)),
    *(who.replies(ALICE, who.record(change=3)) for who in (BOB, CAROL)),
    *(who.announces(agrees=agrees) for who in (BOB, DAVE) for agrees in (True, False)),
    *(who.confirms(ALICE) for who in (BOB, CAROL)),
    BOB.announces(BOB.record(change=9, left=True)),
    Networked(()),
    Networked((ALICE.interface, BOB.interface)),
    Leave(),
]


@settings(max_examples=60)
@examples(st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 20 * SECOND)), max_size=12))
def test_no_task_is_due_again_at_the_moment_at_which_it_ran(happenings: list[tuple[Input, int]]) -> None:
    story = ALICE_STARTS.until("0 s")
    for happening, pause in happenings:
        story = story.until(f"{story.now + pause} ms").when(happening)
        for task in due_tasks(story.state, story.now):
            story = story.when(Due(task))
        wakeup = next_wakeup(story.state)
        assert wakeup is None or wakeup > story.now
