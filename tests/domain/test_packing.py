import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.domain.packing import (
    PACKED_ENDPOINT,
    PACKED_PREFIX,
    Malformed,
    pack_endpoint,
    pack_ip,
    pack_prefix,
    unpack_endpoint,
    unpack_ip,
    unpack_prefix,
)
from wgmesh.domain.values import Endpoint

ADDRESSES = st.ip_addresses().filter(lambda ip: ip.version == 4 or ip.ipv4_mapped is None)


@given(ADDRESSES)
def test_an_address_comes_back_in_canonical_text(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert unpack_ip(pack_ip(ip.exploded)) == str(ip)


def test_ipv4_is_sent_as_a_mapped_address() -> None:
    assert pack_ip("192.0.2.1").hex() == "00000000000000000000ffffc0000201"
    assert pack_ip("2001:db8::1").hex() == "20010db8000000000000000000000001"


@given(st.ip_addresses(v=4))
def test_a_mapped_address_cannot_be_said_it_is_the_ipv4_address(ip: ipaddress.IPv4Address) -> None:
    assert unpack_ip(pack_ip(f"::ffff:{ip}")) == str(ip)


@given(st.binary(min_size=16, max_size=16))
def test_any_16_bytes_are_one_address_and_never_a_mapped_one(packed: bytes) -> None:
    ip = ipaddress.ip_address(unpack_ip(packed))
    assert pack_ip(str(ip)) == packed
    assert ip.version == 4 or ip.ipv4_mapped is None


@pytest.mark.parametrize("text", ["", "192.0.2", "192.0.2.256", "example.org", "2001:db8::1::2"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        pack_ip(text)


@given(ADDRESSES, st.integers(0, 65535))
def test_an_endpoint_comes_back_from_18_bytes(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> None:
    endpoint = Endpoint(str(ip), port)
    packed = pack_endpoint(endpoint)
    assert len(packed) == PACKED_ENDPOINT
    assert unpack_endpoint(packed) == endpoint


def test_the_scope_of_an_endpoint_is_not_sent() -> None:
    assert unpack_endpoint(pack_endpoint(Endpoint("fe80::1", 51820, "eth0"))) == Endpoint("fe80::1", 51820)


@pytest.mark.parametrize(
    ("prefix", "packed"),
    [
        ("10.0.0.0/8", "00000000000000000000ffff0a00000068"),
        ("0.0.0.0/0", "00000000000000000000ffff0000000060"),
        ("192.0.2.1/32", "00000000000000000000ffffc000020180"),
        ("::/0", "0000000000000000000000000000000000"),
        ("2001:db8::/32", "20010db800000000000000000000000020"),
        ("2001:db8::1/128", "20010db800000000000000000000000180"),
    ],
)
def test_a_prefix_is_17_bytes(prefix: str, packed: str) -> None:
    assert pack_prefix(prefix).hex() == packed
    assert unpack_prefix(bytes.fromhex(packed)) == prefix


@pytest.mark.parametrize(
    "packed",
    [
        "00000000000000000000ffff0a00000168",  # 10.0.0.1/8
        "20010db800000000000000000000000120",  # 2001:db8::1/32
        "20010db800000000000000000000000181",  # longer than 128
        "00000000000000000000ffff0000000081",
        "00000000000000000000ffff000000005f",  # would be wider than IPv4
        "00000000000000000000ffff0000000000",
    ],
)
def test_a_prefix_with_host_bits_or_an_impossible_length_is_malformed(packed: str) -> None:
    with pytest.raises(Malformed, match="route"):
        unpack_prefix(bytes.fromhex(packed))


@given(st.binary(min_size=PACKED_PREFIX, max_size=PACKED_PREFIX))
def test_any_17_bytes_are_one_prefix_or_malformed(packed: bytes) -> None:
    try:
        prefix = unpack_prefix(packed)
    except Malformed:
        return
    assert pack_prefix(prefix) == packed
