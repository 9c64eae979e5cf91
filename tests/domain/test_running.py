import pytest
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, PARAMETERS
from tests.playbook import given, resting, span
from wgmesh.domain.effects import Announce, Exit, RemoveInterface
from wgmesh.domain.events import (
    ClockStepped,
    DatagramsRejected,
    DeviceChanged,
    DeviceChangeFailed,
    LayerResumed,
    LayerSuspended,
    LogCompacted,
    LogGap,
    LogRecovered,
    MeshLeft,
    NewerPeerSeen,
    NodeStopped,
    RelayPortChosen,
    SettingsChanged,
    StateCarried,
)
from wgmesh.domain.folding import carried
from wgmesh.domain.inputs import (
    Applied,
    Carry,
    Compacted,
    Leave,
    Networked,
    Outpaced,
    Recovered,
    Rejected,
    Resumed,
    Stop,
    Suspended,
    Thawed,
)
from wgmesh.domain.running import OUTPACED_CAP

ALICE_RUNS = given().when(ALICE.start(), at="0 s").when(Networked((ALICE.interface,)))


def test_the_first_start_joins_the_mesh_and_announces_the_node() -> None:
    joined, started, settings, _ = ALICE.joined()
    given().when(ALICE.start()).then(joined, started, settings, Announce(), cause="start")


def test_a_later_start_begins_a_new_run_and_no_new_node() -> None:
    again = ALICE_RUNS.when(ALICE.start(boot=2), at="1 h")
    again.then(ALICE.started(boot=2), Announce())
    session = again.state.session
    assert (session.began, session.sample_due, session.forget_due) == (span("1 h"),) * 3
    assert session.roll_call_due == span("2 h")


def test_settings_are_recorded_when_they_differ_from_the_last() -> None:
    renamed = replace(ALICE.settings, hostname="ada")
    again = ALICE_RUNS.when(ALICE.start(boot=2, settings=renamed), at="1 h")
    again.then(ALICE.started(boot=2), SettingsChanged(renamed), Announce())


def test_the_port_for_relayed_tunnels_is_recorded_when_it_differs_from_the_last() -> None:
    relayed = ALICE_RUNS.when(replace(ALICE.start(boot=2), relay_port=23456), at="1 h")
    relayed.then(ALICE.started(boot=2), RelayPortChosen(23456), Announce())
    same = relayed.when(replace(ALICE.start(boot=3), relay_port=23456), at="2 h")
    same.then(ALICE.started(boot=3), Announce())
    same.when(ALICE.start(boot=4), at="3 h").then(ALICE.started(boot=4), RelayPortChosen(0), Announce())


def test_a_log_of_another_node_or_mesh_is_never_gone_on_with() -> None:
    with pytest.raises(AssertionError, match="another node"):
        ALICE_RUNS.when(BOB.start(boot=2))
    with pytest.raises(AssertionError, match="another mesh"):
        ALICE_RUNS.when(replace(ALICE.start(boot=2), parameters=replace(PARAMETERS, network="10.64.0.0/16")))


def test_a_stop_is_recorded_and_ends_the_process() -> None:
    ALICE_RUNS.when(Stop("SIGTERM"), at="1 h").then(NodeStopped("SIGTERM"), Exit(), cause="operator/stop")


def test_who_leaves_says_so_twice_and_takes_the_interface_down() -> None:
    story = ALICE_RUNS.when(Leave(), at="1 h")
    story.then(MeshLeft(), Announce(), Announce(), RemoveInterface(), cause="operator/leave")
    assert story.mesh.incarnation.sequence == ALICE_RUNS.mesh.incarnation.sequence + 1


def test_what_was_changed_on_the_device_is_recorded() -> None:
    changed = Applied(("set link up",), (), ())
    ALICE_RUNS.when(changed, at="1 s").then(DeviceChanged(("set link up",), 0), cause="wireguard")
    ALICE_RUNS.when(Applied((), (), ()), at="1 s").then()


def test_a_refused_change_is_told_once_until_it_differs() -> None:
    refused = Applied((), ("add route 10.0.0.0/8",), ("EPERM",))
    told = DeviceChangeFailed(refused.failed, refused.errors)
    story = ALICE_RUNS.when(refused, at="1 s").then(told)
    story.when(refused, at="6 s").then()
    partly = Applied(("set link up",), refused.failed, refused.errors)
    story.when(partly, at="6 s").then(DeviceChanged(("set link up",), 1))
    other = replace(refused, errors=("ENOBUFS",))
    story.when(other, at="6 s").then(DeviceChangeFailed(other.failed, other.errors))


