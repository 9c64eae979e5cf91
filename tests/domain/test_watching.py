"""Alice on a ring with Bob, Carol, Dave and Erin: whom she watches, what she takes for a sign, and when she asks."""

import pytest

from tests.cast import ALICE, EVERYBODY, Member
from tests.playbook import Playbook, given, resting, span
from tests.rings import OTHERS, answers, before, lives_on, probed, ring, sampled, says
from wgmesh.domain.effects import Nudge, Sample, SendGossip
from wgmesh.domain.events import (
    ClockStepped,
    LayerResumed,
    LayerSuspended,
    NodeSuspended,
    PeerConnected,
    PeerDisconnected,
    PeerExpired,
    PeersSighted,
)
from wgmesh.domain.gossip_messages import Answer, Ask, GossipMessage, Probe, Silence, Vouch
from wgmesh.domain.inputs import Due, Echoed, Resumed, Suspended, Told, Woke
from wgmesh.domain.strain import AFTER_SLEEP, LATE
from wgmesh.domain.watch import HEARS_NOBODY, Ward, Watch

FIRST = before(ALICE)
REST = tuple(each for each in OTHERS if each != FIRST)
SECOND = before(ALICE, REST)
ALL = ring(*OTHERS)


def held(story: Playbook) -> Watch:
    return story.state.session.watch


def wards(story: Playbook) -> list[bytes]:
    return list(held(story).wards)


def ward(story: Playbook) -> Ward:
    """The nearest one that she watches."""
    return next(iter(held(story).wards.values()))


def test_everybody_watches_the_one_before_it_on_the_ring_of_identities() -> None:
    around = sorted(EVERYBODY, key=lambda each: each.key)
    place = around.index(ALICE)
    assert wards(ALL) == [around[place - 1].key]
    for alone in OTHERS:
        assert wards(ring(alone)) == [alone.key]


def test_without_gossip_or_without_a_connection_nobody_is_watched() -> None:
    silent = given().when(ALICE.start()).given(*(each.discovered() for each in OTHERS))
    assert wards(silent.when(Resumed("gossip"))) == []
    assert wards(silent.when(sampled(*OTHERS))) == []
    assert wards(silent.when(Suspended("gossip", "port taken")).when(sampled(*OTHERS))) == []
    off = ALL.when(Suspended("gossip", "port taken"))
    assert wards(off) == []
    off.when(Due("watch"), at="1 h").then()


@pytest.mark.parametrize("message", [None, Answer(1), Vouch(ALICE.key, 1), Silence(ALICE.key, (1, 1))], ids=str)
def test_whatever_it_says_pays_what_it_owes(message: GossipMessage | None) -> None:
    paid = ALL.when(says(FIRST, message) if message else says(FIRST), at="7 s").then()
    assert ward(paid).owed >= span("7 s") + 7500
    assert ward(paid).sign == span("7 s")
    assert ward(ALL.when(says(SECOND), at="7 s")).sign == 0


def test_records_that_came_through_its_tunnel_are_a_sign_and_those_that_did_not_are_none() -> None:
    assert ward(ALL.when(Told("gossip", FIRST.lan, (), FIRST.key), at="7 s")).sign == span("7 s")
    assert ward(ALL.when(Told("exchange", FIRST.lan, ()), at="7 s")).sign == 0


def test_while_signs_come_nobody_is_asked_and_no_timer_rings() -> None:
    story = ALL
    for n in range(1, 11):
        story = story.when(says(FIRST), at=f"{6 * n} s")
        assert ward(story).owed == span(f"{6 * n} s") + 7500
        story.when(Due("watch")).then()


def test_a_probe_is_answered_with_its_number() -> None:
    ALL.when(says(SECOND, Probe(77)), at="1 s").then(SendGossip(SECOND.key, Answer(77)))


def test_who_is_asked_about_another_asks_it() -> None:
    assert list(probed(ALL.when(says(SECOND, Ask(FIRST.key, 5))).effects)) == [FIRST.key]


