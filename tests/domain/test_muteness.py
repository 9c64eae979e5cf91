"""The daemon of the one whom Alice watches, Bob, says nothing any more, while its machine answers."""

import dataclasses

from msgspec.structs import replace

from tests.cast import BOB, Member
from tests.playbook import Playbook, resting, span
from tests.rings import ring, sampled, says
from wgmesh.domain.draft import Draft, State
from wgmesh.domain.effects import Echo
from wgmesh.domain.events import DaemonMissed, DaemonReturned, PeerConnected, PeerDisconnected
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Due, Echoed, Told, Woke
from wgmesh.domain.muteness import miss, missed
from wgmesh.domain.session import EPOCH_CAP
from wgmesh.domain.values import Moment

MUTE = BOB
ALL = ring(MUTE).when(says(MUTE), at="0 s")


def without_a_word(story: Playbook, at: str, times: int = 1) -> Playbook:
    """It is asked when its next sign is overdue, and each time its kernel answers 0.6 s later."""
    moment = span(at)
    for _ in range(times):
        story = story.when(Due("watch"), at=f"{moment} ms").when(Due("watch"), at=f"{moment + 500} ms")
        assert Echo(MUTE.ipv6) in story.effects
        story = story.when(Echoed(MUTE.ipv6), at=f"{moment + 600} ms")
        moment += 8100
    return story


def test_a_daemon_that_was_asked_in_vain_again_and_again_is_missed_once() -> None:
    story = without_a_word(ALL, "7.5 s")
    assert story.events == ()
    story = without_a_word(story, "15.6 s")
    story.then(resting(DaemonMissed(MUTE.key, 8700), on=PeerConnected), cause="gossip")
    assert missed(story.mesh, story.mesh.peers[MUTE.key])
    assert without_a_word(story, "23.7 s", 3).events == ()


def test_two_questions_in_vain_that_were_asked_close_together_are_not_enough() -> None:
    asked = without_a_word(ALL, "7.5 s")
    for later, said in ((7_999, []), (8_000, [DaemonMissed])):
        draft = Draft(asked.state, Moment(0, 7_500 + later), "gossip")
        draft.take(miss(draft, asked.mesh.peers[MUTE.key], 7_500))
        assert [type(record.event) for record in draft.records] == said


def test_one_word_makes_good_what_it_did_not_say() -> None:
    story = without_a_word(ALL, "7.5 s").when(says(MUTE), at="9 s").then()
    assert without_a_word(story, "16.5 s").events == ()


def test_a_missed_daemon_returns_with_its_first_word_of_any_kind() -> None:
    story = without_a_word(ALL, "7.5 s", 3)
    back = story.when(says(MUTE), at="30 s")
    back.then(resting(DaemonReturned(MUTE.key), on=DaemonMissed))
    assert missed(back.mesh, back.mesh.peers[MUTE.key]) is None
    back.when(says(MUTE), at="31 s").then()
    story.when(Told("gossip", MUTE.lan, (), MUTE.key), at="30 s").then(DaemonReturned(MUTE.key))


def test_what_is_missed_ends_with_the_tunnel() -> None:
    gone = without_a_word(ALL, "7.5 s", 3).given(PeerDisconnected(MUTE.key, 181_000))
    assert missed(gone.mesh, gone.mesh.peers[MUTE.key]) is None
    again = gone.given(PeerConnected(MUTE.key, MUTE.wireguard))
    assert missed(again.mesh, again.mesh.peers[MUTE.key]) is None


def test_who_never_spoke_since_it_was_started_is_not_missed_for_it_may_run_without_gossip() -> None:
    assert without_a_word(ring(MUTE), "7.5 s", 3).events == ()
    silent = ALL.given(MUTE.updated(MUTE.record(boot=2)))
    assert without_a_word(silent, "7.5 s", 3).events == ()


def test_a_node_that_was_away_begins_to_count_anew() -> None:
    story = without_a_word(ALL, "7.5 s").when(Woke(60_000), at="15 s")
    assert story.state.session.watch.hushed == {}


def answered_by_bytes(story: Playbook, at: str) -> Playbook:
    """Not even the kernel answers, as behind a firewall; but WireGuard goes on receiving."""
    moment = span(at)
    for after in (0, 500):
        story = story.when(Due("watch"), at=f"{moment + after} ms")
    story = story.when(sampled(MUTE, rx={MUTE: moment}))
    for after in (1000, 2000, 3000):
        story = story.when(Due("watch"), at=f"{moment + after} ms")
    return story.when(sampled(MUTE, rx={MUTE: moment + 1}))


def test_bytes_that_wireguard_received_while_no_word_came_count_like_an_answer_of_the_kernel() -> None:
    story = answered_by_bytes(ALL, "7.5 s").then()
    answered_by_bytes(story, "18 s").then(DaemonMissed(MUTE.key, 13_500))


def test_many_that_are_missed_write_eight_records_an_epoch() -> None:
    full = without_a_word(ALL, "7.5 s")
    session = replace(full.state.session, refusals=EPOCH_CAP)
    full = dataclasses.replace(full, state=State(full.mesh, session))
    assert without_a_word(full, "15.6 s").events == ()


def test_a_word_of_somebody_unknown_is_nothing() -> None:
    stranger = Member("mallory", Identity.from_seed(bytes(32)), "192.168.1.99")
    ALL.when(says(stranger), at="1 s").then()
