"""What is wrong is said once, with what to do, and for as long as it is wrong."""

import pytest
from msgspec.structs import replace

from tests.stories import BETA, BETA_AT, GAMMA, MESH, NOON, SETTINGS, STORY, mesh_of, records, started, updated
from wgmesh.domain import events as e
from wgmesh.domain.device import Device
from wgmesh.domain.folding import fold
from wgmesh.domain.identity import wireguard_key
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.values import DAY, HOUR, Endpoint, Incarnation, Interface
from wgmesh.projections.peers import Frozen, Live
from wgmesh.projections.warnings import cited, warnings
from wgmesh.projections.wording import key

AT = NOON + 2 * HOUR
UP = Live(Device(up=True))


def warned(mesh: Mesh, *, running: bool = True, live: Live | None = UP, told: tuple[Record, ...] = ()) -> list[str]:
    """The warnings at two o'clock."""
    quoted = {record.sequence: record for record in told if record.sequence in cited(mesh, AT)}
    return list(warnings(mesh, AT, running=running, live=live, quoted=quoted))


def happened(*events: e.Event, seconds: float = 7100) -> list[str]:
    """The warnings after these events, which came 100 s before two o'clock if nothing else is said."""
    told = (*STORY, *records(*((seconds, "test", event) for event in events), after=len(STORY)))
    return warned(fold(told), told=told)


def test_all_is_well() -> None:
    assert warned(MESH) == []


@pytest.mark.parametrize(
    ("last", "text"),
    [
        ((), "the daemon is not running and did not end in good order; tunnels stay as they are: start it again"),
        (
            (e.NodeStopped("SIGTERM"),),
            "the daemon stopped 59 min 47 s ago and tunnels stay as they are; start it again",
        ),
        ((e.MeshLeft(),), "this node left the mesh 59 min 47 s ago; `wgmesh join` brings it back"),
    ],
)
def test_a_daemon_that_does_not_run_is_told_by_how_it_ended(last: tuple[e.Event, ...], text: str) -> None:
    mesh = fold((*STORY, *records(*((3613, "test", event) for event in last), after=len(STORY))))
    assert warned(mesh, running=False, live=None) == [text]


def test_who_is_in_the_last_start_that_others_believe_is_told_how_to_go_on() -> None:
    assert happened(replace(started(), boot=2**32 - 3)) == []
    [warning] = happened(replace(started(), boot=2**32 - 2))
    assert warning.startswith("this node has no further start")
    assert "delete identity.seed, boot and events.db" in warning


def test_a_full_disk_and_a_missing_interface_are_seen_by_the_running_daemon_only() -> None:
    frozen, gone = warned(MESH, live=Live(None, frozen=Frozen(AT - 30_000, 5)))
    assert frozen.startswith(
        "the disk of the state directory is full for 30 s: nothing new is decided (5 inputs dropped)"
    )
    assert gone.startswith("the interface is not there")
    assert warned(MESH, live=None) == []
    assert warned(mesh_of(e.MeshLeft(), told=STORY), live=Live(None)) == []


def test_what_the_system_refuses_is_said_until_it_is_done() -> None:
    failed = e.DeviceChangeFailed(("add route 10.71.0.0/16",), ("File exists",))
    assert happened(failed) == [
        "for 1 min 40 s the system refuses to add route 10.71.0.0/16: File exists; it is tried again"
    ]
    assert happened(failed, e.DeviceChanged(("add route 10.71.0.0/16",), 0)) == []


def test_many_of_a_kind_are_counted() -> None:
    failed = e.DeviceChangeFailed(tuple("abcd"), tuple("efgh"))
    *first, last = happened(failed)
    assert len(first) == 3
    assert last == "4 refused changes in all: wgmesh events --kind DeviceChangeFailed"


def test_a_foreign_peer_is_named() -> None:
    assert happened(e.ForeignPeerSeen(GAMMA.public_key)) == [
        f"the interface has a peer that wgmesh did not put there, {key(GAMMA.public_key)}: it stays, remove it with wg"
    ]


def test_a_range_that_overlaps_an_attached_network_says_the_cure() -> None:
    (text,) = happened(e.InterfacesChanged((Interface("eth1", 3, 1500, ("10.71.3.1/24",)),), (), ()))
    assert "10.71.0.0/16 overlaps the attached network 10.71.3.0/24" in text
    assert "wgmesh init --subnet" in text


def test_a_node_without_an_ipv4_address_is_told_so() -> None:
    (text,) = happened(e.MeshAddressChanged(255, "", "10.71.3.9"))
    assert text.startswith("no IPv4 address of the mesh's range is left")


def test_a_suspended_layer_says_why() -> None:
    assert happened(e.LayerSuspended("lan", "port 51830 is taken")) == ["layer lan cannot work: port 51830 is taken"]
    assert happened(e.LayerSuspended("lan", "port 51830 is taken"), e.LayerResumed("lan")) == []


@pytest.mark.parametrize(("hostname", "name"), [("delta", "delta"), ("", "a node")])
def test_who_is_not_let_in_is_named_with_the_reason(hostname: str, name: str) -> None:
    told = (*STORY[:3], *records((0, "lan", e.PeerRefused(BETA.key, hostname, "it may not")), after=3))
    assert warned(fold(told)) == [f"{name} ({key(BETA.public_key)}) is not let in: it may not"]


