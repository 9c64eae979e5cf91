"""Who fell silent is called every two seconds, for five minutes."""

from tests.cast import ALICE, BOB, CAROL
from tests.playbook import Playbook, given, span
from tests.rings import ring, sampled
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.events import PeerDisconnected
from wgmesh.domain.gossip_messages import Probe
from wgmesh.domain.inputs import Due
from wgmesh.domain.liveness import SILENT_AFTER
from wgmesh.domain.recalling import next_call

CALL = SendGossip(BOB.key, Probe(0))


def without_bob(story: Playbook) -> Playbook:
    """WireGuard has not heard him for three minutes."""
    silent = story.when(sampled(BOB, CAROL, ages={BOB: SILENT_AFTER + 1}), at="10 min")
    assert silent.events == (PeerDisconnected(BOB.key, SILENT_AFTER + 1),)
    return silent


def calls(story: Playbook, at: str) -> list[int]:
    """When he is called until then."""
    times = []
    while (due := next_call(story.state)) is not None and due <= span(at):
        story = story.when(Due("call"), at=f"{due} ms")
        times += [due] if CALL in story.effects else []
    return times


def test_who_fell_silent_is_called_every_two_seconds_for_five_minutes() -> None:
    begun, second = span("10 min"), span("1 s")
    assert calls(without_bob(ring(BOB, CAROL)), "1 h") == [begun + n * second for n in range(2, 300, 2)]


def test_nobody_is_called_without_gossip_or_while_all_are_there() -> None:
    story = given(*ALICE.joined()).given(BOB.discovered(), CAROL.discovered()).when(sampled(BOB, CAROL))
    assert without_bob(story).state.session.watch.call_due is None
    assert ring(BOB, CAROL).state.session.watch.call_due is None
    ring(BOB, CAROL).when(Due("call")).then()


def test_a_second_silence_does_not_put_the_next_call_off() -> None:
    story = without_bob(ring(BOB, CAROL))
    both = story.when(sampled(BOB, CAROL, ages={BOB: 200_000, CAROL: 200_000}), at="10 min 1 s")
    assert both.state.session.watch.call_due == span("10 min 2 s")
    assert len(both.when(Due("call"), at="10 min 2 s").effects) == 2


def test_a_call_that_was_made_already_is_not_made_again() -> None:
    story = without_bob(ring(BOB, CAROL)).when(Due("call"), at="10 min 2 s").then(CALL)
    story.when(Due("call")).then()


def test_who_came_back_is_called_no_more() -> None:
    back = without_bob(ring(BOB, CAROL)).when(sampled(BOB, CAROL), at="10 min 1 s")
    assert back.mesh.peers[BOB.key].connected
    back.when(Due("call"), at="10 min 2 s").then()
    assert back.when(Due("call"), at="10 min 2 s").state.session.watch.call_due is None
