"""Alice reaches Bob through Carol: what her second interface looks like, and when it goes."""

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.playbook import Playbook, span
from tests.relayed import GATE, PORT, alice, relayed
from wgmesh.domain.device import (
    AddPeer,
    AddRoute,
    CreateInterface,
    Device,
    DevicePeer,
    DeviceSample,
    RemovePeer,
    RemoveRoute,
    Traffic,
    UpdatePeer,
)
from wgmesh.domain.endpoints import OUT_OF_STEP
from wgmesh.domain.events import MeshLeft, PeerRelayed, PeerUnrelayed, RelayPortChosen, SettingsChanged
from wgmesh.domain.relay_state import Lease
from wgmesh.domain.returning import GUARDED
from wgmesh.domain.values import Endpoint
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.relay_device import HEAD_START, Leases, desired_relay, wanted_relay_changes

STORY = alice(CAROL, DAVE)
THROUGH = relayed(STORY, CAROL, at="0 s")
LEASED: Leases = {BOB.key: Lease(CAROL.key, GATE, 0)}
HOSTS = (f"{BOB.ipv4}/32", f"{BOB.ipv6}/128")
AT_CAROL, AT_DAVE = Endpoint(CAROL.ipv6, GATE), Endpoint(DAVE.ipv6, GATE + 1)


def device(story: Playbook, now: int = 0, leases: Leases | None = None) -> Device:
    wished = desired_relay(story.mesh, now, leases or {})
    assert wished
    return wished


def sample(found: Device, **traffic: int | bool | None) -> DeviceSample:
    told = {"handshaken": True, "handshake_age": 0, "received_age": 0, "rx_bytes": 1} | traffic
    return DeviceSample(found, (Traffic(BOB.public_key, **told),))  # type: ignore[arg-type]


def test_it_has_our_key_and_addresses_and_the_peer_behind_a_gate_of_the_relay() -> None:
    assert device(THROUGH) == Device(
        private=1,
        listen_port=PORT,
        mtu=1340,
        up=True,
        addresses=tuple(sorted((f"{ALICE.ipv4}/32", f"{ALICE.ipv6}/128"))),
        routes=tuple(sorted(HOSTS)),
        peers=(DevicePeer(BOB.public_key, 1, AT_CAROL, tuple(sorted(HOSTS)), 25),),
    )


def test_without_a_relayed_peer_there_is_none() -> None:
    assert desired_relay(STORY.mesh, 0, {}) is None
    assert wanted_relay_changes(STORY.mesh, DeviceSample(None), 0, {}) == ()
    assert wanted_relay_changes(STORY.mesh, DeviceSample(device(THROUGH)), 0, {}) is None


def test_who_left_has_none_and_who_has_no_port_for_it() -> None:
    for over in (MeshLeft(), RelayPortChosen(0)):
        assert desired_relay(THROUGH.given(over).mesh, 0, {}) is None


def test_a_granted_relay_has_a_peer_and_no_route_yet() -> None:
    wished = device(STORY, HEAD_START, LEASED)
    assert (wished.routes, wished.peers[0].endpoint) == ((), AT_CAROL)
    gone = {BOB.key: Lease(BOB.key, GATE, 0)}
    assert desired_relay(STORY.mesh, 0, gone) is None


def test_the_side_that_begins_leaves_the_other_time_to_make_its_interface_unless_it_has_one() -> None:
    waiting, begun = (device(STORY, now, LEASED).peers[0] for now in (HEAD_START - 1, HEAD_START))
    assert (waiting.endpoint, begun.endpoint) == (None, AT_CAROL)
    left = THROUGH.given(PeerUnrelayed(BOB.key, DAVE.key, "silent"))
    later = GUARDED + HEAD_START
    for now, ready in ((1, True), (later, False)):
        anew = device(left, now, {BOB.key: Lease(CAROL.key, GATE, now)}).peers[0]
        assert (anew.endpoint == AT_CAROL) is ready