def test_who_is_heard_though_it_is_not_connected_is_looked_at_in_wireguard() -> None:
    gone = ALL.when(sampled(*OTHERS, ages={FIRST: 200_000}), at="4 min")
    assert gone.events == (PeerDisconnected(FIRST.key, 200_000),)
    gone.when(says(FIRST), at="4 min 249 ms").then()
    gone.when(says(FIRST), at="4 min 250 ms").then(Sample())


def test_who_left_or_was_never_known_gives_no_sign() -> None:
    stranger = Member("mallory", ALICE.identity, "192.168.1.99")
    ALL.when(says(stranger), at="1 s").then()
    ALL.given(PeerExpired(FIRST.key, 1)).when(says(FIRST), at="1 s").then()
    assert held(ALL.when(says(stranger), at="1 s")).heard == 0


def test_a_silent_watcher_passes_its_watch_on_at_once() -> None:
    """Who was before the silent one is asked for a sign at once: nobody else did."""
    silent = ALL.when(sampled(*OTHERS, ages={FIRST: 200_000}), at="4 min")
    assert (wards(silent), ward(silent).owed) == ([SECOND.key], span("4 min"))
    asked = silent.when(Due("watch"))
    assert list(probed(asked.effects)) == [SECOND.key]
    assert ward(answers(asked, SECOND)).owed == span("4 min") + 7500


def test_a_newcomer_between_has_its_time() -> None:
    story = ring(*REST).given(FIRST.discovered()).when(sampled(*OTHERS), at="1 min")
    assert (wards(story), ward(story).owed) == ([FIRST.key], span("1 min") + 7500)


def test_who_is_left_alone_watches_nobody() -> None:
    alone = ring(FIRST).when(sampled(FIRST, ages={FIRST: 200_000}), at="4 min")
    assert wards(alone) == []


def test_a_watch_that_was_settled_in_the_same_turn_asks_nobody() -> None:
    story = ALL.when(says(FIRST), at="7.5 s")
    story.when(Due("watch")).then()


def test_a_node_whose_timer_is_late_doubts_itself_first() -> None:
    late = ALL.when(Due("watch"), at=f"{7500 + LATE + 1} ms").then()
    assert held(late).strain == 1
    assert ward(late).owed == 7500 + LATE + 1 + 2 * 7500
    assert list(probed(ALL.when(Due("watch"), at=f"{7500 + LATE} ms").effects)) == [FIRST.key]


def test_a_node_that_was_not_there_while_it_waited_for_answers_asks_anew() -> None:
    asked = ALL.when(Due("watch"), at="7.5 s")
    late = asked.when(Due("watch"), at="20 s")
    assert list(probed(late.effects)) == [FIRST.key]
    doubt = held(late).doubts[FIRST.key]
    assert (doubt.began, doubt.due, doubt.sign) == (span("20 s"), span("20 s") + 2 * 500, 0)


def test_strain_goes_with_every_sign_that_came_without_asking() -> None:
    story = ALL.when(Due("watch"), at="8 s")
    story = story.when(says(SECOND), at="9 s")
    assert held(story).strain == 1
    assert held(story.when(says(FIRST), at="9 s")).strain == 0


def test_who_hears_that_it_is_called_silent_doubts_itself() -> None:
    story = ALL.when(says(SECOND, Silence(ALICE.key, (1, 1))), at="1 s").then()
    assert held(story).strain == 1


def test_row_18_hearsay_calls_nobody_silent() -> None:
    """A member says it of everybody, over and over: everybody answers, and nothing is written."""
    story = ALL
    for second in range(1, 60, 10):
        for each in REST:
            story = story.when(says(SECOND, Silence(each.key, (1, 2))), at=f"{second} s")
            if each.key in probed(story.effects):
                story = answers(story, each)
            assert story.events == ()


@pytest.mark.parametrize("who", [ALICE.key, b"s" * 32], ids=["ourselves", "a stranger"])
def test_word_of_who_is_no_connected_peer_is_not_passed_on(who: bytes) -> None:
    ALL.when(says(SECOND, Silence(who, (9, 9)))).then()


def test_word_of_the_silent_and_of_a_former_life_is_not_passed_on() -> None:
    ALL.when(says(SECOND, Silence(FIRST.key, (1, 1)))).then()
    gone = ALL.when(sampled(*OTHERS, ages={FIRST: 200_000}), at="4 min")
    gone.when(says(SECOND, Silence(FIRST.key, (1, 2)))).then()


