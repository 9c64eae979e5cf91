"""What changed is said once, with both sides; what is the same is not said."""

from msgspec.structs import replace

from tests.stories import BETA, BETA_AT, GAMMA, MESH, SETTINGS, STORY, mesh_of, updated
from wgmesh.domain import events as e
from wgmesh.domain.folding import fold
from wgmesh.domain.values import Endpoint, Incarnation
from wgmesh.projections.difference import Change, difference


def changed(*events: e.Event, topic: str) -> list[tuple[str, str, str | None, str | None]]:
    """What these events changed."""
    changes = difference(MESH, mesh_of(*events, told=STORY))
    return [(each.subject, each.what, each.before, each.after) for each in changes if each.topic == topic]


def test_between_equal_moments_nothing_changed() -> None:
    assert difference(MESH, MESH) == ()
    assert difference(MESH, mesh_of(e.NodeSuspended(5), told=STORY)) == ()


def test_what_the_operator_and_the_machine_changed() -> None:
    settings = replace(SETTINGS, hostname="alef", lan=False, lan_interfaces=("eth0", "eth1"))
    events = (e.SettingsChanged(settings), e.InterfacesChanged((), (), ()), e.MeshAddressChanged(1, "", "10.71.182.3"))
    assert changed(*events, topic="node") == [
        ("this node", "IPv4", "10.71.182.3", None),
        ("this node", "networks", "eth0 192.168.1.5/24 fe80::5/64", None),
        ("this node", "hostname", "alpha", "alef"),
        ("this node", "lan", "on", "off"),
        ("this node", "lan interfaces", None, "eth0 eth1"),
    ]
    assert changed(e.NodeStopped("SIGTERM"), topic="node") == [("this node", "state", "running", "stopped")]
    assert changed(e.MeshLeft(), topic="node") == [("this node", "state", "running", "left")]


def test_peers_that_came_and_went_and_changed() -> None:
    moved = Endpoint("192.168.1.99", 21820)
    assert changed(e.PeerRoamed(BETA.key, moved, BETA_AT), topic="peers") == [
        ("beta", "endpoint", str(BETA_AT), str(moved))
    ]
    assert changed(updated(BETA, "bravo", BETA_AT.ip), topic="peers") == [("bravo", "hostname", "beta", "bravo")]
    assert changed(e.PeerLeft(GAMMA.key, Incarnation(1, 9), b"x"), topic="peers") == [
        ("gamma", "state", "silent", "left")
    ]
    assert changed(e.PeerRelayed(GAMMA.key, BETA.key, 61_000), topic="peers") == [
        ("gamma", "state", "silent", "connected"),
        ("gamma", "relay", None, "beta"),
    ]
    assert changed(e.PeerBanned(BETA.public_key), topic="peers")[0] == ("beta", "state", "connected", "banned")
    arrived = [change for change in difference(fold(STORY[:9]), fold(STORY[:10])) if change.topic == "peers"]
    assert arrived[0] == Change("peers", "gamma", "state", None, "connecting")
    gone = [change for change in difference(fold(STORY[:10]), fold(STORY[:9])) if change.topic == "peers"]
    assert gone[0] == Change("peers", "gamma", "state", "connecting", None)


def test_layers() -> None:
    assert changed(e.LayerSuspended("lan", "port in use"), topic="layers") == [("lan", "state", "works", "port in use")]
    (began,) = [change for change in difference(fold(STORY[:5]), fold(STORY[:6])) if change.topic == "layers"]
    assert began == Change("layers", "lan", "state", None, "works")


def test_the_device_is_told_by_what_had_to_be_done_to_it() -> None:
    moved = Endpoint("192.168.1.99", 21820)
    assert [after for *_, after in changed(e.PeerRoamed(BETA.key, moved, BETA_AT), topic="device")] == [
        "update peer YDRufJEaX2uhVBKRdMr+dbKUrDu9VUljL0jOxiZvhBA=: endpoint 192.168.1.99:21820"
    ]