def test_the_side_that_waits_begins_when_nothing_came() -> None:
    bob = replace(STORY.mesh, public_key=b"\xff" * 32)
    waiting, begun = (desired_relay(bob, now, LEASED) for now in (0, OUT_OF_STEP))
    assert waiting
    assert begun
    assert (waiting.peers[0].endpoint, waiting.peers[0].keepalive) == (None, 0)
    assert (begun.peers[0].endpoint, begun.peers[0].keepalive) == (AT_CAROL, 25)
    called = wanted_relay_changes(bob, sample(waiting), 0, LEASED)
    assert called == (UpdatePeer(BOB.public_key, keepalive=25),)


def test_the_host_routes_are_the_switch() -> None:
    direct = THROUGH.given(PeerUnrelayed(BOB.key, CAROL.key, "direct"), at="1 s")
    there = device(THROUGH)
    to_direct = wanted_relay_changes(direct.mesh, sample(there), span("1 s"), {})
    assert to_direct == tuple(RemoveRoute(prefix) for prefix in sorted(HOSTS))
    again = direct.given(PeerRelayed(BOB.key, CAROL.key, GATE), at="2 s")
    back = wanted_relay_changes(again.mesh, sample(device(direct, span("1 s"))), span("2 s"), {})
    assert back == tuple(AddRoute(prefix) for prefix in sorted(HOSTS))


def test_a_way_that_was_left_stays_for_three_minutes_and_for_as_long_as_the_other_side_comes_by_it() -> None:
    direct = THROUGH.given(PeerUnrelayed(BOB.key, CAROL.key, "direct"))
    found = replace(device(THROUGH), routes=())
    quiet = sample(found, received_age=GUARDED)
    assert wanted_relay_changes(direct.mesh, quiet, GUARDED - 1, {}) == ()
    assert wanted_relay_changes(direct.mesh, quiet, GUARDED, {}) is None
    assert wanted_relay_changes(direct.mesh, sample(found), GUARDED, {}) == ()


def test_with_another_relay_the_session_begins_anew_unless_something_came_meanwhile() -> None:
    leases = {BOB.key: Lease(DAVE.key, GATE + 1, 1000)}
    found = sample(device(THROUGH), received_age=500)
    anew = wanted_relay_changes(THROUGH.mesh, found, 1200, leases)
    assert anew == (RemovePeer(BOB.public_key), AddPeer(device(THROUGH, 1200, leases).peers[0]))
    assert device(THROUGH, 1200, leases).peers[0].endpoint == AT_DAVE
    assert wanted_relay_changes(THROUGH.mesh, found, 1500, leases) == (), "roaming is WireGuard's"


def test_it_is_made_from_nothing_and_what_is_not_wished_goes() -> None:
    changes = wanted_relay_changes(THROUGH.mesh, DeviceSample(None), 0, {})
    assert changes
    assert changes[0] == CreateInterface()
    assert AddPeer(device(THROUGH).peers[0]) in changes
    stray = DevicePeer(bytes(32), 1, None, (), 0)
    found = replace(device(THROUGH), peers=(stray, *device(THROUGH).peers))
    assert wanted_relay_changes(THROUGH.mesh, sample(found), 0, {}) == (RemovePeer(bytes(32)),)


def test_routes_behind_a_relayed_peer_go_with_it() -> None:
    behind = "10.9.0.0/16"
    story = alice(CAROL, others=()).given(BOB.discovered(BOB.record(routes=(behind,))))
    story = story.given(SettingsChanged(replace(ALICE.settings, accept_routes=("all",))))
    assert behind in desired_device(story.mesh, 0).routes
    through = relayed(story, CAROL, at="0 s")
    assert behind not in desired_device(through.mesh, 0).routes
    assert any(behind in peer.allowed_ips for peer in desired_device(through.mesh, 0).peers)
    assert device(through).routes == tuple(sorted((*HOSTS, behind)))
