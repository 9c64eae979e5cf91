"""The device in memory."""

import pytest

from tests.adapters.wireguard.contract import BEN, BEN_IPS, CAT, DESIRED, WireGuardContract
from wgmesh.adapters.wireguard import WireGuard
from wgmesh.adapters.wireguard.recorded import NEW_DEVICE, Recorded, after
from wgmesh.domain.device import AddPeer, CreateInterface, DevicePeer, SetDevice


class TestRecorded(WireGuardContract):
    @pytest.fixture
    def wireguard(self) -> Recorded:
        return Recorded()

    def filter(self, wireguard: WireGuard, everywhere: int, here: int) -> None:
        """A device in memory has no other than its own."""
        wireguard.apply((SetDevice(strict=max(everywhere, here) == 1),))

    def test_it_says_what_it_is_and_that_no_process_carries_it(self, wireguard: Recorded) -> None:
        assert wireguard.backend == "none"
        assert wireguard.pidfd is None


def test_an_allowed_ip_that_is_given_twice_is_the_last_ones() -> None:
    device = after(DESIRED, AddPeer(DevicePeer(CAT, 1, None, BEN_IPS)))
    assert [(peer.public_key, peer.allowed_ips) for peer in device.peers] == [(BEN, ()), (CAT, BEN_IPS)]


def test_an_interface_that_is_there_is_not_made_anew() -> None:
    assert after(None, CreateInterface()) == NEW_DEVICE
    assert after(DESIRED, CreateInterface()) == DESIRED
