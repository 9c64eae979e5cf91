import ipaddress
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.adapters.lan.seats import Seat
from wgmesh.adapters.lan.sieve import REMEMBERED, REPEAT_MS, SIZES, Sieve
from wgmesh.domain.values import Interface

ETH0 = Interface("eth0", 7, 1500, ("192.0.2.17/24", "198.51.100.1/25", "fe80::1/64", "2001:db8::1/64"))
V4 = Seat("eth0", 7, socket.AF_INET, "group")
V6 = Seat("eth0", 7, socket.AF_INET6, "own")
NEXT_DOOR = [(socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT, struct.pack("@i", 255))]
ROUTED = [(socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT, struct.pack("@i", 254))]


def sieve(*interfaces: Interface) -> Sieve:
    made = Sieve()
    made.follow(interfaces or (ETH0,))
    return made


@pytest.mark.parametrize("size", [0, 1, 39, 128, 255, 257, 511, 513, 1119, 1120, 1199, 1201])
def test_a_wrong_size_is_refused(size: int) -> None:
    assert sieve().fault(V4, bytes(size), [], "192.0.2.9") == "size"


@pytest.mark.parametrize("size", SIZES)
def test_a_right_size_passes(size: int) -> None:
    assert sieve().fault(V4, bytes(size), [], "192.0.2.9") is None


@pytest.mark.parametrize(("ancillary", "fault"), [(NEXT_DOOR, None), (ROUTED, "hops"), ([], "hops")])
def test_over_ipv6_only_a_hop_limit_of_255_passes(ancillary: list[tuple[int, int, bytes]], fault: str | None) -> None:
    assert sieve().fault(V6, bytes(256), ancillary, "fe80::9") == fault


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("192.0.2.1", None),
        ("192.0.3.1", "off-link"),
        ("198.51.100.127", None),
        ("198.51.100.128", "off-link"),
        ("169.254.1.1", "off-link"),
        ("0.0.0.0", "off-link"),
    ],
)
def test_an_ipv4_source_must_be_in_a_network_of_the_interface(source: str, fault: str | None) -> None:
    assert sieve().fault(V4, bytes(256), [], source) == fault


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("fe80::9", None),
        ("febf::9", None),
        ("2001:db8::9", None),
        ("2001:db8:0:1::9", "off-link"),
        ("fec0::9", "off-link"),
        ("::c000:211", "off-link"),  # the number of an IPv4 address that is on link
        ("::", "off-link"),
    ],
)
def test_an_ipv6_source_must_be_link_local_or_in_a_network_of_the_interface(source: str, fault: str | None) -> None:
    assert sieve().fault(V6, bytes(256), NEXT_DOOR, source) == fault


@given(source=st.ip_addresses(v=4), own=st.ip_addresses(v=4), length=st.integers(0, 32))
def test_what_is_on_link_is_what_a_network_contains(
    source: ipaddress.IPv4Address, own: ipaddress.IPv4Address, length: int
) -> None:
    fault = sieve(Interface("eth0", 7, 1500, (f"{own}/{length}",))).fault(V4, bytes(256), [], str(source))
    assert (fault is None) == (source in ipaddress.ip_network(f"{own}/{length}", strict=False))


def test_what_is_on_link_follows_the_interface() -> None:
    made = sieve()
    made.follow((Interface("eth0", 7, 1500, ("203.0.113.1/24",)),))
    assert made.fault(V4, bytes(256), [], "192.0.2.1") == "off-link"
    assert made.fault(V4, bytes(256), [], "203.0.113.2") is None


def test_the_same_bytes_are_a_repeat_for_a_second_and_not_for_long_after() -> None:
    made = sieve()
    assert not made.repeats(b"same", 1_000_000)
    assert made.repeats(b"same", 1_000_000)
    assert made.repeats(b"same", 1_000_000 + REPEAT_MS)
    assert not made.repeats(b"same", 1_000_000 + 3 * REPEAT_MS)
    assert not made.repeats(b"same", 1_000_000 + 5 * REPEAT_MS)


def test_every_datagram_is_remembered_for_a_whole_second_whenever_it_came() -> None:
    for came_ms in range(0, 2 * REPEAT_MS, 50):
        made = sieve()
        made.repeats(b"first", 0)
        made.repeats(b"same", came_ms)
        for now_ms in range(came_ms, came_ms + REPEAT_MS, 50):
            made.repeats(now_ms.to_bytes(4, "big"), now_ms)
        assert made.repeats(b"same", came_ms + REPEAT_MS)


def test_a_flood_of_novelties_is_remembered_in_bounds() -> None:
    made = sieve()
    for number in range(5 * REMEMBERED):
        assert not made.repeats(number.to_bytes(4, "big"), 0)
    assert made.repeats((5 * REMEMBERED - 1).to_bytes(4, "big"), 0)
    remembered = [value for value in vars(made).values() if isinstance(value, set)]
    assert sum(map(len, remembered)) <= 2 * REMEMBERED
