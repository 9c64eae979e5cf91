"""What is to be done to a real device: the log says whom we know, the sample what WireGuard made of it."""

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL
from tests.playbook import given
from wgmesh.domain.device import (
    FOREIGN_KEY,
    NO_KEY,
    AddPeer,
    CreateInterface,
    Device,
    DevicePeer,
    DeviceSample,
    RemovePeer,
    Traffic,
    UpdatePeer,
)
from wgmesh.domain.endpoints import HELD, TURN
from wgmesh.domain.events import Event, InterfacesChanged, LayerResumed, PeerConnected, PeerDisconnected
from wgmesh.domain.keepalive import KEEPALIVE_SECONDS
from wgmesh.domain.liveness import SILENT_AFTER
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Endpoint, Ground, Interface
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.wanted_changes import HANDSHAKE_TIMEOUT, MOVES_FOR, wanted_changes

ELSEWHERE = Endpoint("203.0.113.9", 4242)
DURING_THE_FIRST_TURN = 1


def known(*more: Event) -> Mesh:
    return given(*ALICE.joined(), BOB.discovered(), BOB.observed(), *more).mesh


def found(mesh: Mesh, *extra: DevicePeer, endpoint: Endpoint | None = BOB.wireguard) -> Device:
    """The device as it should be, with Bob at this endpoint and some peers more."""
    device = desired_device(mesh, DURING_THE_FIRST_TURN)
    return replace(device, peers=(replace(device.peers[0], endpoint=endpoint), *extra))


def test_without_an_interface_everything_is_made() -> None:
    changes = wanted_changes(known(), DeviceSample(None), DURING_THE_FIRST_TURN)
    assert changes[0] == CreateInterface()
    assert [type(change) for change in changes].count(AddPeer) == 1


def test_a_device_that_is_as_it_should_be_is_left_alone() -> None:
    mesh = known()
    assert wanted_changes(mesh, DeviceSample(found(mesh)), DURING_THE_FIRST_TURN) == ()


def test_the_endpoint_of_a_connected_peer_is_wireguards_own() -> None:
    mesh = known(PeerConnected(BOB.key, BOB.wireguard))
    sample = DeviceSample(found(mesh, endpoint=ELSEWHERE), (Traffic(BOB.public_key, handshaken=True),))
    assert wanted_changes(mesh, sample, DURING_THE_FIRST_TURN) == ()


def test_and_so_is_that_of_one_whose_handshake_the_log_has_not_seen_yet() -> None:
    mesh = known()
    sample = DeviceSample(found(mesh, endpoint=ELSEWHERE), (Traffic(BOB.public_key, handshaken=True),))
    assert wanted_changes(mesh, sample, DURING_THE_FIRST_TURN) == ()


def test_a_peer_that_is_just_calling_us_is_not_taken_off_between_its_first_message_and_its_second() -> None:
    mesh = known()
    waiting = desired_device(mesh, TURN)
    assert [peer.endpoint for peer in waiting.peers] == [None]
    called = replace(waiting, peers=(replace(waiting.peers[0], endpoint=BOB.wireguard),))
    calling, gone = (Traffic(BOB.public_key, received_age=age, rx_bytes=148) for age in (0, HANDSHAKE_TIMEOUT))
    assert wanted_changes(mesh, DeviceSample(called, (calling,)), TURN) == ()
    given_up = (RemovePeer(BOB.public_key), AddPeer(waiting.peers[0]))
    assert wanted_changes(mesh, DeviceSample(called, (gone,)), TURN) == given_up


def test_nor_is_one_that_was_calling_while_this_run_began_and_so_has_no_age_yet() -> None:
    mesh = known()
    waiting = desired_device(mesh, TURN)
    called = replace(waiting, peers=(replace(waiting.peers[0], endpoint=BOB.wireguard),))
    calling = DeviceSample(called, (Traffic(BOB.public_key, rx_bytes=148),))
    just_now, earlier = (replace(mesh, started=Ground(9, 0, TURN - ago)) for ago in (0, HANDSHAKE_TIMEOUT))
    assert wanted_changes(just_now, calling, TURN) == ()
    given_up = (RemovePeer(BOB.public_key), AddPeer(waiting.peers[0]))
    assert wanted_changes(earlier, calling, TURN) == given_up
    assert wanted_changes(just_now, DeviceSample(called, (Traffic(BOB.public_key),)), TURN) == given_up


def test_but_a_silent_peer_is_tried_where_it_is_said_to_be() -> None:
    mesh = known(PeerConnected(BOB.key, ELSEWHERE), PeerDisconnected(BOB.key, 180_001))
    sample = DeviceSample(found(mesh, endpoint=ELSEWHERE), (Traffic(BOB.public_key, handshaken=True),))
    assert wanted_changes(mesh, sample, HELD - 1) == ()
    assert wanted_changes(mesh, sample, HELD) == (UpdatePeer(BOB.public_key, endpoint=BOB.wireguard),)


