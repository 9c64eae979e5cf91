"""Alice watches the one before her on the ring, who says nothing any more from the first second on."""

from tests.cast import ALICE, Member
from tests.playbook import Playbook, resting, span
from tests.rings import OTHERS, before, lives_on, probed, ring, sampled, says
from wgmesh.domain import watch
from wgmesh.domain.device import DeviceSample
from wgmesh.domain.effects import Echo, Sample, SendGossip
from wgmesh.domain.events import LayerSuspended, PeerConnected, PeerDisconnected
from wgmesh.domain.gossip_messages import Answer, Ask, Probe, Silence, Vouch
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Due, Echoed, Sampled
from wgmesh.domain.strain import MOST
from wgmesh.domain.watch import DOUBT_CAP, HEARS_NOBODY

SUSPECT = before(ALICE)
WITNESSES = tuple(each for each in OTHERS if each != SUSPECT)
ALL = ring(*OTHERS).when(says(SUSPECT), at="0 s")
SILENT = PeerDisconnected(SUSPECT.key, span("10.5 s"))


def watched(story: Playbook, at: str) -> Playbook:
    return story.when(Due("watch"), at=at)


def asked(story: Playbook) -> list[bytes]:
    return [each.to for each in story.effects if isinstance(each, SendGossip) and isinstance(each.message, Ask)]


def doubted(story: Playbook = ALL) -> Playbook:
    """Seven and a half seconds without a sign."""
    return watched(story, "7.5 s")


def probed_again(story: Playbook = ALL) -> Playbook:
    """The second probe, and the look at WireGuard that later ones are compared with."""
    return watched(doubted(story), "8 s").when(sampled(*OTHERS))


def others_asked(story: Playbook = ALL) -> Playbook:
    return watched(probed_again(story), "8.5 s")


def echo_asked(story: Playbook = ALL) -> Playbook:
    """Somebody else is heard meanwhile: it is not we who are cut off."""
    return watched(others_asked(story).when(says(WITNESSES[0])), "9.5 s")


def looked(story: Playbook = ALL) -> Playbook:
    return watched(echo_asked(story), "10.5 s").then(Sample())


def doubts(story: Playbook) -> list[bytes]:
    return list(story.state.session.watch.doubts)


def test_what_is_overdue_is_asked_for_twice_within_a_second() -> None:
    watched(ALL, "7.499 s").then()
    story = doubted()
    number = probed(story.effects)[SUSPECT.key]
    story.then(SendGossip(SUSPECT.key, Probe(number)))
    watched(story, "7.999 s").then()
    watched(story, "8 s").then(SendGossip(SUSPECT.key, Probe(number)), Echo(SUSPECT.ipv6), Sample())


def test_then_two_others_are_asked_about_it_and_for_themselves() -> None:
    story = others_asked()
    chosen = asked(story)
    assert len(chosen) == len(set(chosen)) == 2
    assert SUSPECT.key not in chosen
    assert list(probed(story.effects)) == chosen


def test_then_its_kernel_is_asked_for_an_echo_again() -> None:
    echo_asked().then(Echo(SUSPECT.ipv6))


def test_who_answered_nothing_for_ten_seconds_and_a_half_is_silent_and_others_are_told() -> None:
    judged = looked().when(sampled(*OTHERS))
    word = Silence(SUSPECT.key, (1, 2))
    assert judged.events == (SILENT,)
    assert [each.message for each in judged.effects if isinstance(each, SendGossip)] == [word] * 3
    assert doubts(judged) == []
    judged.then(resting(SILENT, on=PeerConnected), *judged.effects, cause="wireguard")


def test_an_answer_ends_the_doubt_at_every_stage() -> None:
    for story in (doubted(), probed_again(), others_asked(), echo_asked(), looked()):
        number = story.state.session.watch.doubts[SUSPECT.key].number
        answered = story.when(says(SUSPECT, Answer(number)))
        assert doubts(answered) == []
        assert answered.events == answered.when(sampled(*OTHERS)).events == ()


def test_a_machine_whose_kernel_answers_for_a_dead_daemon_stays_connected() -> None:
    story = echo_asked().when(Echoed(WITNESSES[0].ipv6), at="9.6 s")
    assert doubts(story) == [SUSPECT.key]
    assert doubts(story.when(Echoed(SUSPECT.ipv6)).then()) == []


def test_bytes_that_wireguard_received_meanwhile_are_a_sign() -> None:
    judged = looked().when(sampled(*OTHERS, rx={SUSPECT: 101})).then()
    assert judged.mesh.peers[SUSPECT.key].connected
    assert doubts(judged) == []


def test_who_is_vouched_for_by_others_is_not_silent_and_it_may_be_us() -> None:
    story = others_asked()
    number = story.state.session.watch.doubts[SUSPECT.key].number
    assert doubts(story.when(says(WITNESSES[0], Vouch(SUSPECT.key, number + 1)))) == [SUSPECT.key]
    vouched = story.when(says(WITNESSES[0], Vouch(SUSPECT.key, number)))
    assert doubts(vouched) == []
    assert vouched.state.session.watch.strain == 1
    assert vouched.state.session.watch.wards[SUSPECT.key].owed == span("8.5 s") + 2 * 7500


