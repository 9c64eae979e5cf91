"""A peer is found by whatever a person has of it, and never by a guess."""

import pytest

from tests.stories import BETA, GAMMA, MESH, STORY, discovered, ipv4, ipv6, mesh_of
from wgmesh.domain import events as e
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.values import Incarnation
from wgmesh.projections.named_peer import named_key, named_peer
from wgmesh.projections.wording import key

BETA_KEY = key(BETA.public_key)


@pytest.mark.parametrize(
    "name", [BETA_KEY, BETA_KEY[:4], key(BETA.key), key(BETA.key)[:4], "beta", ipv4(BETA), ipv6(BETA)]
)
def test_a_peer_is_found_by_any_of_its_names(name: str) -> None:
    assert named_peer(MESH, name).identity == BETA.key


@pytest.mark.parametrize("name", ["", "delta", "10.71.0.1", BETA_KEY + "A"])
def test_nobody_is_found_by_what_is_nobodys_name(name: str) -> None:
    with pytest.raises(WgmeshError, match="no peer is called"):
        named_peer(MESH, name)


def test_what_several_are_called_names_nobody_and_says_who_they_are() -> None:
    mesh = mesh_of(discovered(GAMMA, "beta", "192.168.1.23"), told=STORY[:7])
    with pytest.raises(WgmeshError) as refusal:
        named_peer(mesh, "beta")
    assert key(GAMMA.public_key) in str(refusal.value)
    assert BETA_KEY in str(refusal.value)


def test_a_whole_name_goes_before_the_beginning_of_a_key() -> None:
    mesh = mesh_of(discovered(GAMMA, BETA_KEY[0], "192.168.1.23"), told=STORY[:7])
    assert named_peer(mesh, BETA_KEY[0]).identity == GAMMA.key


def test_who_left_is_found_too() -> None:
    mesh = mesh_of(e.PeerLeft(BETA.key, Incarnation(1, 2), b"bye"), told=STORY)
    assert named_peer(mesh, "beta").state == "left"


def test_a_whole_key_names_itself_and_all_else_a_peer_that_is_known() -> None:
    stranger = key(bytes(range(32)))
    assert named_key(MESH, stranger) == bytes(range(32))
    assert [named_key(MESH, name) for name in (BETA_KEY, key(BETA.key), "beta")] == [BETA.public_key] * 3
    for unknown in ("delta", "AAAA", key(bytes(31))):
        with pytest.raises(WgmeshError, match="no peer is called"):
            named_key(MESH, unknown)
