"""A restart that changes more than endpoints is no mere restart."""

from msgspec.structs import replace

from tests.stories import BETA, MESH
from wgmesh.domain.device import AddAddress, AddPeer, RemovePeer, UpdatePeer
from wgmesh.domain.values import Endpoint
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.peers import Live, LiveTraffic
from wgmesh.projections.rehearsal import against_what_was_wished, is_routine, on_this_device

NOW = MESH.head.awake
DEVICE = desired_device(MESH, NOW)


def test_a_device_that_is_as_it_is_wished_stays_so() -> None:
    traffic = (LiveTraffic(BETA.public_key, True, 5, 5, 1, 1, "192.168.1.17:21820"),)
    assert on_this_device(MESH, Live(DEVICE, traffic), NOW) == ()


def test_what_is_missing_would_be_added() -> None:
    less = replace(DEVICE, peers=DEVICE.peers[1:], addresses=DEVICE.addresses[1:])
    kinds = [type(change) for change in on_this_device(MESH, Live(less), NOW)]
    assert kinds == [AddAddress, AddPeer]


def test_two_versions_that_wish_for_the_same_change_nothing() -> None:
    assert against_what_was_wished(MESH, MESH) == ()
    alone = replace(MESH, peers={})
    assert [type(change) for change in against_what_was_wished(MESH, alone)] == [RemovePeer, RemovePeer]


def test_endpoints_and_keepalives_come_and_go_and_nothing_else_does() -> None:
    key = BETA.public_key
    assert is_routine(UpdatePeer(key, endpoint=Endpoint("192.0.2.1", 1), keepalive=25))
    assert not is_routine(UpdatePeer(key, allowed_ips=()))
    assert not is_routine(UpdatePeer(key, preshared=2))
    assert not is_routine(RemovePeer(key))
