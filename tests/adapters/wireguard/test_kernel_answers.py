"""What the kernel's WireGuard says, written here attribute by attribute, as linux/wireguard.h describes it."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.wireguard.keyring import Keyring
from wgmesh.adapters.wireguard.attributes import attribute, nested
from wgmesh.adapters.wireguard.kernel_answers import reading
from wgmesh.adapters.wireguard.kernel_requests import set_requests
from wgmesh.adapters.wireguard.reading import Reading
from wgmesh.adapters.wireguard.traffic import Counters
from wgmesh.domain.device import FOREIGN_KEY, NO_KEY, AddPeer, DevicePeer
from wgmesh.domain.values import Endpoint

KEYS = Keyring()
BEN, CAT = bytes([1]) * 32, bytes([2]) * 32
EMPTY = attribute(6, b"\x07\0")


def allowed(prefix: str) -> bytes:
    ip, _, length = prefix.partition("/")
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    packed = socket.inet_pton(family, ip)
    parts = attribute(1, struct.pack("=H", family)), attribute(2, packed), attribute(3, bytes([int(length)]))
    return nested(0, *parts)


def peer(key: bytes, *more: bytes, prefixes: tuple[str, ...] = (), psk: bytes = bytes(32), keepalive: int = 0) -> bytes:
    figures = struct.pack("=qq", 5, 6), struct.pack("=Q", 2**40), struct.pack("=Q", 3)
    parts = (attribute(kind, value) for kind, value in zip((6, 7, 8), figures, strict=True))
    own = attribute(1, key), attribute(2, psk), attribute(5, struct.pack("=H", keepalive)), *parts, *more
    return nested(0, *own, nested(9, *map(allowed, prefixes)))


def test_a_device_without_anything_is_read() -> None:
    assert reading([EMPTY], KEYS) == Reading(NO_KEY, 7, (), ())


def test_keys_come_out_as_generations() -> None:
    def private(key: bytes) -> int:
        return reading([attribute(3, key) + EMPTY], KEYS).private

    assert private(KEYS.private_key()) == 1
    assert private(bytes(32)) == NO_KEY
    assert private(b"\1" * 32) == FOREIGN_KEY
    for psk, number in ((KEYS.psk(2), 2), (bytes(32), NO_KEY), (b"\1" * 32, FOREIGN_KEY)):
        assert reading([EMPTY + nested(8, peer(BEN, psk=psk))], KEYS).peers[0].preshared == number


def test_peers_are_told_in_the_order_of_their_keys_with_their_figures() -> None:
    ipv4 = attribute(4, struct.pack("=H", socket.AF_INET) + b"\x1b\x39" + bytes([192, 0, 2, 9]) + bytes(8))
    first = peer(CAT, ipv4, prefixes=("fd00::/64", "10.0.0.1/32"), keepalive=25)
    found = reading([EMPTY + nested(8, first, peer(BEN))], KEYS)
    assert found.peers == (
        DevicePeer(BEN),
        DevicePeer(CAT, NO_KEY, Endpoint("192.0.2.9", 6969), ("10.0.0.1/32", "fd00::/64"), 25),
    )
    assert found.counters == (Counters(BEN, 5_000_000_006, 2**40, 3), Counters(CAT, 5_000_000_006, 2**40, 3))


@pytest.mark.parametrize(("scope", "name"), [(1, "lo"), (0, ""), (2**30, "")])
def test_the_scope_of_an_endpoint_is_the_name_of_its_interface(scope: int, name: str) -> None:
    address = socket.inet_pton(socket.AF_INET6, "fe80::1")
    ipv6 = attribute(4, struct.pack("=H", socket.AF_INET6) + b"\0\7" + bytes(4) + address + struct.pack("=I", scope))
    found = reading([EMPTY + nested(8, peer(BEN, ipv6))], KEYS)
    assert found.peers[0].endpoint == Endpoint("fe80::1", 7, name)


def test_many_peers_come_in_several_messages_and_one_goes_on_in_the_next() -> None:
    rest = nested(0, attribute(1, BEN), nested(9, allowed("10.0.0.2/32")))
    answers = [EMPTY + nested(8, peer(BEN, prefixes=("10.0.0.1/32",))), nested(8, rest, peer(CAT))]
    found = reading(answers, KEYS)
    assert [it.public_key for it in found.peers] == [BEN, CAT]
    assert found.peers[0].allowed_ips == ("10.0.0.1/32", "10.0.0.2/32")


endpoints = st.builds(Endpoint, st.ip_addresses().map(str).filter(lambda ip: "%" not in ip), st.integers(0, 65535))
prefixes = (
    st.ip_addresses().map(str).filter(lambda ip: "%" not in ip).map(lambda ip: f"{ip}/{128 if ':' in ip else 32}")
)
wishes = st.builds(
    DevicePeer,
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2),
    st.none() | endpoints,
    st.lists(prefixes, unique=True).map(lambda them: tuple(sorted(them))),
    st.integers(0, 65535),
)


@given(wishes)
def test_what_is_asked_for_would_be_read_back_the_same(wish: DevicePeer) -> None:
    [asked] = set_requests("wgmesh0", [AddPeer(wish)], KEYS)
    # The kernel adds figures, and always tells a keepalive.
    figures = attribute(6, bytes(16)) + attribute(7, bytes(8)) + attribute(8, bytes(8))
    start = asked.index(attribute(1, wish.public_key))
    assert reading([EMPTY + nested(8, nested(0, asked[start:], figures))], KEYS).peers == (wish,)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        attribute(6, b"\x07"),
        EMPTY + attribute(3, b"short"),
        EMPTY + nested(8, nested(0)),
        EMPTY + nested(8, nested(0, attribute(1, BEN))),
        EMPTY + nested(8, nested(0, attribute(1, BEN), nested(9, nested(0, attribute(2, b"abc"))))),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r"missing|32 bytes|not appear"):
        reading([answer], KEYS)


@given(st.lists(st.binary()))
def test_any_answer_is_read_or_refused(answers: list[bytes]) -> None:
    try:
        reading(answers, KEYS)
    except ValueError:
        return


def test_an_error_does_not_repeat_a_key_that_it_could_not_read() -> None:
    with pytest.raises(ValueError, match="32 bytes") as refusal:
        reading([EMPTY + attribute(3, b"canary")], KEYS)
    assert "canary" not in repr(refusal.value)
