"""On which addresses the LAN layer may meet others."""

from msgspec.structs import replace

from tests.cast import ALICE
from tests.playbook import given
from wgmesh.domain.events import InterfacesChanged
from wgmesh.domain.mesh import Mesh
from wgmesh.projections.lan_interfaces import lan_interfaces


def test_every_interface_is_spoken_on_with_all_its_addresses() -> None:
    assert lan_interfaces(given(*ALICE.joined()).mesh) == (ALICE.interface,)


def test_but_not_from_an_address_in_the_meshs_own_range_which_could_be_nobodys_endpoint() -> None:
    inside = replace(ALICE.interface, prefixes=(f"{ALICE.ipv4}/24", "fe80::1/64"))
    mesh = given(*ALICE.joined(), InterfacesChanged((inside, ALICE.interface), (), ())).mesh
    assert lan_interfaces(mesh) == (replace(inside, prefixes=("fe80::1/64",)), ALICE.interface)


def test_before_a_node_joined_there_is_nothing_to_speak_on() -> None:
    assert lan_interfaces(Mesh()) == ()
