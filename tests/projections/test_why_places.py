"""Every address, socket address and network has its owner, or a sentence that says why it has none."""

import ipaddress

import pytest
from msgspec.structs import replace

from tests.stories import ALPHA, BETA, BETA_AT, GAMMA, MESH, SETTINGS, STORY, discovered, ipv4, ipv6, mesh_of
from wgmesh.domain import events as e
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.projections.why_answer import Circumstances
from wgmesh.projections.why_places import of_address, of_endpoint, of_prefix
from wgmesh.projections.wording import key

SEALED = e.DatagramsRejected({"seal": 9}, ("192.168.1.66",))


def seen(mesh: Mesh, *rejected: e.DatagramsRejected) -> Circumstances:
    return Circumstances(mesh.head.at, mesh.head.awake, True, None, rejected)


def whose(ip: str, mesh: Mesh = MESH, *rejected: e.DatagramsRejected) -> str:
    return of_address(mesh, ip, seen(mesh, *rejected)).verdict


@pytest.mark.parametrize(
    ("ip", "verdict"),
    [
        (ipv4(ALPHA), f"{ipv4(ALPHA)} is this node's own: this node, "),
        (ipv6(ALPHA), f"{ipv6(ALPHA)} is this node's own: this node, "),
        (ipv4(BETA), f"{ipv4(BETA)} goes to beta: beta is connected for "),
        (ipv6(GAMMA), f"{ipv6(GAMMA)} goes to gamma: gamma is silent for "),
        ("10.71.9.9", "10.71.9.9 is nobody's: no present peer of this mesh has it"),
        ("fd57:6700::1", "fd57:6700::1 is nobody's: no present peer of this mesh has it"),
        ("192.168.1.17", "192.168.1.17 is where beta is said to be"),
        ("192.168.1.5", "192.168.1.5 is this machine's own"),
        ("127.0.0.1", "127.0.0.1 is never used as an endpoint, since it is loopback"),
        ("192.0.2.7", "192.0.2.7 is nobody's: no peer is said to be there, and nothing was dropped from there of late"),
    ],
)
def test_an_address_has_its_owner(ip: str, verdict: str) -> None:
    assert whose(ip).startswith(verdict)


def test_an_address_that_two_have_goes_to_one_and_not_to_the_other() -> None:
    gamma = replace(MESH.peers[GAMMA.key], ipv4=ipv4(BETA))
    mesh = replace(MESH, peers={**MESH.peers, GAMMA.key: gamma})
    answer = of_address(mesh, ipv4(BETA), seen(mesh))
    assert answer.verdict.startswith(f"{ipv4(BETA)} goes to beta, and not to gamma, which has it too: beta is")
    assert answer.grounds[0] == 7
    assert key(GAMMA.key) in answer.words


def test_what_comes_from_an_address_says_who_may_be_there() -> None:
    assert whose("192.168.1.66", MESH, SEALED) == (
        "192.168.1.66 sends datagrams that our secret does not open: another mesh, or a node with a wrong secret"
    )
    skewed = mesh_of(e.ClockSkewObserved(BETA.key, "192.168.1.8", 3), told=STORY)
    assert whose("192.168.1.8", skewed) == (
        "192.168.1.8 has the secret and is not answered: the clock of beta at 192.168.1.8 is about 3 h ahead of this"
        " machine's: set the wrong one"
    )
    newer = mesh_of(e.NewerPeerSeen("192.168.1.9"), told=STORY)
    answer = of_address(newer, "192.168.1.9", seen(newer, e.DatagramsRejected({"size": 1}, ("192.168.1.9",))))
    assert answer.verdict == ("192.168.1.9 has the secret and speaks a newer protocol: update wgmesh on this machine")
    assert answer.facts == (
        ("refused", "datagrams from 192.168.1.9 were among those dropped (size 1)"),
        ("refused", "it speaks a newer protocol, for 0 ms: update wgmesh here"),
    )


