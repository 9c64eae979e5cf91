"""Which interfaces lead to a LAN."""

import pytest

from wgmesh.adapters.netlink.requests import IFF_LOOPBACK, IFF_MULTICAST, IFF_RUNNING, IFF_UP, Link
from wgmesh.adapters.netlink.suitable import attached, suitable, virtual
from wgmesh.domain.values import Interface

WORKING = IFF_UP | IFF_RUNNING | IFF_MULTICAST


def link(name: str, kind: str = "", flags: int = WORKING, index: int = 7, master: int = 0) -> Link:
    return Link(name, index, flags, 1500, kind, master=master)


def names(*links: Link, named: tuple[str, ...] = ()) -> list[str]:
    return [interface.name for interface in suitable(links, named)]


@pytest.mark.parametrize(
    "name", ["eth0", "enp3s0", "wlan0", "wlp2s0", "usb0", "br0", "br-lan", "bond0", "end0", "vmbr0"]
)
def test_cards_and_bridges_of_the_machine_are(name: str) -> None:
    assert names(link(name)) == [name]


def test_a_virtual_cable_with_the_name_of_a_card_is() -> None:
    assert names(link("eth0", "veth")) == ["eth0"]


@pytest.mark.parametrize(
    "name",
    [
        "docker0", "br-0123456789ab", "veth12ab34c", "virbr0", "vnet3", "lxcbr0", "cni0", "flannel.1", "cali0a1b2c3",
        "wg0", "tun0", "tap0", "tailscale0", "ztabcdefgh", "nebula1", "wgmesh0", "wgmesh0r",
    ],
)  # fmt: skip
def test_those_of_containers_machines_and_vpns_are_not(name: str) -> None:
    assert names(link(name)) == []


@pytest.mark.parametrize("kind", ["wireguard", "tun"])
def test_a_vpn_under_any_name_is_not(kind: str) -> None:
    assert names(link("office", kind)) == []


@pytest.mark.parametrize(
    "flags",
    [WORKING & ~IFF_UP, WORKING & ~IFF_RUNNING, WORKING & ~IFF_MULTICAST, WORKING | IFF_LOOPBACK],
    ids=["down", "unplugged", "without multicast", "loopback"],
)
def test_what_carries_no_multicast_now_is_not_even_if_named(flags: int) -> None:
    assert names(link("eth0", flags=flags)) == []
    assert names(link("eth0", flags=flags), named=("eth0",)) == []


@pytest.mark.parametrize("kind", ["bridge", "bond"])
def test_a_port_is_not_but_its_owner_is(kind: str) -> None:
    assert names(link("eth0", index=2, master=3), link("lan0", kind, index=3)) == ["lan0"]


def test_a_card_in_a_vrf_is() -> None:
    assert names(link("eth0", index=2, master=3), link("red", "vrf", index=3, flags=IFF_UP)) == ["eth0"]


def test_those_named_are_taken_whatever_they_are_called_and_no_others() -> None:
    assert names(link("eth0"), link("tun0", "tun"), link("wlan0"), named=("wlan0", "tun0", "absent")) == [
        "tun0",
        "wlan0",
    ]


def test_an_interface_is_told_with_its_addresses_in_the_order_of_names() -> None:
    two = Link("eth1", 3, WORKING, 9000)
    one = Link("eth0", 2, WORKING, 1500, addresses=("192.168.1.7/24", "fe80::1/64"))
    assert suitable([two, one]) == (
        Interface("eth0", 2, 1500, ("192.168.1.7/24", "fe80::1/64")),
        Interface("eth1", 3, 9000),
    )


def test_what_no_lan_of_the_mesh_is_reached_by_is_told_too_and_which_of_it_is_virtual() -> None:
    def carrying(name: str, *addresses: str, flags: int = WORKING, kind: str = "") -> Link:
        return Link(name, 7, flags, 1500, kind, addresses=addresses)

    links = [
        carrying("eth0", "192.168.1.5/24", "fe80::5/64"),
        carrying("eth1", "10.2.0.5/16"),
        carrying("dummy7", "10.3.0.1/24", flags=WORKING & ~IFF_MULTICAST),
        carrying("docker0", "172.17.0.1/16", "fd17::1/64", flags=WORKING & ~IFF_RUNNING),
        carrying("office", "10.8.0.1/24", kind="wireguard"),
        carrying("wgmesh0", "10.49.0.7/32", "fd49::7/128", kind="wireguard"),
        carrying("tun3", "10.4.0.1/24", flags=IFF_MULTICAST),
        carrying("lo", "127.0.0.1/8", "10.6.0.0/24", flags=IFF_UP | IFF_LOOPBACK),
    ]
    lans = suitable(links, ["eth0"])
    assert attached(links, lans) == ("10.2.0.0/16", "10.3.0.0/24", "10.8.0.0/24", "172.17.0.0/16", "fd17::/64")
    assert virtual(links, lans) == ("10.8.0.0/24", "172.17.0.0/16", "fd17::/64")
    named = suitable(links, ["docker0"])
    assert "172.17.0.0/16" in virtual(links, named)
