from ipaddress import ip_network

from tests.cast import ALICE
from tests.playbook import given
from wgmesh.domain.attached import has_ipv4, is_on_link, networks, networks_of, overlap
from wgmesh.domain.events import InterfacesChanged, MeshAddressChanged
from wgmesh.domain.values import Endpoint, Interface

ALICE_IS_UP = given(*ALICE.joined())


def test_a_machine_is_attached_to_its_lans_and_to_what_its_other_interfaces_lead_to() -> None:
    mesh = ALICE_IS_UP.given(InterfacesChanged((ALICE.interface,), ("10.2.0.0/16",), ())).mesh
    found = networks(mesh.interfaces, mesh.attached)
    assert [str(network) for network in found] == ["192.168.1.0/24", "fe80::/64", "10.2.0.0/16"]
    assert networks_of(("10.2.0.0/16",)) == (ip_network("10.2.0.0/16"),)


def test_a_lan_in_the_range_of_the_mesh_takes_its_ipv4_address() -> None:
    lan = Interface("eth0", 2, 1500, ("10.49.3.4/24", "fe80::1/64"))
    mesh = ALICE_IS_UP.given(InterfacesChanged((lan,), (), ())).mesh
    assert (overlap(mesh), has_ipv4(mesh)) == ("10.49.3.0/24", False)
    assert (overlap(ALICE_IS_UP.mesh), has_ipv4(ALICE_IS_UP.mesh)) == ("", True)


def test_who_has_no_address_left_has_none() -> None:
    assert not has_ipv4(ALICE_IS_UP.given(MeshAddressChanged(255, "", ALICE.ipv4)).mesh)


def test_on_link_is_what_a_lan_of_ours_contains_and_a_scoped_address_on_its_interface() -> None:
    mesh = ALICE_IS_UP.mesh
    assert is_on_link(mesh, Endpoint("192.168.1.77", 1))
    assert not is_on_link(mesh, Endpoint("192.168.2.77", 1))
    assert is_on_link(mesh, Endpoint("fe80::77", 1, "eth0"))
    assert not is_on_link(mesh, Endpoint("fe80::77", 1, "eth1"))
