"""What is asked of the kernel's WireGuard, as another implementation of the same messages reads it."""

import base64
import errno
from typing import Any

import pytest
from pyroute2.netlink.generic.wireguard import wgmsg  # type: ignore[import-untyped]

from tests.adapters.wireguard.keyring import Keyring
from wgmesh.adapters.wireguard import kernel_requests
from wgmesh.adapters.wireguard.attributes import MOST_BYTES
from wgmesh.adapters.wireguard.kernel_requests import get_request, set_requests
from wgmesh.adapters.wireguard.ways import WireGuardChange
from wgmesh.domain.device import NO_KEY, AddPeer, DevicePeer, RemovePeer, SetDevice, UpdatePeer
from wgmesh.domain.values import Endpoint

KEYS = Keyring()
BEN, CAT = bytes([1]) * 32, bytes([2]) * 32
PEER = DevicePeer(BEN, 2, Endpoint("192.0.2.7", 7), ("10.0.0.1/32", "fd00::/64"), 25)
UPDATE_ONLY, REPLACE, REMOVE = 4, 2, 1


def read(body: bytes) -> Any:
    """The message, decoded by pyroute2."""
    header = (16 + 4 + len(body)).to_bytes(4, "little") + bytes(12)
    message = wgmsg(header + bytes([1, 1, 0, 0]) + body)
    message.decode()
    assert message.get_attr("WGDEVICE_A_IFNAME") == "wgmesh0"
    return message


def requests(*changes: WireGuardChange) -> list[Any]:
    return [read(body) for body in set_requests("wgmesh0", changes, KEYS)]


def peers(*changes: WireGuardChange) -> list[Any]:
    [message] = requests(*changes)
    return list(message.get_attr("WGDEVICE_A_PEERS"))


def said(peer: Any) -> dict[str, Any]:
    return {name.removeprefix("WGPEER_A_"): value for name, value in peer["attrs"]}


def prefixes(peer: Any) -> list[str]:
    return [each["addr"] for each in peer.get_attr("WGPEER_A_ALLOWEDIPS") or ()]


def b64(key: bytes) -> bytes:
    return base64.b64encode(key)


def test_a_question_names_the_interface() -> None:
    read(get_request("wgmesh0"))


def test_a_device_is_given_its_key_and_port() -> None:
    [message] = requests(SetDevice(private=1, listen_port=7))
    assert message.get_attr("WGDEVICE_A_PRIVATE_KEY") == b64(KEYS.private_key())
    assert message.get_attr("WGDEVICE_A_LISTEN_PORT") == 7
    [message] = requests(SetDevice(private=NO_KEY))
    assert message.get_attr("WGDEVICE_A_PRIVATE_KEY") == b64(bytes(32))
    assert message.get_attr("WGDEVICE_A_LISTEN_PORT") is None


def test_a_new_peer_is_told_whole_with_its_keepalive_last() -> None:
    [peer] = peers(AddPeer(PEER))
    assert [name for name, _ in peer["attrs"]][-1] == "WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL"
    told = said(peer)
    assert told["PUBLIC_KEY"] == b64(BEN)
    assert told["PRESHARED_KEY"] == b64(KEYS.psk(2))
    assert (told["FLAGS"], told["PERSISTENT_KEEPALIVE_INTERVAL"]) == (REPLACE, 25)
    assert (told["ENDPOINT"]["addr"], told["ENDPOINT"]["port"]) == ("192.0.2.7", 7)
    assert prefixes(peer) == ["10.0.0.1/32", "fd00::/64"]


def test_an_update_never_makes_a_peer_and_tells_what_it_names_alone() -> None:
    told = said(peers(UpdatePeer(BEN, keepalive=0))[0])
    assert (set(told), told["FLAGS"]) == ({"PUBLIC_KEY", "FLAGS", "PERSISTENT_KEEPALIVE_INTERVAL"}, UPDATE_ONLY)
    told = said(peers(UpdatePeer(BEN, allowed_ips=()))[0])
    assert (set(told), told["FLAGS"]) == ({"PUBLIC_KEY", "FLAGS"}, UPDATE_ONLY | REPLACE)
    told = said(peers(UpdatePeer(BEN, preshared=NO_KEY))[0])
    assert told["PRESHARED_KEY"] == b64(bytes(32))


def test_a_peer_is_removed_by_its_key() -> None:
    assert said(peers(RemovePeer(CAT))[0]).keys() == {"PUBLIC_KEY", "FLAGS"}
    assert said(peers(RemovePeer(CAT))[0])["FLAGS"] == REMOVE


def test_the_scope_of_a_link_local_endpoint_is_in_this_machines_order_of_bytes() -> None:
    [body] = set_requests("wgmesh0", [UpdatePeer(BEN, endpoint=Endpoint("fe80::1", 7, "lo"))], KEYS)
    assert bytes.fromhex("0a00 0007 00000000 fe80000000000000 0000000000000001 01000000".replace(" ", "")) in body


def test_an_endpoint_on_an_interface_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(OSError, match="there is no interface nosuch0") as refusal:
        list(set_requests("wgmesh0", [UpdatePeer(BEN, endpoint=Endpoint("fe80::1", 7, "nosuch0"))], KEYS))
    assert refusal.value.errno == errno.ENODEV


def test_changes_stand_in_their_order_and_peers_share_a_message() -> None:
    messages = requests(RemovePeer(CAT), AddPeer(PEER), SetDevice(listen_port=1), RemovePeer(BEN))
    assert [len(message.get_attr("WGDEVICE_A_PEERS") or ()) for message in messages] == [2, 0, 1]
    first, second = messages[0].get_attr("WGDEVICE_A_PEERS")
    assert (said(first)["PUBLIC_KEY"], said(second)["PUBLIC_KEY"]) == (b64(CAT), b64(BEN))
    assert requests() == []


def test_many_peers_take_more_than_one_message_and_none_is_too_long() -> None:
    changes = [AddPeer(DevicePeer(bytes([n, 1]) + bytes(30), 1, PEER.endpoint, PEER.allowed_ips)) for n in range(250)]
    bodies = list(set_requests("wgmesh0", changes, KEYS))
    assert 1 < len(bodies) < 4
    assert max(map(len, bodies)) < kernel_requests.MESSAGE_BYTES + 1000
    assert sum(len(read(body).get_attr("WGDEVICE_A_PEERS")) for body in bodies) == 250


def test_a_peer_with_very_many_allowed_ips_goes_on_in_pieces_that_neither_make_it_nor_replace_them() -> None:
    many = tuple(f"10.{n // 250}.{n % 250}.0/24" for n in range(900)) + tuple(f"fd00:{n:x}::/32" for n in range(1, 901))
    bodies = list(set_requests("wgmesh0", [AddPeer(DevicePeer(BEN, 1, None, many, 25))], KEYS))
    assert all(len(body) < MOST_BYTES for body in bodies)
    pieces = [piece for body in bodies for piece in read(body).get_attr("WGDEVICE_A_PEERS")]
    assert [said(piece)["FLAGS"] for piece in pieces] == [REPLACE, *[UPDATE_ONLY] * 3]
    assert [prefix for piece in pieces for prefix in prefixes(piece)] == list(many)
    assert [said(piece).get("PERSISTENT_KEEPALIVE_INTERVAL") for piece in pieces] == [None, None, None, 25]
    assert [("PRESHARED_KEY" in said(piece)) for piece in pieces] == [True, False, False, False]
