"""Whose a device is, and what its two halves are together."""

import pytest

from wgmesh.adapters.netlink.requests import IFF_UP, Link
from wgmesh.adapters.wireguard.reading import Reading, another_name, device, is_ours
from wgmesh.domain.device import FOREIGN_KEY, NO_KEY, Device, DevicePeer

PEERS = (DevicePeer(bytes(32)),)
LINK = Link(
    "wgmesh0", 7, IFF_UP, 1400, alias="wgmesh", addresses=("10.1.0.1/32", "fe80::7/64"), routes=("10.1.0.0/16",)
)


@pytest.mark.parametrize(
    ("private", "peers", "alias", "ours"),
    [
        (1, PEERS, "", True),
        (NO_KEY, (), "wgmesh", True),
        (NO_KEY, (), "", False),
        (NO_KEY, PEERS, "wgmesh", False),
        (FOREIGN_KEY, (), "wgmesh", False),
    ],
)
def test_ours_has_our_key_or_nothing_yet_but_our_alias(
    private: int, peers: tuple[DevicePeer, ...], alias: str, ours: bool
) -> None:
    assert is_ours(Reading(private, 7, peers, ()), Link("wgmesh0", 7, 0, 1400, alias=alias)) is ours


def test_without_a_link_the_key_alone_counts() -> None:
    assert is_ours(Reading(1, 7, (), ()), None)
    assert not is_ours(Reading(NO_KEY, 7, (), ()), None)


def test_a_device_is_what_wireguard_and_the_link_say_but_for_the_address_that_the_kernel_gives() -> None:
    assert device(Reading(1, 7, PEERS, ()), LINK) == Device(1, 7, 1400, True, ("10.1.0.1/32",), ("10.1.0.0/16",), PEERS)


def test_what_is_not_ours_is_left_with_two_ways_out() -> None:
    said = another_name("wgmesh0", "is a bridge")
    assert said.startswith("the interface wgmesh0 is a bridge, so wgmesh did not make it: choose another name")
    assert said.endswith("`ip link delete wgmesh0`")
