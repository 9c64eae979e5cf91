"""A node that moved, or woke up, is heard of at once, and doubts itself before it doubts others."""

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.playbook import given, span
from wgmesh.domain.cadence import BRISK_PAUSE
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.draft import Draft
from wgmesh.domain.effects import Announce, Nudge, SendRecords
from wgmesh.domain.events import (
    EndpointsDeclared,
    InterfacesChanged,
    NodeSuspended,
    PeerConnected,
    PeerDisconnected,
    PeerExpired,
)
from wgmesh.domain.inputs import Due, Located, Networked, Sampled, Woke
from wgmesh.domain.moving import DOUBT, SLEEP_CAP, slept_since
from wgmesh.domain.values import Endpoint, Moment

ELSEWHERE = DAVE.interface


def heard_from_bob(age: int) -> Sampled:
    """What WireGuard says of its only peer."""
    device = Device(peers=(DevicePeer(BOB.public_key, 1, BOB.wireguard),))
    return Sampled(DeviceSample(device, (Traffic(BOB.public_key, True, age, age),)))


CONNECTED = given(
    *ALICE.joined(),
    BOB.discovered(),
    CAROL.discovered(),
    DAVE.discovered(),
    PeerConnected(BOB.key, BOB.wireguard),
    PeerConnected(DAVE.key, DAVE.wireguard),
    PeerExpired(DAVE.key, 1),
).given(at="1 min")


def test_networks_are_news_only_when_they_differ() -> None:
    CONNECTED.when(Networked((ALICE.interface,))).then()
    CONNECTED.when(Networked((ELSEWHERE,))).then(
        InterfacesChanged((ELSEWHERE,), (), ()), Announce(), SendRecords(BOB.key, (ALICE.key,)), cause="network"
    )


def test_other_networks_of_the_machine_are_news_that_changes_nothing_about_us() -> None:
    known = CONNECTED.when(Networked((ALICE.interface,), ("10.2.0.0/16", "172.17.0.0/16"), ("172.17.0.0/16",)))
    known.then(
        InterfacesChanged((ALICE.interface,), ("10.2.0.0/16", "172.17.0.0/16"), ("172.17.0.0/16",)), cause="network"
    )
    known.when(Networked((ALICE.interface,), ("10.2.0.0/16", "172.17.0.0/16"), ("172.17.0.0/16",))).then()
    assert known.mesh.incarnation == CONNECTED.mesh.incarnation
    assert known.mesh.networked == CONNECTED.mesh.networked, "a container that comes or goes is no move"
    known.when(Networked((ALICE.interface,))).then(InterfacesChanged((ALICE.interface,), (), ()))


def test_who_moved_speaks_to_every_connected_peer_three_times() -> None:
    moved = CONNECTED.when(Networked((ELSEWHERE,)))
    spoken = []
    for at in ("1 min", "1 min 1 s", "1 min 3 s"):
        moved = moved.when(Due("nudge"), at=at).then(Nudge(BOB.ipv6))
        spoken.append(moved.state.session.nudges)
    assert spoken == [(span("1 min 1 s"), span("1 min 3 s")), (span("1 min 3 s"),), ()]


def test_there_is_nobody_to_speak_to_without_a_network_or_without_a_peer() -> None:
    assert CONNECTED.when(Networked(())).state.session.nudges == ()
    alone = given(*ALICE.joined())
    assert alone.when(Networked((ELSEWHERE,))).state.session.nudges == ()


def test_who_moved_before_it_saw_that_a_peer_is_connected_looks_at_once_and_speaks_to_it_then() -> None:
    moved = given(*ALICE.joined(), BOB.discovered()).given(at="1 min").when(Networked((ELSEWHERE,)))
    assert moved.state.session.sample_due == span("1 min") + BRISK_PAUSE
    silent = moved.when(Due("nudge"), at="1 min").then()
    seen = silent.when(heard_from_bob(100), at="1 min 250 ms").then(PeerConnected(BOB.key, BOB.wireguard))
    seen.when(Due("nudge"), at="1 min 1 s").then(Nudge(BOB.ipv6))


def test_a_machine_that_slept_says_so_and_is_heard_of_at_once() -> None:
    woken = CONNECTED.when(Woke(span("8 h")), at="8 h 1 min")
    woken.then(NodeSuspended(span("8 h")), Announce(), cause="clock")
    assert woken.state.session.nudges[0] == span("8 h 1 min")


def test_time_asleep_is_told_from_time_without_a_sign() -> None:
    """Two nights of eight hours; what is asked about begins in the middle of the first, between them, and after."""
    story = CONNECTED.when(Woke(span("8 h")), at="10 h").when(Woke(span("8 h")), at="1 d 10 h")
    draft = Draft(story.state, Moment(0, span("1 d 12 h")), "timer/forget")
    assert slept_since(draft, span("4 h")) == span("14 h")
    assert slept_since(draft, span("12 h")) == span("8 h")
    assert slept_since(draft, span("1 d 11 h")) == 0


def test_sleeps_fill_no_memory() -> None:
    story = CONNECTED
    for night in range(SLEEP_CAP + 3):
        story = story.when(Woke(span("8 h")), at=f"{night + 1} d")
    assert len(story.state.session.sleeps) == SLEEP_CAP
    assert story.state.session.sleeps[-1] == (span(f"{SLEEP_CAP + 3} d"), span("8 h"))


def test_row_17_who_was_asleep_calls_nobody_silent_before_it_listened() -> None:
    woken = CONNECTED.when(Woke(span("8 h")), at="8 h")
    deaf = heard_from_bob(span("8 h"))
    woken.when(deaf, at="8 h 1 s").then()
    woken.when(deaf, at=f"{span('8 h') + DOUBT - 1} ms").then()
    woken.when(deaf, at=f"{span('8 h') + DOUBT} ms").then(PeerDisconnected(BOB.key, span("8 h")))
    assert woken.when(heard_from_bob(100), at="8 h 1 s").mesh.peers[BOB.key].connected


def test_where_the_operator_says_that_we_are_is_news_only_when_it_differs() -> None:
    outside = (Endpoint("203.0.113.9", 51820),)
    told = given(*ALICE.joined()).when(Located(outside), at="1 s")
    assert told.events == (EndpointsDeclared(outside),)
    assert told.when(Located(outside), at="2 s").events == ()
