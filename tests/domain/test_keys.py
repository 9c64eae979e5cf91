import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.domain.vectors import load
from wgmesh.domain.keys import LAN_PORT, derive, mesh_parameter, parameters, token, token_hour
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.secret import Secret, mint, parse

VECTORS = load("derivations")["secrets"]
A, B = bytes(32), bytes(range(32))
KEY = b"k" * 32
HOUR = 500_000


@pytest.mark.parametrize("vector", VECTORS)
def test_all_keys_are_those_of_the_vectors(vector: Any) -> None:
    keys = derive(Secret(vector["secret"]))
    for name in ("network_id", "gossip_key", "envelope_key", "psk", "membership_key", "epoch_seed"):
        assert getattr(keys, name).hex() == vector[name], name
    assert keys.gossip_port == vector["gossip_port"]
    assert keys.multicast_group == vector["multicast_group"]
    assert keys.rendezvous_title == vector["registry_title"]


@pytest.mark.parametrize("vector", VECTORS)
def test_infohashes_are_those_of_the_vectors(vector: Any) -> None:
    secret = Secret(vector["secret"])
    assert derive(secret).infohash(500_000).hex() == vector["infohash_hour_500000"]
    assert derive(secret).infohash(499_999).hex() == vector["infohash_hour_499999"]


@pytest.mark.parametrize("vector", VECTORS)
def test_parameters_are_those_of_the_vectors(vector: Any) -> None:
    secret = Secret(vector["secret"])
    assert base64.urlsafe_b64encode(mesh_parameter(secret)).decode().rstrip("=") == vector["mesh_parameter"]
    assert mesh_parameter(secret)[:2].hex() == vector["mesh_subnet"]
    hexes = (vector["ipv6_prefix"], vector["address_key"])
    assert parameters(secret) == Parameters(vector["mesh_network"], *map(bytes.fromhex, hexes))


def test_only_the_payload_decides_keys() -> None:
    bare, full = mint(B), mint(B, b"o" * 32, "192.168.100.0/24")
    assert derive(bare) == derive(full)
    assert derive(bare).infohash(HOUR) == derive(full).infohash(HOUR)


def test_owner_and_subnet_of_the_uri_are_parameters() -> None:
    plain, told = parameters(mint(B)), parameters(mint(B, b"o" * 32, "192.168.100.0/24"))
    assert told == structs.replace(plain, network="192.168.100.0/24", owner=b"o" * 32)


def test_a_rotated_secret_that_carries_the_mesh_keeps_every_parameter() -> None:
    founding = mint(A)
    rotated = Secret(mint(B).payload, mesh=mesh_parameter(founding))
    assert parameters(rotated) == parameters(founding) != parameters(mint(B))
    assert mesh_parameter(rotated) == mesh_parameter(founding)
    assert derive(rotated) == derive(mint(B)) != derive(founding)


@pytest.mark.parametrize(
    ("payload", "port"),
    [
        ("wgmesh-port-test-1311", 51828),
        ("wgmesh-port-test-0950", 52829),  # the DHT's, one above, would be the LAN's
        ("wgmesh-port-test-0912", 52830),
        ("wgmesh-port-test-1032", 51831),
    ],
)
def test_neither_gossip_nor_dht_takes_the_port_of_lan_announcements(payload: str, port: int) -> None:
    assert derive(Secret(payload)).gossip_port == port


@given(st.binary(min_size=32, max_size=32))
def test_the_gossip_port_is_in_its_range(random: bytes) -> None:
    port = derive(mint(random)).gossip_port
    assert 51821 <= port <= 52830
    assert LAN_PORT not in (port, port + 1)


def test_no_text_form_of_keys_shows_any() -> None:
    keys = derive(parse("wgmesh://v1/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8WqpAi"))
    assert repr(keys) == str(keys) == f"{keys}" == "Keys()"
    assert keys.__rich_repr__() == []


@pytest.mark.parametrize("vector", VECTORS)
def test_tokens_are_those_of_the_vectors(vector: Any) -> None:
    membership_key = derive(Secret(vector["secret"])).membership_key
    assert token(membership_key, A, B, HOUR).hex() == vector["token_identity_A_wg_B_hour_500000"]


@pytest.mark.parametrize("offset", range(-3, 4))
def test_a_token_is_right_for_its_hour_and_the_two_beside_it(offset: int) -> None:
    candidate = token(KEY, A, B, HOUR + offset)
    assert token_hour(KEY, A, B, HOUR, candidate) == (HOUR + offset if abs(offset) <= 1 else None)


def test_a_token_is_of_one_node_and_one_mesh() -> None:
    candidate = token(KEY, A, B, HOUR)
    assert token_hour(b"x" * 32, A, B, HOUR, candidate) is None
    assert token_hour(KEY, B, B, HOUR, candidate) is None
    assert token_hour(KEY, A, A, HOUR, candidate) is None


@pytest.mark.parametrize("size", [0, 1, 31, 33])
def test_a_token_of_another_size_is_wrong(size: int) -> None:
    assert token_hour(KEY, A, B, HOUR, (token(KEY, A, B, HOUR) * 2)[:size]) is None