def test_a_failure_that_is_over_is_told_and_then_forgotten() -> None:
    refused = ALICE_RUNS.when(Applied((), ("look at the device",), ("EIO",)), at="1 s")
    assert refused.mesh.failure is not None
    over = refused.when(Applied((), (), ()), at="6 s").then(DeviceChanged((), 0))
    assert over.mesh.failure is None
    over.when(Applied((), (), ()), at="11 s").then()


def test_an_epoch_of_rejected_datagrams_is_one_event() -> None:
    rejected = Rejected({"seal": 3}, ("203.0.113.7",))
    ALICE_RUNS.when(rejected, at="10 min").then(
        DatagramsRejected({"seal": 3}, ("203.0.113.7",)), cause="timer/rejections"
    )


def test_row_6_a_newer_peer_is_told_once_a_day_and_source() -> None:
    story = ALICE_RUNS.when(Outpaced("192.0.2.1"), at="1 s").then(NewerPeerSeen("192.0.2.1"), cause="lan")
    story.when(Outpaced("192.0.2.1"), at="23 h 59 min").then()
    story.when(Outpaced("192.0.2.2"), at="2 s").then(NewerPeerSeen("192.0.2.2"))
    again = story.when(Outpaced("192.0.2.1"), at="1 d 1 s").then(NewerPeerSeen("192.0.2.1"))
    again.when(Outpaced("192.0.2.1"), at="2 d").then()


def test_row_6_a_crowd_of_newer_peers_fills_no_memory() -> None:
    crowded = ALICE_RUNS.given(*(NewerPeerSeen(f"192.0.2.{n}") for n in range(OUTPACED_CAP)))
    crowded.when(Outpaced("198.51.100.1"), at="1 s").then()
    crowded.when(Outpaced("192.0.2.7"), at="1 d 1 s").then(NewerPeerSeen("192.0.2.7"))


def test_how_a_layer_stands_is_told_at_each_edge() -> None:
    story = ALICE_RUNS.when(Resumed("lan"), at="1 s").then(LayerResumed("lan"), cause="lan")
    story.when(Resumed("lan"), at="2 s").then()
    down = story.when(Suspended("lan", "no interface"), at="2 s").then(LayerSuspended("lan", "no interface"))
    down.when(Suspended("lan", "no interface"), at="3 s").then()
    down.when(Suspended("lan", "EACCES"), at="3 s").then(LayerSuspended("lan", "EACCES"))
    down.when(Resumed("lan"), at="3 s").then(resting(LayerResumed("lan"), on=LayerSuspended))


def test_a_damaged_log_and_a_gap_are_told() -> None:
    ALICE_RUNS.when(Recovered("events.db.damaged-1", 9, 7), at="1 s").then(
        LogRecovered("events.db.damaged-1", 9, 7), cause="log"
    )
    ALICE_RUNS.when(Thawed(12, 34), at="1 s").then(LogGap(12, 34), cause="log")


def test_the_state_is_carried_and_the_log_says_where_it_begins_now() -> None:
    story = ALICE_RUNS.given(BOB.discovered())
    carried_along = story.when(Carry(), at="30 d").then(carried(story.mesh), cause="log")
    head = b"c" * 16
    through = story.mesh.head.sequence
    shorter = carried_along.when(Compacted(through, head, "keep"), at="60 d")
    shorter.then(resting(LogCompacted(through, head), on=StateCarried), cause="log/keep")
    assert shorter.mesh.dropped == through


@pytest.mark.parametrize("hours", [1, -1, 10 * 365 * 24])
def test_row_16_a_clock_that_was_set_is_told_once_and_nothing_else_comes_of_it(hours: int) -> None:
    story = ALICE_RUNS.given(BOB.discovered(), CAROL.discovered())
    set_by = f"{hours} h"
    stepped = story.when(BOB.announces(), at="10 s", clock_set=set_by)
    stepped.then(ClockStepped(span(set_by)), cause="lan")
    assert stepped.when(BOB.announces(), at="20 s", clock_set=set_by).events == ()
    assert [peer.state for peer in stepped.mesh.peers.values()] == ["connecting"] * 2


def test_a_clock_that_is_slewed_by_less_than_five_seconds_was_not_set() -> None:
    ALICE_RUNS.when(BOB.confirms(ALICE), at="10 s", clock_set="4.999 s").then()
    ALICE_RUNS.when(BOB.confirms(ALICE), at="10 s", clock_set="-5 s").then(ClockStepped(-5000))


def test_the_clock_of_another_run_is_not_compared_with() -> None:
    given(*ALICE.joined()).when(ALICE.start(boot=2), at="1 s", clock_set="9 h").then(ALICE.started(2), Announce())
