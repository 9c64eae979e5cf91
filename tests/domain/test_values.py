import ipaddress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.domain.values import DAY, U32, Endpoint, IdentityKey, Incarnation, Port, PublicKey, network_of

addresses = st.ip_addresses().filter(lambda ip: ip.version == 4 or ip.scope_id is None).map(str)
ports = st.integers(0, 65535)
scopes = st.from_regex(r"[a-z0-9.-]{1,15}", fullmatch=True)


@given(addresses, ports)
def test_an_endpoint_is_read_back_from_its_text(ip: str, port: int) -> None:
    assert Endpoint.parse(str(Endpoint(ip, port))) == Endpoint(ip, port)


@given(st.integers(0, 2**64 - 1), ports, scopes)
def test_a_link_local_endpoint_is_read_back_with_its_interface(host: int, port: int, scope: str) -> None:
    endpoint = Endpoint(str(ipaddress.IPv6Address((0xFE80 << 112) + host)), port, scope)
    assert Endpoint.parse(str(endpoint)) == endpoint


def test_an_endpoint_is_written_as_people_write_it() -> None:
    assert str(Endpoint("192.0.2.1", 51820)) == "192.0.2.1:51820"
    assert str(Endpoint("2001:db8::1", 51820)) == "[2001:db8::1]:51820"
    assert str(Endpoint("fe80::1", 51820, "eth0")) == "[fe80::1%eth0]:51820"


def test_another_spelling_of_an_address_is_the_same_endpoint() -> None:
    assert Endpoint.parse("[2001:DB8:0::1]:51820") == Endpoint("2001:db8::1", 51820)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.1",
        "192.0.2.1:",
        "192.0.2.1:65536",
        "192.0.2.1:-1",
        "192.0.2.1:5182O",
        "192.0.2.1:５",
        "192.0.2.1:" + "9" * 5000,
        "192.0.2.256:1",
        "192.0.2.1%eth0:1",
        "[192.0.2.1]:1",
        "2001:db8::1",
        "2001:db8::1:51820",
        "[2001:db8::1:51820",
        "2001:db8::1]:51820",
        "[fe80::1%]:1",
        "[fe80::1%eth0%eth1]:1",
        "node.example:51820",
        "[]:1",
    ],
)
def test_what_is_not_an_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Endpoint.parse(text)


def test_a_later_start_is_higher_than_any_change_before_it() -> None:
    assert Incarnation(2, 0) > Incarnation(1, 2**32 - 2) > Incarnation(1, 0)


def test_endpoints_have_one_order_everywhere() -> None:
    assert Endpoint("10.0.0.1", 2) < Endpoint("10.0.0.1", 3) < Endpoint("10.0.0.2", 1)


def test_the_network_of_an_address_has_no_host_bits() -> None:
    assert network_of("192.168.1.17/24") == ipaddress.ip_network("192.168.1.0/24")
    assert network_of("fe80::17/64") == ipaddress.ip_network("fe80::/64")
    with pytest.raises(ValueError, match="eth0"):
        network_of("eth0")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (IdentityKey, [bytes(32)], [bytes(31), bytes(33)]),
        (PublicKey, [bytes(32)], [bytes(31), bytes(33)]),
        (Port, [0, 65535], [-1, 65536]),
        (U32, [0, 2**32 - 1], [-1, 2**32]),
    ],
    ids=["identity", "public key", "port", "u32"],
)
def test_what_is_read_from_others_is_within_its_bounds(kind: Any, good: list[object], bad: list[object]) -> None:
    assert [msgspec.convert(value, kind) for value in good] == good
    for value in bad:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind)


def test_a_day_is_a_day_in_milliseconds() -> None:
    assert DAY == 86_400_000