def test_who_speaks_a_newer_protocol_is_named() -> None:
    assert happened(e.NewerPeerSeen("192.168.1.9")) == [
        "192.168.1.9 speaks a newer protocol: update wgmesh on this machine"
    ]


def test_sealed_datagrams_that_do_not_open_hint_at_another_mesh_for_two_epochs() -> None:
    strangers = e.DatagramsRejected({"seal": 3}, ("192.168.1.9",))
    assert happened(strangers) == [
        "dropped 3 datagrams (seal 3), mostly from 192.168.1.9: another mesh or a wrong secret on this LAN?"
    ]
    assert happened(strangers, seconds=7200 - 1200) == []
    assert happened(e.DatagramsRejected({"size": 3}, ("192.168.1.9",))) == []


@pytest.mark.parametrize(
    "event",
    [
        e.ClockStepped(3_600_000),
        e.LogRecovered("events.db.damaged-1", 7, 6),
        e.LogGap(5, NOON),
        e.OwnRecordOutrun(Incarnation(9, 9), 0, "10.71.3.9"),
    ],
)
def test_what_happened_once_is_quoted_for_a_day(event: e.Event) -> None:
    (text,) = happened(event)
    assert text.endswith("(record 14)")
    assert happened(event, seconds=7200 - DAY / 1000) == []


def test_a_record_that_is_no_longer_in_the_log_is_not_quoted() -> None:
    mesh = mesh_of(e.ClockStepped(3_600_000), told=STORY)
    assert cited(mesh, AT) == (14,)
    assert warned(mesh) == []


def test_a_start_forgives_what_the_last_run_could_not_do() -> None:
    assert happened(e.LayerSuspended("lan", "x"), e.DeviceChangeFailed(("a",), ("b",)), started(2)) == []


def test_who_announces_routes_and_forwards_nothing_is_told_the_switch() -> None:
    mesh = mesh_of(e.SettingsChanged(replace(SETTINGS, advertise_routes=("192.168.50.0/24", "fd12::/48"))), told=STORY)
    assert warned(mesh) == []
    assert warned(mesh, live=None) == []
    off = Live(Device(up=True), unforwarded=("IPv4", "IPv6"))
    assert warned(MESH, live=off) == []
    ipv4, ipv6 = warned(mesh, live=off)
    assert ipv4.startswith("this node announces 192.168.50.0/24 and this machine forwards no IPv4")
    assert ipv4.endswith("until `sysctl -w net.ipv4.ip_forward=1`")
    assert "fd12::/48" in ipv6
    assert "net.ipv6.conf.all.forwarding=1" in ipv6


def test_a_route_that_was_wanted_and_is_not_used_says_why() -> None:
    accepting = e.SettingsChanged(replace(SETTINGS, accept_routes=("10.0.0.0/8",)))
    routes = tuple(f"10.71.{number}.0/24" for number in range(4))
    news = replace(updated(BETA, "beta", BETA_AT.ip), routes=(*routes, "172.16.0.0/12"))
    warnings_ = warned(mesh_of(accepting, news, told=STORY))
    assert warnings_[0] == ("the route 10.71.0.0/24 behind beta is not used: within the mesh's own range or around it")
    assert warnings_[3:] == ["4 unused routes in all: wgmesh peers --json"]
    assert len(warned(mesh_of(accepting, replace(news, routes=routes[:3]), told=STORY))) == 3


def test_a_clock_that_is_off_is_told_for_a_day() -> None:
    (told,) = happened(e.ClockSkewObserved(BETA.key, "192.168.1.9", -3))
    assert told == (
        "the clock of beta at 192.168.1.9 is about 3 h behind this machine's: set the wrong one, they do not meet over"
        " the exchange"
    )
    mesh = mesh_of(e.ClockSkewObserved(BETA.key, "192.168.1.9", -3), told=STORY)
    assert list(warnings(mesh, AT + DAY, running=True, live=UP, quoted={})) == []


def test_who_ought_to_answer_and_does_not_is_told_for_a_day() -> None:
    delta = bytes(range(32))
    heard = e.HelloUnanswered(delta, "delta", "lan", Endpoint("192.168.1.9", 40000))
    nameless = e.HelloUnanswered(delta, "", "lan", Endpoint("192.168.1.9", 40000))
    named = e.HelloUnanswered(bytes(32), "", "peer", Endpoint("203.0.113.9", 52000))
    found = e.HelloUnanswered(bytes(32), "", "dht", Endpoint("203.0.113.8", 52000))
    assert happened(heard, named, found) == [
        "delta is heard on the LAN and does not answer: `wgmesh why delta`",
        "nobody answers at 203.0.113.9:52000, which --peer named: `wgmesh why 203.0.113.9:52000`",
    ]
    assert happened(nameless)[0].startswith(f"{key(wireguard_key(delta))} is heard on the LAN")
    assert happened(heard, seconds=7200 - DAY / 1000) == []


def test_a_daemon_that_is_missed_is_told_while_its_tunnel_stands() -> None:
    missed = e.DaemonMissed(BETA.key, 9000)
    assert happened(missed) == [
        "for 1 min 40 s the daemon of beta says nothing; its tunnel stays: start `wgmesh join` there"
    ]
    assert happened(missed, e.DaemonReturned(BETA.key)) == []
    assert happened(missed, e.PeerDisconnected(BETA.key, 181_000)) == []
