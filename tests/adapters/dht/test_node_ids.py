import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.adapters.dht.node_ids import is_allowed, is_exempt, node_id_for

# The examples of BEP 42: address, the chance in the last byte, the first bytes of the id.
EXAMPLES = [
    ("124.31.75.21", 1, "5fbfbf"),
    ("21.75.31.124", 86, "5a3ce9"),
    ("65.23.51.170", 22, "a5d432"),
    ("84.124.73.14", 65, "1b0321"),
    ("43.213.53.83", 90, "e56f6c"),
]


@pytest.mark.parametrize(("ip", "chance", "head"), EXAMPLES)
def test_an_id_follows_from_the_address_as_in_bep_42(ip: str, chance: int, head: str) -> None:
    made = node_id_for(ip, bytes(19) + bytes([chance]))
    assert made[:2] == bytes.fromhex(head)[:2]
    assert made[2] & 0xF8 == bytes.fromhex(head)[2] & 0xF8
    assert made[19] == chance
    assert is_allowed(made, ip)


@given(st.ip_addresses().map(str), st.binary(min_size=20, max_size=20))
def test_an_id_made_for_an_address_is_allowed_there(ip: str, chance: bytes) -> None:
    assert is_allowed(node_id_for(ip, chance), ip)


def test_an_id_of_another_address_is_not() -> None:
    assert not is_allowed(node_id_for("124.31.75.21", bytes(20)), "43.213.53.83")
    assert not is_allowed(node_id_for("2001:db8:1::1", bytes(20)), "2001:db8:2::1")


@pytest.mark.parametrize(
    "ip", ["10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.1.1", "127.0.0.1", "fd00::1", "fe80::1"]
)
def test_addresses_of_one_network_only_are_exempt(ip: str) -> None:
    assert is_exempt(ip)
    assert is_allowed(bytes(20), ip)


def test_documentation_addresses_are_held_to_it_so_that_it_can_be_tested() -> None:
    assert not is_exempt("192.0.2.1")