def test_who_is_vouched_for_is_asked_again_when_its_next_sign_is_due() -> None:
    asked = ALL.when(Due("watch"), at="7.5 s")
    vouched = asked.when(says(SECOND, Vouch(FIRST.key, held(asked).doubts[FIRST.key].number)), at="9 s")
    assert (ward(vouched).owed, held(vouched).strain) == (span("9 s") + 2 * 7500, 1)


def test_who_vouches_for_one_that_another_watches_ends_our_doubt_of_it_too() -> None:
    asked = ALL.when(says(SECOND, Silence(REST[0].key, (1, 2))), at="1 s")
    number = held(asked).doubts[REST[0].key].number
    vouched = asked.when(says(SECOND, Vouch(REST[0].key, number)))
    assert REST[0].key not in held(vouched).doubts
    assert ward(vouched).owed == 7500


def test_who_hears_somebody_again_says_so() -> None:
    cut = ALL.given(LayerSuspended("gossip", HEARS_NOBODY)).when(says(SECOND), at="1 min")
    cut.then(resting(LayerResumed("gossip"), on=LayerSuspended), cause="gossip")


def test_an_echo_is_a_sign_of_whom_we_asked_for_it() -> None:
    asked = ALL.when(Due("watch"), at="7.5 s").when(says(SECOND, Silence(REST[0].key, (1, 2))))
    assert list(held(asked.when(Echoed(FIRST.ipv6))).doubts) == [REST[0].key]


def test_an_echo_that_nobody_waits_for_changes_nothing() -> None:
    assert held(ALL.when(Echoed(FIRST.ipv6), at="7 s").then()) == held(ALL)


def test_row_16_a_wall_clock_that_was_set_is_answered_by_asking_and_calls_nobody_silent() -> None:
    for step in ("-1 h", f"{10 * 365} d"):
        stepped = ALL.when(says(SECOND), at="1 s", clock_set=step)
        assert stepped.events == (ClockStepped(span(step)),)
        assert list(probed(stepped.effects)) == [FIRST.key]
        assert ward(answers(stepped, FIRST)).owed == span("1 s") + 7500
        assert stepped.state.session.nudges


def test_a_clock_that_is_set_while_nobody_is_watched_asks_nobody() -> None:
    alone = given().when(ALICE.start())
    alone.when(Due("watch"), at="1 s", clock_set="1 h").then(ClockStepped(span("1 h")))


def test_row_17_after_eight_hours_of_sleep_nobody_is_called_silent_and_all_are_spoken_to() -> None:
    woken = ALL.when(Woke(span("8 h")), at="8 h")
    assert woken.events == (NodeSuspended(span("8 h")),)
    assert held(woken).strain == AFTER_SLEEP
    assert ward(woken).owed == span("8 h") + 3 * 7500
    deaf = sampled(*OTHERS, ages={each: span("8 h") for each in OTHERS})
    soon = lives_on(woken, "8 h 10 s", deaf)
    assert not [each for each in soon.events if not isinstance(each, PeersSighted)]
    assert {each.address for each in soon.effects if isinstance(each, Nudge)} == {each.ipv6 for each in OTHERS}
    assert all(soon.mesh.peers[each.key].connected for each in OTHERS)


def test_a_peer_that_fell_silent_is_connected_by_its_next_sign_and_not_by_its_last() -> None:
    story = ALL
    for at in ("7.5 s", "8 s"):
        story = story.when(Due("watch"), at=at)
    story = story.when(sampled(*OTHERS)).when(says(SECOND))
    for at in ("8.5 s", "9.5 s", "10.5 s"):
        story = story.when(Due("watch"), at=at)
    story = story.when(sampled(*OTHERS, ages={FIRST: 8_500}))
    assert story.events == (PeerDisconnected(FIRST.key, span("10.5 s")),)
    still = story.when(sampled(*OTHERS, ages={FIRST: 9_000}), at="11 s").then()
    assert still.when(sampled(*OTHERS), at="12 s").events == (PeerConnected(FIRST.key, FIRST.wireguard),)
