import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.playbook import given as story
from wgmesh.domain.events import (
    EndpointReflected,
    EndpointsDeclared,
    InterfacesChanged,
    MeshAddressChanged,
    MeshLeft,
    NatDetected,
    SettingsChanged,
)
from wgmesh.domain.facts import NatKind
from wgmesh.domain.own_record import own_endpoints, own_record
from wgmesh.domain.peer_record import MOST_ENDPOINTS, NO_IPV4, RENDEZVOUS, ClaimedEndpoint, decode, sign
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import Endpoint, Incarnation, Interface

ALICE_IS_UP = story(*ALICE.joined())


def test_a_node_says_of_itself_what_its_log_says() -> None:
    assert own_record(ALICE_IS_UP.mesh) == ALICE.record(boot=1, change=2)


def test_a_node_without_an_ipv4_address_says_so() -> None:
    mesh = ALICE_IS_UP.given(MeshAddressChanged(255, "", ALICE.ipv4)).mesh
    assert (own_record(mesh).nonce, own_record(mesh).capabilities) == (255, NO_IPV4 | RENDEZVOUS)


def test_a_goodbye_is_the_record_of_a_node_that_left() -> None:
    goodbye = own_record(ALICE_IS_UP.given(MeshLeft()).mesh)
    assert goodbye == ALICE.record(boot=1, change=3, left=True)


def test_a_change_of_settings_is_a_change_of_the_record() -> None:
    settings = NodeSettings("wgmesh0", "ada", "none", True, ())
    record = own_record(ALICE_IS_UP.given(SettingsChanged(settings)).mesh)
    assert (record.hostname, record.incarnation) == ("ada", Incarnation(1, 3))


def endpoints(*interfaces: Interface) -> list[str]:
    mesh = ALICE_IS_UP.given(InterfacesChanged(interfaces, (), ())).mesh
    assert all((claim.kind, claim.socket) == ("lan", "wg") for claim in own_record(mesh).endpoints)
    return [claim.endpoint.ip for claim in own_record(mesh).endpoints]


def test_it_can_be_reached_at_every_address_that_means_something_on_other_machines() -> None:
    wired = Interface("eth0", 2, 1500, ("192.168.1.1/24", "fe80::1/64", "2001:db8::1/64"))
    wireless = Interface("wlan0", 3, 1500, ("127.0.0.2/8", "169.254.7.7/16", "::1/128", "10.0.0.1/8"))
    assert endpoints(wired, wireless) == ["192.168.1.1", "2001:db8::1", "10.0.0.1"]
    assert endpoints() == []


def test_the_port_is_wireguards() -> None:
    assert own_record(ALICE_IS_UP.mesh).endpoints == (
        ClaimedEndpoint("lan", "wg", Endpoint(ALICE.ip, ALICE.wireguard.port)),
    )


# IPv4-mapped addresses name no interface.
addresses = st.ip_addresses().filter(lambda ip: ip.version == 4 or ip.ipv4_mapped is None)
prefixes = addresses.map(lambda ip: f"{ipaddress.ip_address(ip.packed)}/{ip.max_prefixlen}")


@given(st.lists(st.lists(prefixes, max_size=12), max_size=6), st.from_regex(r"[a-z0-9-]{0,63}", fullmatch=True))
def test_whatever_addresses_a_machine_has_its_record_can_be_signed_and_read(
    machine: list[list[str]], hostname: str
) -> None:
    interfaces = tuple(Interface(f"eth{n}", n, 1500, tuple(each)) for n, each in enumerate(machine))
    settings = NodeSettings("wgmesh0", hostname, "none", True, ())
    record = own_record(ALICE_IS_UP.given(InterfacesChanged(interfaces, (), ()), SettingsChanged(settings)).mesh)
    assert len(record.endpoints) <= MOST_ENDPOINTS
    assert decode(sign(record, ALICE.identity)) == record


def test_where_the_operator_says_that_it_is_comes_first_with_the_exchange_beside() -> None:
    outside = Endpoint("203.0.113.9", 51820)
    mesh = ALICE_IS_UP.given(EndpointsDeclared((outside,))).mesh
    first, second, *_ = own_record(mesh).endpoints
    assert first == ClaimedEndpoint("static", "wg", outside)
    assert second == ClaimedEndpoint("static", "exchange", Endpoint("203.0.113.9", mesh.exchange_port))


HERE, THERE, SIX = Endpoint("203.0.113.9", 40000), Endpoint("203.0.113.9", 40001), Endpoint("2001:db8::9", 40000)


def test_where_two_have_seen_us_stands_before_our_lan_and_what_one_has_seen_behind_it() -> None:
    own = ClaimedEndpoint("lan", "wg", ALICE.wireguard)
    seen = ClaimedEndpoint("reflexive", "wg", HERE)
    said_of: dict[NatKind, tuple[ClaimedEndpoint, ...]]
    said_of = {"easy": (seen, own), "hard": (own, seen), "unknown": (own, seen), "none": (own,)}
    for kind, said in said_of.items():
        mesh = ALICE_IS_UP.given(NatDetected(kind, HERE, (), ())).mesh
        assert own_endpoints(mesh) == said
        assert (mesh.incarnation > ALICE_IS_UP.mesh.incarnation) == (kind != "none")


def test_as_what_a_nat_shows_our_exchange_is_said_as_soon_as_one_has_seen_it() -> None:
    own = ClaimedEndpoint("lan", "wg", ALICE.wireguard)
    seen, other = (ClaimedEndpoint("reflexive", "exchange", endpoint) for endpoint in (HERE, THERE))
    once = ALICE_IS_UP.given(EndpointReflected(BOB.key, HERE))
    assert own_endpoints(once.mesh) == (own, seen)
    two = once.given(EndpointReflected(CAROL.key, THERE))
    assert (own_endpoints(two.mesh), two.mesh.incarnation) == ((own, seen), once.mesh.incarnation)
    agreed = two.given(EndpointReflected(DAVE.key, THERE))
    assert own_endpoints(agreed.mesh) == (other, own)
    both = agreed.given(EndpointReflected(BOB.key, SIX))
    assert own_endpoints(both.mesh) == (other, own, ClaimedEndpoint("reflexive", "exchange", SIX))


def test_what_was_seen_of_us_is_withdrawn_with_the_networks_and_with_a_start() -> None:
    known = ALICE_IS_UP.given(NatDetected("easy", HERE, (), ()), EndpointReflected(BOB.key, HERE))
    for event in (InterfacesChanged((), (), ()), ALICE.started(2)):
        mesh = known.given(event).mesh
        assert (mesh.nats, mesh.reflected) == ({}, {})
    attached = known.given(InterfacesChanged((ALICE.interface,), ("172.17.0.0/16",), ())).mesh
    assert attached.nats == known.mesh.nats
