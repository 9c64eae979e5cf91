from typing import get_args

import msgspec
import pytest

from tests.golden.samples import sample
from wgmesh.domain import device
from wgmesh.domain.device import FOREIGN_KEY, NO_KEY, Change, Device, DevicePeer, DeviceSample, SetDevice, UpdatePeer

CHANGES = get_args(Change)


def test_no_generation_of_a_secret_means_no_key_or_a_foreign_one() -> None:
    assert len({NO_KEY, FOREIGN_KEY, 1}) == 3
    assert NO_KEY < 1
    assert FOREIGN_KEY < 1


def test_what_nobody_set_is_not_there() -> None:
    assert Device() == Device(private=NO_KEY, listen_port=0, mtu=0, up=False, addresses=(), routes=(), peers=())
    assert DevicePeer(bytes(32)) == DevicePeer(bytes(32), NO_KEY, None, (), 0)


def test_an_absent_interface_is_not_an_empty_one() -> None:
    assert DeviceSample(None) != DeviceSample(Device())


def test_to_set_something_to_nothing_is_not_to_leave_it() -> None:
    assert SetDevice(listen_port=0) != SetDevice()
    assert UpdatePeer(bytes(32), preshared=NO_KEY, allowed_ips=(), keepalive=0) != UpdatePeer(bytes(32))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_can_be_told_from_every_other_when_written_down(change: type) -> None:
    written = msgspec.json.encode(sample(change))
    assert msgspec.json.decode(written, type=Change) == sample(change)


def test_every_change_belongs_to_the_vocabulary() -> None:
    values = (device.DevicePeer, device.Device, device.Traffic, device.DeviceSample)
    defined = [each for each in vars(device).values() if isinstance(each, type) and each.__module__ == device.__name__]
    assert [each for each in defined if each not in values] == list(CHANGES)
