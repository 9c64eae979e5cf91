from itertools import pairwise

import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.playbook import Playbook, given, next_wakeup, span
from wgmesh.domain.announcing import LONGEST, REDUNDANCY, REPEAT_PAUSE, REPEAT_SPREAD, SHORTEST, SILENCE_CAP
from wgmesh.domain.effects import Announce
from wgmesh.domain.events import InterfacesChanged
from wgmesh.domain.inputs import Due, Leave, Networked
from wgmesh.domain.values import HOUR, MINUTE, SECOND

ALICE_STARTS = given().when(ALICE.start(), at="0 s").when(Networked((ALICE.interface,)))


def announcements(story: Playbook, at: str) -> list[int]:
    """When (ms) she announces herself by her own timer until then."""
    times = []
    while (due := next_wakeup(story.state)) is not None and due <= span(at):
        story = story.until(f"{due} ms")
        times += [due] * story.effects.count(Announce())
    return times


def again(after: int) -> range:
    """When (ms) it is said again what was said then."""
    return range(after + REPEAT_PAUSE - REPEAT_SPREAD + 1, after + REPEAT_PAUSE + 1)


def test_a_node_announces_itself_at_once_and_again_within_a_second() -> None:
    assert Announce() in given().when(ALICE.start()).effects
    [repeated] = announcements(ALICE_STARTS, "1.5 s")
    assert repeated in again(0)


def test_whatever_is_new_about_us_is_said_at_once_and_again_within_a_second() -> None:
    story = ALICE_STARTS.until("10 min")
    story = story.when(Networked((ALICE.interface, replace(BOB.interface, name="eth1"))))
    assert [type(event) for event in story.events] == [InterfacesChanged]
    assert story.effects == (Announce(),)
    [repeated] = announcements(story, "10 min 1 s")
    assert repeated in again(span("10 min"))


def test_then_the_interval_doubles_to_80_s_and_the_moment_is_in_its_second_half() -> None:
    times = announcements(ALICE_STARTS, "1 h")[1:]
    began, interval = SHORTEST, 2 * SHORTEST
    for time in times:
        assert began + interval // 2 <= time < began + interval
        began, interval = began + interval, min(2 * interval, LONGEST)


NEIGHBOURS = ALICE_STARTS.given(BOB.discovered(), CAROL.discovered(), DAVE.discovered()).until("5 min")


def test_where_three_say_the_same_a_fourth_stays_silent_but_not_for_more_than_ten_minutes() -> None:
    story, times = NEIGHBOURS, list[int]()
    while story.now < span("35 min"):
        for neighbour in (BOB, CAROL, DAVE):
            story = story.when(neighbour.announces(agrees=True))
        later = f"{story.now + 20 * SECOND} ms"
        times += announcements(story, later)
        story = story.until(later)
    assert span("10 min") == SILENCE_CAP
    assert 2 <= len(times) <= 4
    assert max(after - before for before, after in pairwise(times)) <= SILENCE_CAP + LONGEST


@pytest.mark.parametrize(("neighbours", "speaks"), [(2, True), (3, False)])
def test_it_takes_three_who_say_the_same_in_one_interval_to_silence_a_fourth(neighbours: int, speaks: bool) -> None:
    assert REDUNDANCY == 3
    for story in (NEIGHBOURS, ALICE_STARTS):
        for neighbour in (BOB, CAROL, DAVE)[:neighbours]:
            story = story.given(neighbour.discovered()).when(neighbour.announces(agrees=True))
        trickle = story.state.session.trickle
        assert trickle.fires is not None
        assert announcements(story, f"{trickle.fires} ms") == ([trickle.fires] if speaks else [])
        spoken = story.until(f"{trickle.fires} ms").state.session.trickle
        assert (spoken.equals, spoken.spoken == trickle.fires) == (0, speaks)


def test_a_neighbour_that_holds_other_records_makes_the_lan_talk_sooner() -> None:
    disagreed = NEIGHBOURS.when(BOB.announces(agrees=False))
    assert disagreed.state.session.trickle.interval == SHORTEST
    assert announcements(disagreed, f"{disagreed.now + SHORTEST} ms") != []
    again = disagreed.when(BOB.announces(agrees=False), at=f"{disagreed.now + SECOND} ms")
    assert again.state.session.trickle == disagreed.state.session.trickle


def test_what_we_learn_makes_us_talk_sooner() -> None:
    learned = ALICE_STARTS.until("5 min").when(BOB.says_hello(ALICE))
    assert learned.state.session.trickle.interval == SHORTEST
    just_started = ALICE_STARTS.when(BOB.says_hello(ALICE), at="100 ms")
    assert just_started.state.session.trickle == ALICE_STARTS.state.session.trickle


def test_a_node_that_is_alone_says_so_about_once_in_80_seconds() -> None:
    hour = [time for time in announcements(ALICE_STARTS, "65 min") if time > 5 * MINUTE]
    assert HOUR / LONGEST - 1 <= len(hour) <= HOUR / LONGEST + 1


def test_whoever_spoke_in_this_turn_does_not_speak_again() -> None:
    story = ALICE_STARTS.until("5 min")
    fires = story.state.session.trickle.fires
    moved = story.when(Networked((ALICE.interface, replace(BOB.interface, name="eth1"))), at=f"{fires} ms")
    moved.then(*moved.events, Announce())
    moved.when(Due("announce")).then()
    assert moved.when(Due("announce")).state.session.trickle == moved.state.session.trickle


def test_a_node_that_was_asleep_speaks_once_and_not_for_all_the_times_it_missed() -> None:
    asleep = ALICE_STARTS.until("5 min").given(at="8 h")
    assert len(announcements(asleep, "8 h 0.9 s")) == 1


def test_a_node_without_lan_never_announces_itself() -> None:
    off = replace(ALICE.settings, lan=False)
    story = given().when(ALICE.start(settings=off), at="0 s").when(Networked((ALICE.interface,)))
    assert story.effects == ()
    assert announcements(story, "1 h") == []
    assert story.state.session.trickle.fires is None


def test_a_goodbye_is_said_twice_and_not_once_more_by_the_timer_of_changes() -> None:
    story = ALICE_STARTS.until("5 min").when(Leave())
    assert story.effects.count(Announce()) == 2
