import socket

import pytest

from wgmesh.adapters.lan.seats import SOURCES, Seat, prefixes, seats, sources
from wgmesh.domain.values import Interface

DUAL = Interface("eth0", 7, 1500, ("192.0.2.17/24", "198.51.100.1/25", "192.0.2.18/24", "fe80::1/64", "2001:db8::1/64"))


def test_an_interface_with_both_families_has_four_sockets() -> None:
    assert seats(DUAL) == (
        Seat("eth0", 7, socket.AF_INET, "group"),
        Seat("eth0", 7, socket.AF_INET, "own"),
        Seat("eth0", 7, socket.AF_INET6, "group"),
        Seat("eth0", 7, socket.AF_INET6, "own"),
    )


@pytest.mark.parametrize(
    ("addresses", "families"),
    [((), []), (("192.0.2.1/24",), [socket.AF_INET]), (("fe80::1/64",), [socket.AF_INET6])],
)
def test_a_family_without_an_address_has_no_socket(addresses: tuple[str, ...], families: list[int]) -> None:
    served = seats(Interface("eth0", 7, 1500, addresses))
    assert [seat.family for seat in served if seat.role == "own"] == families
    assert len(served) == 2 * len(families)


def test_addresses_are_told_apart_by_family() -> None:
    assert prefixes(DUAL, socket.AF_INET) == ("192.0.2.17/24", "198.51.100.1/25", "192.0.2.18/24")
    assert prefixes(DUAL, socket.AF_INET6) == ("fe80::1/64", "2001:db8::1/64")


def test_announcements_come_from_the_first_address_in_each_ipv4_network() -> None:
    assert sources(DUAL, socket.AF_INET) == ("192.0.2.17", "198.51.100.1")


def test_over_ipv6_the_kernel_chooses_the_source() -> None:
    assert sources(DUAL, socket.AF_INET6) == ("",)


def test_a_list_of_addresses_is_not_announced_from_each() -> None:
    crowded = Interface("eth0", 7, 1500, tuple(f"10.0.{network}.1/24" for network in range(100)))
    assert sources(crowded, socket.AF_INET) == tuple(f"10.0.{network}.1" for network in range(SOURCES))
