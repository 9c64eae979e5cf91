"""Each change to an interface, and what counts as made already."""

import errno
from collections.abc import Iterator
from typing import Any

import pytest
from pyroute2 import IPRoute, NetlinkError  # type: ignore[import-untyped]

from tests.adapters.own_namespace import run, set_ipv6
from wgmesh.adapters.netlink.editing import BY_WGMESH, edit, routes_through
from wgmesh.adapters.netlink.requests import LinkChange
from wgmesh.domain.device import AddAddress, AddRoute, RemoveAddress, RemoveRoute, SetDevice

pytestmark = pytest.mark.namespaces


class Eth0:
    """One interface, and the socket to change it by."""

    def __init__(self, ip: Any) -> None:
        self.ip = ip
        self.index = ip.link_lookup(ifname="eth0")[0]

    def make(self, change: LinkChange) -> None:
        edit(self.ip, self.index, change)

    def routes(self, owner: int = BY_WGMESH) -> list[str]:
        return routes_through(self.ip, self.index, owner)


@pytest.fixture
def eth0(namespace: None) -> Iterator[Eth0]:
    with IPRoute(strict_check=True) as ip:
        yield Eth0(ip)


@pytest.mark.parametrize("address", ["10.1.0.1/32", "fd00::1/128", "192.0.2.1/24", "2001:db8::1/64"])
def test_an_address_is_added_usable_at_once_and_removed_and_both_may_be_repeated(eth0: Eth0, address: str) -> None:
    set_ipv6("eth0", "accept_dad", 1)
    for _ in range(2):
        eth0.make(AddAddress(address))
        assert f" {address} " in run("ip addr show eth0")
        assert "tentative" not in run(f"ip addr show eth0 to {address}")
    for _ in range(2):
        eth0.make(RemoveAddress(address))
        assert f" {address} " not in run("ip addr show eth0")


@pytest.mark.parametrize("prefix", ["10.1.0.0/16", "10.1.2.3/32", "fd00::/64", "fd00::1/128"])
def test_a_route_is_added_marked_as_ours_and_removed_and_both_may_be_repeated(eth0: Eth0, prefix: str) -> None:
    for _ in range(2):
        eth0.make(AddRoute(prefix))
        assert eth0.routes() == [prefix]
    assert f"proto {BY_WGMESH} " in run("ip route") + run("ip -6 route")
    for _ in range(2):
        eth0.make(RemoveRoute(prefix))
        assert eth0.routes() == []


@pytest.mark.parametrize("prefix", ["10.1.0.0/16", "fd00::/64"])
def test_a_route_of_others_for_the_same_prefix_through_the_interface_becomes_ours(eth0: Eth0, prefix: str) -> None:
    run(f"ip route add {prefix} dev eth0")
    assert eth0.routes() == []
    eth0.make(AddRoute(prefix))
    assert eth0.routes() == [prefix]


@pytest.mark.parametrize("prefix", ["10.1.0.0/16", "fd00::/64"])
def test_a_prefix_that_is_routed_through_another_interface_is_refused(eth0: Eth0, prefix: str) -> None:
    run(f"ip route add {prefix} dev eth1")
    with pytest.raises(NetlinkError) as refusal:
        eth0.make(AddRoute(prefix))
    assert refusal.value.code == errno.EEXIST
    assert f"{prefix} dev eth1" in run("ip route") + run("ip -6 route")


def test_a_route_of_others_is_not_removed(eth0: Eth0) -> None:
    run("ip route add 10.1.0.0/16 dev eth0")
    eth0.make(RemoveRoute("10.1.0.0/16"))
    assert "10.1.0.0/16 dev eth0" in run("ip route")


def test_routes_are_told_in_order_without_default_ones_by_anybody_or_by_us(eth0: Eth0) -> None:
    for prefix in ("fd00::/64", "10.2.0.0/16", "10.1.0.0/16"):
        eth0.make(AddRoute(prefix))
    run("ip route add default dev eth0")
    run("ip route add 10.3.0.0/16 dev eth0")
    run("ip route add 10.4.0.0/16 dev eth0 table 7")
    assert eth0.routes() == ["10.1.0.0/16", "10.2.0.0/16", "fd00::/64"]
    assert {"10.3.0.0/16", "10.1.0.0/16"} <= set(eth0.routes(owner=0))
    assert "10.4.0.0/16" not in eth0.routes(owner=0)


def test_mtu_and_state_are_set_alone_and_together(eth0: Eth0) -> None:
    eth0.make(SetDevice(mtu=1400))
    assert "mtu 1400" in run("ip link show eth0")
    assert "UP" in run("ip link show eth0")
    eth0.make(SetDevice(up=False))
    assert "mtu 1400" in run("ip link show eth0")
    assert ",UP" not in run("ip link show eth0")
    eth0.make(SetDevice(mtu=1300, up=True))
    assert "mtu 1300" in run("ip link show eth0")
    assert ",UP" in run("ip link show eth0")


def test_what_the_kernel_refuses_is_not_taken_for_done(eth0: Eth0) -> None:
    run("ip link set eth0 mtu 1000")
    with pytest.raises(NetlinkError) as refusal:
        eth0.make(AddAddress("fd00::1/128"))
    assert refusal.value.code == errno.EINVAL
    run("ip link set eth0 down")
    with pytest.raises(NetlinkError) as refusal:
        eth0.make(AddRoute("10.1.0.0/16"))
    assert refusal.value.code == errno.ENETDOWN
