import socket

import pytest

from wgmesh.adapters.dht.compact import Contact, pack_address, pack_contacts, unpack_address, unpack_contacts
from wgmesh.domain.values import Endpoint

V4 = Contact(b"a" * 20, Endpoint("192.0.2.1", 6881))
V6 = Contact(b"b" * 20, Endpoint("2001:db8::1", 6882))


def test_an_address_is_its_bytes_and_its_port() -> None:
    assert pack_address(V4.endpoint) == bytes([192, 0, 2, 1, 0x1A, 0xE1])
    assert [unpack_address(pack_address(each.endpoint)) for each in (V4, V6)] == [V4.endpoint, V6.endpoint]


@pytest.mark.parametrize("packed", [b"", b"12345", b"1234567", bytes(6), bytes(18)])
def test_another_length_and_port_0_are_no_address(packed: bytes) -> None:
    assert unpack_address(packed) is None


def test_contacts_are_read_by_family_and_no_more_than_asked_for() -> None:
    assert unpack_contacts(pack_contacts([V4, V4]), socket.AF_INET, 8) == [V4, V4]
    assert unpack_contacts(pack_contacts([V6]), socket.AF_INET6, 8) == [V6]
    assert unpack_contacts(pack_contacts([V4] * 5), socket.AF_INET, 2) == [V4, V4]


def test_a_tail_that_is_no_whole_contact_is_not_read() -> None:
    assert unpack_contacts(pack_contacts([V4]) + b"tail", socket.AF_INET, 8) == [V4]
    assert unpack_contacts(b"short", socket.AF_INET, 8) == []
