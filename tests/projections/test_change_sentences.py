"""Every change has its sentence, and none of them says more than a log may hold."""

import base64
from typing import get_args

import pytest

from wgmesh.domain.device import (
    AddAddress,
    AddPeer,
    AddRoute,
    Change,
    CreateInterface,
    DevicePeer,
    RemoveAddress,
    RemovePeer,
    RemoveRoute,
    SetDevice,
    UpdatePeer,
)
from wgmesh.domain.values import Endpoint
from wgmesh.projections.change_sentences import describe

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()
ENDPOINT = Endpoint("192.168.1.17", 21820)
PEER = DevicePeer(KEY, 1, ENDPOINT, ("10.71.3.9/32", "fd00::1/128"), 25)

SENTENCES = [
    (CreateInterface(), "create the interface"),
    (SetDevice(private=1, listen_port=21820, mtu=1420), "set private key, listen port 21820, MTU 1420"),
    (SetDevice(up=True), "set link up"),
    (SetDevice(up=False), "set link down"),
    (SetDevice(strict=True), "set strict reverse path filter"),
    (SetDevice(strict=False), "set loose reverse path filter"),
    (AddAddress("10.71.3.9/32"), "add address 10.71.3.9/32"),
    (RemoveAddress("10.71.3.9/32"), "remove address 10.71.3.9/32"),
    (AddRoute("10.71.0.0/16"), "add route 10.71.0.0/16"),
    (RemoveRoute("10.71.0.0/16"), "remove route 10.71.0.0/16"),
    (AddPeer(PEER), f"add peer {TEXT} via 192.168.1.17:21820, 10.71.3.9/32, fd00::1/128, keepalive 25 s"),
    (AddPeer(DevicePeer(KEY)), f"add peer {TEXT}, no addresses, no keepalive"),
    (UpdatePeer(KEY, preshared=2), f"update peer {TEXT}: preshared key of secret 2"),
    (UpdatePeer(KEY, preshared=0), f"update peer {TEXT}: no preshared key"),
    (UpdatePeer(KEY, endpoint=Endpoint("fe80::1", 5, "eth0")), f"update peer {TEXT}: endpoint [fe80::1%eth0]:5"),
    (UpdatePeer(KEY, allowed_ips=("fd00::1/128",), keepalive=0), f"update peer {TEXT}: fd00::1/128, no keepalive"),
    (RemovePeer(KEY), f"remove peer {TEXT}"),
]


@pytest.mark.parametrize(("change", "sentence"), SENTENCES, ids=[sentence for _, sentence in SENTENCES])
def test_a_change_is_described_in_the_imperative(change: Change, sentence: str) -> None:
    assert describe(change) == sentence


def test_every_change_of_the_vocabulary_is_tried_here() -> None:
    assert {type(change) for change, _ in SENTENCES} == set(get_args(Change))