def test_an_endpoint_has_its_claimants_and_its_fate() -> None:
    answer = of_endpoint(MESH, BETA_AT, seen(MESH))
    assert answer.verdict == ("192.168.1.17:21820, where beta is said to be, is proven by a handshake 1 h 1 min ago")
    assert answer.facts == (("tried", "192.168.1.17:21820 for beta: proven by a handshake 1 h 1 min ago"),)
    assert answer.grounds[:2] == (8, 9)
    shared = mesh_of(discovered(GAMMA, "gamma", BETA_AT.ip), told=STORY[:9])
    assert [text.split(":")[1] for _, text in of_endpoint(shared, BETA_AT, seen(shared)).facts] == [
        "21820 for beta", "21820 for gamma"
    ]  # fmt: skip


def test_an_endpoint_that_nobody_claims() -> None:
    nobody = of_endpoint(MESH, Endpoint("192.168.1.17", 1), seen(MESH))
    assert nobody.verdict == "192.168.1.17:1 is claimed by no peer; 192.168.1.17 is where beta is said to be"
    never = of_endpoint(MESH, Endpoint("127.0.0.1", 1), seen(MESH))
    assert never.verdict.startswith("127.0.0.1:1 would never be used, since it is loopback; ")


def standing(network: str, mesh: Mesh = MESH) -> str:
    return of_prefix(mesh, ipaddress.ip_network(network), seen(mesh)).verdict


def test_a_network_is_the_meshs_or_attached_or_announced_or_unknown() -> None:
    ours = "is the mesh's own, by its secret: this node and 2 peers have their addresses in it"
    assert standing("10.71.0.0/16") == f"10.71.0.0/16 {ours}"
    assert standing("fd57:6700::/64") == f"fd57:6700::/64 {ours}"
    assert standing("192.168.1.0/24") == "192.168.1.0/24 is attached to this machine, at eth0"
    assert standing("172.30.0.0/16").endswith(
        "is unknown here: neither the mesh's, nor attached, nor announced by a peer"
    )


BEHIND = "172.30.0.0/16"


def routed(*accepted: str, announced: tuple[str, ...] = ()) -> Mesh:
    """Beta announces a network."""
    beta = replace(MESH.peers[BETA.key], routes=(BEHIND,))
    settings = replace(SETTINGS, accept_routes=accepted, advertise_routes=announced)
    return replace(MESH, peers={BETA.key: beta}, settings=settings)


def test_a_network_behind_a_peer_is_used_or_not_and_why() -> None:
    assert standing(BEHIND, routed()).startswith(f"{BEHIND} is announced by beta, and not used: not accepted here")
    assert of_prefix(routed(), ipaddress.ip_network(BEHIND), seen(MESH)).facts == (
        ("refused", "the route over beta: not accepted here: join with --accept-routes"),
    )
    assert standing(BEHIND, routed("all")).startswith(
        f"{BEHIND} goes to beta, which announces it: beta is connected for "
    )
    assert whose("172.30.1.1", routed("all")) == (
        f"172.30.1.1 is reached through the mesh: {BEHIND} is behind a peer, as `why {BEHIND}` says"
    )
    assert standing("172.31.0.0/16", routed(announced=("172.31.0.0/16",))) == (
        "172.31.0.0/16 is behind this node, which announces it"
    )


def test_a_mesh_network_that_overlaps_an_attached_one_is_left_out() -> None:
    mesh = mesh_of(e.InterfacesChanged((Interface("eth1", 3, 1500, ("10.71.3.1/24",)),), (), ()), told=STORY)
    assert standing("10.71.0.0/16", mesh) == (
        "10.71.0.0/16 is the mesh's own, and left out on this node, since it overlaps the attached network 10.71.3.0/24"
    )


def test_where_nobody_answers_it_is_said_with_who_named_the_address() -> None:
    named = e.HelloUnanswered(bytes(32), "", "peer", Endpoint("203.0.113.9", 52000))
    mesh = mesh_of(named, told=STORY)
    assert whose("203.0.113.9", mesh).startswith("203.0.113.9 answers no Hello: for 0 ms nobody answers at ")
    assert of_address(mesh, "203.0.113.9", seen(mesh)).grounds == (14,)
