"""Where a link-local endpoint is, when WireGuard itself does not say."""

from wgmesh.adapters.wireguard.scopes import Scopes
from wgmesh.domain.device import AddPeer, DevicePeer, RemovePeer, SetDevice, UpdatePeer
from wgmesh.domain.values import Endpoint

BEN = bytes([1]) * 32


class Neighbours:
    """What the kernel met, and how often it was asked."""

    def __init__(self, **met: tuple[str, ...]) -> None:
        self.met = met
        self.asked = 0

    def __call__(self, ip: str) -> tuple[str, ...]:
        self.asked += 1
        return self.met.get(ip.replace("fe80::", "host"), ())


def at(ip: str, scope: str = "", port: int = 7) -> DevicePeer:
    return DevicePeer(BEN, endpoint=Endpoint(ip, port, scope))


def test_what_was_set_is_remembered_through_a_change_of_port() -> None:
    scopes = Scopes(asked := Neighbours())
    scopes.note(AddPeer(at("fe80::1", "eth3")))
    assert scopes.complete(at("fe80::1")) == at("fe80::1", "eth3")
    assert scopes.complete(at("fe80::1", port=8)) == at("fe80::1", "eth3", port=8)
    scopes.note(UpdatePeer(BEN, endpoint=Endpoint("fe80::1", 7, "eth4")))
    assert scopes.complete(at("fe80::1")) == at("fe80::1", "eth4")
    scopes.note(UpdatePeer(BEN, keepalive=25))
    scopes.note(SetDevice(up=True))
    assert scopes.complete(at("fe80::1")) == at("fe80::1", "eth4")
    assert asked.asked == 0


def test_where_a_peer_roamed_to_is_asked_of_the_kernel_once() -> None:
    scopes = Scopes(asked := Neighbours(host2=("eth1",)))
    scopes.note(AddPeer(at("fe80::1", "eth0")))
    for _ in range(3):
        assert scopes.complete(at("fe80::2")) == at("fe80::2", "eth1")
    assert asked.asked == 1


def test_two_links_with_that_neighbour_or_none_leave_it_open() -> None:
    scopes = Scopes(asked := Neighbours(host2=("eth0", "eth1")))
    assert scopes.complete(at("fe80::2")) == at("fe80::2")
    assert scopes.complete(at("fe80::3")) == at("fe80::3")
    assert scopes.complete(at("fe80::3")) == at("fe80::3")
    assert asked.asked == 2


def test_other_endpoints_need_none() -> None:
    scopes = Scopes(asked := Neighbours())
    for peer in (at("192.0.2.1"), at("2001:db8::1"), at("169.254.1.1"), at("fe80::1", "eth0"), DevicePeer(BEN)):
        assert scopes.complete(peer) == peer
    assert asked.asked == 0


def test_a_peer_that_went_is_forgotten() -> None:
    scopes = Scopes(Neighbours())
    scopes.note(AddPeer(at("fe80::1", "eth0")))
    scopes.note(RemovePeer(BEN))
    scopes.note(RemovePeer(BEN))
    assert scopes.complete(at("fe80::1")) == at("fe80::1")
