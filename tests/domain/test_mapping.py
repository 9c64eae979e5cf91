"""Where the Internet sees us, and through what kind of NAT: whose word is believed."""

import pytest

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.playbook import given
from wgmesh.domain.facts import Nat, NatKind
from wgmesh.domain.inputs import Networked
from wgmesh.domain.mapping import Source, disbelief, judged
from wgmesh.domain.values import Endpoint, Ground

SERVER, OTHER, THIRD = (Endpoint(f"8.8.4.{number}", 3478) for number in (1, 2, 3))
PRIVATE_SERVER = Endpoint("10.9.9.9", 3478)
HERE, THERE, BESIDE = (Endpoint("9.9.9.9", port) for port in (1, 2, 3))
ELSEWHERE = Endpoint("9.9.9.8", 1)
OWN = ALICE.wireguard
MESH = given(*ALICE.joined()).when(Networked((ALICE.interface,))).mesh


def held(kind: NatKind, endpoint: Endpoint = HERE) -> Nat:
    return Nat(kind, endpoint, Ground(1, 1, 1))


@pytest.mark.parametrize(
    ("ip", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("0.0.0.0", "unspecified"),
        ("169.254.1.1", "link-local"),
        ("192.168.7.7", "not of the Internet"),
        ("100.64.0.1", "not of the Internet"),
        ("2001:db8::1", "of another family"),
        (ALICE.ipv4, "within the mesh"),
    ],
)
def test_row_50_an_address_that_no_server_on_the_internet_can_see_is_not_believed(ip: str, why: str) -> None:
    assert disbelief(MESH, SERVER, Endpoint(ip, 40000)) == why


def test_port_0_is_not_believed() -> None:
    assert disbelief(MESH, SERVER, Endpoint("9.9.9.9", 0)) == "port 0"


def test_a_server_in_a_private_network_sees_private_addresses() -> None:
    assert disbelief(MESH, SERVER, HERE) == ""
    assert disbelief(MESH, PRIVATE_SERVER, Endpoint("10.9.1.1", 40000)) == ""


@pytest.mark.parametrize(
    ("words", "known", "found"),
    [
        ({}, None, None),
        # one alone fills a gap, and no more
        ({SERVER: HERE}, None, ("unknown", HERE)),
        ({SERVER: OWN}, None, ("none", OWN)),
        ({SERVER: THERE}, held("unknown"), ("unknown", THERE)),
        ({SERVER: THERE}, held("easy"), None),
        ({SERVER: THERE}, held("hard"), None),
        # two who agree are believed
        ({SERVER: HERE, OTHER: HERE}, held("hard"), ("easy", HERE)),
        ({SERVER: THERE, OTHER: THERE}, held("easy"), ("easy", THERE)),
        ({SERVER: OWN, OTHER: OWN}, None, ("none", OWN)),
        ({BOB.key: HERE, SERVER: HERE}, None, ("easy", HERE)),
        # another port for each is a hard NAT
        ({SERVER: HERE, OTHER: THERE}, None, ("hard", HERE)),
        ({SERVER: HERE, OTHER: THERE, THIRD: BESIDE}, held("easy"), ("hard", HERE)),
        # row 50: one of three lies
        ({SERVER: ELSEWHERE, OTHER: HERE, THIRD: HERE}, None, ("easy", HERE)),
        ({SERVER: HERE, OTHER: ELSEWHERE, THIRD: HERE}, held("easy"), ("easy", HERE)),
        # row 50: one of two lies, nobody knows which
        ({SERVER: ELSEWHERE, OTHER: HERE}, None, ("unknown", ELSEWHERE)),
        ({SERVER: ELSEWHERE, OTHER: HERE}, held("easy"), None),
    ],
)
def test_nobody_is_believed_alone(
    words: dict[Source, Endpoint], known: Nat | None, found: tuple[NatKind, Endpoint] | None
) -> None:
    assert judged(MESH, words, known) == found


def test_a_machine_with_our_port_that_is_not_us_is_behind_a_nat() -> None:
    elsewhere = Endpoint("9.9.9.9", ALICE.wireguard.port)
    own_address = Endpoint(ALICE.ip, 7)
    for endpoint in (elsewhere, own_address):
        assert judged(MESH, {SERVER: endpoint, OTHER: endpoint}, None) == ("easy", endpoint)


def test_all_members_of_a_mesh_are_no_servers() -> None:
    """Sources of both kinds are told apart by what they are."""
    words: dict[Source, Endpoint] = {BOB.key: HERE, CAROL.key: THERE, DAVE.key: THERE}
    assert judged(MESH, words, None) == ("easy", THERE)
