import base64
import hashlib
import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.vectors import load
from wgmesh.domain.parameters import NONCES, Parameters, fingerprint, ipv4_of, ipv6_of, network_ipv6

MESH = Parameters("10.49.0.0/16", bytes.fromhex("fdd4d277ffbee65b"), bytes(range(16)), b"o" * 32)
KEYS = st.binary(min_size=32, max_size=32)


def _parameters(vector: Any, network: str = "") -> Parameters:
    hexes = (vector["ipv6_prefix"], vector["address_key"])
    return Parameters(network or vector["mesh_network"], *map(bytes.fromhex, hexes))


@pytest.mark.parametrize("vector", load("derivations")["secrets"])
@pytest.mark.parametrize("name", ["A", "B"])
def test_addresses_are_those_of_the_vectors(vector: Any, name: str) -> None:
    expected = vector["addresses"][name]
    key = base64.b64decode(expected["wg_public_key"])
    assert [ipv4_of(_parameters(vector), key, nonce) for nonce in range(3)] == expected["ipv4"]
    assert ipv4_of(_parameters(vector, "192.168.100.0/24"), key, 0) == expected["ipv4_in_192.168.100.0/24"]
    assert ipv6_of(_parameters(vector), key) == expected["ipv6"]


@given(KEYS, st.integers(0, NONCES - 1), st.integers(8, 28), st.integers(1 << 24, (224 << 24) - 1))
def test_an_ipv4_address_is_a_host_of_the_mesh(key: bytes, nonce: int, length: int, base: int) -> None:
    network = ipaddress.IPv4Network((base, length), strict=False)
    ip = ipaddress.IPv4Address(ipv4_of(Parameters(str(network), bytes(8), bytes(16)), key, nonce))
    assert network.network_address < ip < network.broadcast_address


def test_every_host_of_a_small_mesh_can_be_given() -> None:
    mesh = Parameters("192.0.2.0/28", bytes(8), bytes(16))
    given_addresses = {ipv4_of(mesh, bytes([key]) * 32, nonce) for key in range(8) for nonce in range(NONCES)}
    assert given_addresses == {f"192.0.2.{host}" for host in range(1, 15)}


@pytest.mark.parametrize("nonce", [-1, 256, 10**6])
def test_no_address_is_derived_from_a_nonce_that_is_not_a_byte(nonce: int) -> None:
    with pytest.raises(ValueError, match="range"):
        ipv4_of(MESH, bytes(32), nonce)


@given(KEYS)
def test_an_ipv6_address_is_in_the_range_of_the_mesh(key: bytes) -> None:
    assert ipaddress.IPv6Address(ipv6_of(MESH, key)) in ipaddress.IPv6Network(network_ipv6(MESH))
    assert network_ipv6(MESH) == "fdd4:d277:ffbe:e65b::/64"


def test_the_fingerprint_covers_every_parameter() -> None:
    plain = b"wgmesh-parameters-v1" + bytes([10, 49, 0, 0, 16]) + MESH.ipv6_prefix + MESH.address_key + b"o" * 32
    assert fingerprint(MESH) == hashlib.sha256(plain).digest()[:8]
    others = [
        Parameters("10.49.0.0/17", MESH.ipv6_prefix, MESH.address_key, MESH.owner),
        Parameters("10.50.0.0/16", MESH.ipv6_prefix, MESH.address_key, MESH.owner),
        Parameters(MESH.network, bytes(8), MESH.address_key, MESH.owner),
        Parameters(MESH.network, MESH.ipv6_prefix, bytes(16), MESH.owner),
        Parameters(MESH.network, MESH.ipv6_prefix, MESH.address_key),
    ]
    assert len({fingerprint(each) for each in (MESH, *others)}) == 6


def test_no_owner_counts_as_zeros() -> None:
    unowned = Parameters(MESH.network, MESH.ipv6_prefix, MESH.address_key)
    assert fingerprint(unowned) == fingerprint(Parameters(MESH.network, MESH.ipv6_prefix, MESH.address_key, bytes(32)))