def test_and_so_is_a_connected_one_that_answered_from_elsewhere_since_we_moved() -> None:
    moved = InterfacesChanged((Interface("wlan0", 4, 1500, ("203.0.113.1/24",)),), (), ())
    mesh = known(PeerConnected(BOB.key, BOB.wireguard), moved, BOB.observed(ELSEWHERE))
    sample = DeviceSample(found(mesh), (Traffic(BOB.public_key, handshaken=True),))
    assert wanted_changes(mesh, sample, DURING_THE_FIRST_TURN) == (UpdatePeer(BOB.public_key, endpoint=ELSEWHERE),)


def test_a_keepalive_that_was_off_stays_off_until_a_machine_has_moved() -> None:
    gossip, connected = LayerResumed("gossip"), PeerConnected(BOB.key, BOB.wireguard)
    moved = InterfacesChanged((Interface("wlan0", 4, 1500, ("203.0.113.1/24",)),), (), ())
    before, after = known(gossip, connected), known(gossip, connected, moved)
    sample = DeviceSample(desired_device(before, 0), (Traffic(BOB.public_key, handshaken=True),))
    begun = after.networked.awake
    assert wanted_changes(after, sample, begun + MOVES_FOR - 1) == ()
    assert wanted_changes(after, sample, begun + MOVES_FOR) == (
        UpdatePeer(BOB.public_key, keepalive=KEEPALIVE_SECONDS),
    )
    gone = known(gossip, connected, PeerDisconnected(BOB.key, 1), moved)
    assert wanted_changes(gone, sample, gone.networked.awake) == (
        UpdatePeer(BOB.public_key, keepalive=KEEPALIVE_SECONDS),
    ), "who fell silent is called"


def test_a_peer_that_fell_silent_begins_anew_once_so_that_a_clock_that_was_set_back_does_not_shut_it_out() -> None:
    mesh = known(PeerConnected(BOB.key, BOB.wireguard), PeerDisconnected(BOB.key, SILENT_AFTER + 1))
    device, later = desired_device(mesh, TURN), SILENT_AFTER + 1
    silent = Traffic(BOB.public_key, handshaken=True, received_age=SILENT_AFTER + 1)
    anew = (RemovePeer(BOB.public_key), AddPeer(device.peers[0]))
    assert wanted_changes(mesh, DeviceSample(device, (silent,)), TURN) == anew
    assert wanted_changes(mesh, DeviceSample(device, (Traffic(BOB.public_key),)), TURN) == ()
    back = replace(silent, received_age=0)
    assert wanted_changes(mesh, DeviceSample(device, (back,)), TURN) == ()
    half = Traffic(BOB.public_key, received_age=SILENT_AFTER + 1, rx_bytes=148)
    assert wanted_changes(mesh, DeviceSample(device, (half,)), TURN) == anew
    unseen = DeviceSample(desired_device(mesh, later), (Traffic(BOB.public_key, handshaken=True),))
    assert [wanted_changes(mesh, unseen, at) != () for at in (SILENT_AFTER, later)] == [False, True]


def test_and_so_does_one_whose_session_is_of_a_log_that_was_lost() -> None:
    mesh = known()
    there = DevicePeer(BOB.public_key, 1, ELSEWHERE, desired_device(mesh, TURN).peers[0].allowed_ips)
    sample = DeviceSample(replace(desired_device(mesh, TURN), peers=(there,)), (Traffic(BOB.public_key, True),))
    kept, anew = (wanted_changes(mesh, sample, at) for at in (SILENT_AFTER, SILENT_AFTER + 1))
    assert kept == (UpdatePeer(BOB.public_key, keepalive=KEEPALIVE_SECONDS),)
    assert [type(change) for change in anew] == [RemovePeer, AddPeer]


def test_a_peer_that_somebody_else_put_there_stays_with_or_without_a_preshared_key_of_its_own() -> None:
    mesh = known()
    for preshared in (NO_KEY, FOREIGN_KEY):
        stranger = DevicePeer(CAROL.public_key, preshared)
        assert wanted_changes(mesh, DeviceSample(found(mesh, stranger)), DURING_THE_FIRST_TURN) == ()


def test_a_peer_with_our_preshared_key_is_ours_even_if_the_log_that_knew_it_was_lost() -> None:
    mesh = known()
    sample = DeviceSample(found(mesh, DevicePeer(CAROL.public_key, 1)))
    assert wanted_changes(mesh, sample, DURING_THE_FIRST_TURN) == (RemovePeer(CAROL.public_key),)


def test_a_keepalive_ends_when_gossip_is_enough_but_not_before_wireguard_shook_hands_on_this_device() -> None:
    mesh = known(LayerResumed("gossip"), PeerConnected(BOB.key, BOB.wireguard))
    changes = wanted_changes(mesh, DeviceSample(None), DURING_THE_FIRST_TURN)
    (added,) = [change.peer for change in changes if isinstance(change, AddPeer)]
    assert (added.endpoint, added.keepalive) == (BOB.wireguard, KEEPALIVE_SECONDS)
    device = replace(desired_device(mesh, DURING_THE_FIRST_TURN), peers=(added,))
    assert wanted_changes(mesh, DeviceSample(device, (Traffic(BOB.public_key),)), DURING_THE_FIRST_TURN) == ()
    sample = DeviceSample(device, (Traffic(BOB.public_key, True, 0, 0, 1),))
    assert wanted_changes(mesh, sample, DURING_THE_FIRST_TURN) == (UpdatePeer(BOB.public_key, keepalive=0),)
