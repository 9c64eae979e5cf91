from typing import Any

import pytest

from tests.cast import ALICE, BOB, CAROL, Member
from tests.playbook import Playbook, given
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.effects import Redial
from wgmesh.domain.events import PeerBanned, PeerConnected
from wgmesh.domain.inputs import Sampled

BOB_WAS_THERE = given(*ALICE.joined(), BOB.discovered(), BOB.observed(), PeerConnected(BOB.key, BOB.wireguard))


def started(story: Playbook = BOB_WAS_THERE, us: Member = ALICE, peer: Member = BOB, **traffic: Any) -> Playbook:
    """A new run, whose WireGuard has called a peer of the log."""
    device = Device(peers=(DevicePeer(peer.public_key, 1, peer.wireguard),))
    return story.when(us.start(2)).when(Sampled(DeviceSample(device, (Traffic(peer.public_key, **traffic),))))


def redials(story: Playbook) -> list[bytes]:
    return [effect.public_key for effect in story.effects if isinstance(effect, Redial)]


@pytest.mark.parametrize("answer", [BOB.replies(ALICE), BOB.confirms(ALICE)], ids=["reply", "confirm"])
def test_who_answers_after_it_was_called_in_vain_is_called_again_once(answer: Any) -> None:
    story = started().when(answer, at="20 ms")
    assert redials(story) == [BOB.public_key]
    assert redials(story.when(answer, at="40 ms")) == []
    assert redials(story.when(answer, at="6 s")) == [BOB.public_key]


def test_who_took_the_call_or_is_not_on_the_device_is_left_alone() -> None:
    assert redials(started(handshaken=True).when(BOB.replies(ALICE))) == []
    shown = started(handshaken=True, handshake_age=0, received_age=0)
    assert redials(shown.when(BOB.replies(ALICE))) == []
    assert redials(BOB_WAS_THERE.when(ALICE.start(2)).when(BOB.replies(ALICE))) == []


def test_who_was_never_reached_is_called_by_its_claims() -> None:
    met = given(*ALICE.joined(), BOB.discovered(), BOB.observed())
    assert redials(started(met).when(BOB.replies(ALICE))) == []


def test_the_side_that_waits_calls_nobody_and_who_is_kept_out_is_not_called() -> None:
    waiting = given(*CAROL.joined(), BOB.discovered(), BOB.observed(), PeerConnected(BOB.key, BOB.wireguard))
    assert redials(started(waiting, us=CAROL).when(BOB.replies(CAROL))) == []
    banned = BOB_WAS_THERE.given(PeerBanned(BOB.public_key))
    assert redials(started(banned).when(BOB.replies(ALICE))) == []