def test_who_hears_nobody_at_all_calls_nobody_silent_and_says_so_once() -> None:
    deaf = watched(others_asked(), "9.5 s")
    more = [WITNESSES[0].key, WITNESSES[1].key, WITNESSES[2].key]
    assert sorted(probed(deaf.effects)) == sorted(more)
    judged = watched(deaf, "10.5 s").when(sampled(*OTHERS))
    assert judged.events == (LayerSuspended("gossip", HEARS_NOBODY),)
    assert doubts(judged) == [SUSPECT.key]
    assert judged.mesh.peers[SUSPECT.key].connected
    again = lives_on(judged, "2 min", sampled(*OTHERS))
    assert again.events == ()
    assert again.state.session.watch.strain == MOST
    assert watch.is_cut_off(again.mesh)


def test_bytes_from_anybody_show_that_it_is_not_we_who_are_cut_off() -> None:
    deaf = watched(watched(others_asked(), "9.5 s"), "10.5 s")
    assert deaf.when(sampled(*OTHERS, rx={WITNESSES[2]: 101})).events == (SILENT,)


def test_of_two_machines_the_other_is_silent() -> None:
    story = ring(SUSPECT).when(says(SUSPECT), at="0 s")
    for at in ("7.5 s", "8 s"):
        story = watched(story, at)
    story = story.when(sampled(SUSPECT))
    for at in ("8.5 s", "9.5 s", "10.5 s"):
        story = watched(story, at)
    assert story.when(sampled(SUSPECT)).events == (SILENT,)


def test_hearsay_makes_us_ask_for_ourselves_and_nobody_else() -> None:
    rumour = Silence(SUSPECT.key, (1, 2))
    story = ALL.when(says(WITNESSES[0], rumour), at="1 s")
    story = watched(story, "1.5 s").when(sampled(*OTHERS))
    story = watched(story, "2 s").then(Echo(SUSPECT.ipv6))
    story = watched(story, "3 s").then(Sample())
    assert story.when(sampled(*OTHERS)).events == (PeerDisconnected(SUSPECT.key, span("3 s")),)


def test_without_a_sample_to_judge_by_it_is_asked_again() -> None:
    story = looked().when(Sampled(DeviceSample(None))).then()
    again = watched(story, "11.5 s")
    assert list(probed(again.effects)) == [SUSPECT.key]
    judged = again.when(sampled(*OTHERS)).then()
    assert judged.mesh.peers[SUSPECT.key].connected


def test_who_is_gone_meanwhile_is_not_doubted_any_more() -> None:
    connected = [each for each in OTHERS if each != SUSPECT]
    gone = doubted().when(sampled(*OTHERS, ages={SUSPECT: 200_000}))
    assert gone.events == (PeerDisconnected(SUSPECT.key, 200_000),)
    assert doubts(gone) == []
    assert len(connected) == 3


def test_who_says_goodbye_is_not_doubted_any_more() -> None:
    left = doubted().when(SUSPECT.announces(SUSPECT.record(change=9, left=True)))
    assert doubts(left) == []


def test_who_is_silent_by_the_sample_that_was_to_judge_it_is_told_once() -> None:
    judged = looked().when(sampled(*OTHERS, ages={SUSPECT: 200_000}))
    assert judged.events == (PeerDisconnected(SUSPECT.key, 200_000),)
    assert doubts(judged) == []


def test_a_node_that_was_not_there_asks_anew_with_all_its_patience() -> None:
    story = watched(echo_asked(), "30 s")
    assert list(probed(story.effects)) == [SUSPECT.key]
    assert story.state.session.watch.doubts[SUSPECT.key].stage == watch.Stage.PROBE_AGAIN


def test_each_doubt_goes_on_at_its_own_time() -> None:
    story = doubted(ALL.when(says(WITNESSES[0], Silence(WITNESSES[1].key, (1, 2))), at="7.2 s"))
    assert doubts(story) == [WITNESSES[1].key, SUSPECT.key]
    assert list(probed(watched(story, "7.7 s").effects)) == [WITNESSES[1].key]


def test_a_strained_node_waits_longer_and_asks_more() -> None:
    slow = watched(ALL, "8 s")
    assert slow.state.session.watch.strain == 1
    story = watched(slow, f"{span('8 s') + 15_000} ms")
    story = watched(watched(story, "24 s").when(sampled(*OTHERS)), "25 s")
    assert len(asked(story)) == 3


def test_a_crowd_of_doubts_is_bounded() -> None:
    crowd = [Member(f"n{n}", Identity.from_seed(bytes([n]) * 32), f"192.168.1.{n}") for n in range(10, 50)]
    story = ring(*crowd)
    for each in crowd:
        story = story.when(says(crowd[0] if each != crowd[0] else crowd[1], Silence(each.key, (1, 2))))
    assert len(doubts(story)) == DOUBT_CAP
    assert not probed(story.effects)


def test_who_is_doubted_already_is_not_asked_twice_because_of_hearsay() -> None:
    told = doubted().when(says(WITNESSES[0], Silence(SUSPECT.key, (1, 2))))
    assert not probed(told.effects)
    assert not told.state.session.watch.doubts[SUSPECT.key].hearsay
