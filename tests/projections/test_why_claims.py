"""Each address of a peer has its fate, and where it is doubtful the doubt is said."""

import pytest
from msgspec.structs import replace

from tests.stories import BETA, GAMMA, GAMMA_AT, MESH, NOON, STORY, discovered, mesh_of, records, updated
from wgmesh.domain import events as e
from wgmesh.domain.endpoints import turns
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Claim
from wgmesh.domain.values import HOUR, SECOND, Endpoint, Ground
from wgmesh.projections.why_answer import Circumstances
from wgmesh.projections.why_claims import claims_of, doubt, fate, of_claim

MET = mesh_of(discovered(BETA, "beta", "192.168.1.17"), told=STORY[:6])


def seen(mesh: Mesh, seconds: float = 0, *rejected: e.DatagramsRejected) -> Circumstances:
    """So many seconds after the last record."""
    later = int(seconds * SECOND)
    return Circumstances(mesh.head.at + later, mesh.head.awake + later, True, None, rejected)


def fate_of_first(mesh: Mesh, who: bytes, seconds: float = 0) -> str:
    peer = mesh.peers[who]
    return fate(mesh, peer, claims_of(peer)[0], seen(mesh, seconds))


def first_turn(mesh: Mesh) -> float:
    """Seconds from the last record to the first try of beta."""
    begins = turns(mesh, mesh.peers[BETA.key], mesh.head.awake)[0][1]
    return (begins - mesh.head.awake) / SECOND


def test_an_address_waits_for_its_turn_and_is_tried_again() -> None:
    begins = first_turn(MET)
    assert begins > 0
    assert fate_of_first(MET, BETA.key) == f"first tried in {begins:.0f} s"
    assert fate_of_first(MET, BETA.key, begins) == "being tried just now"
    assert fate_of_first(MET, BETA.key, begins + 40) == "last tried 40 s ago, again in 20 s"


def test_an_address_that_another_claim_stands_for_has_no_turn_of_its_own() -> None:
    peer = MET.peers[BETA.key]
    other = Claim(Endpoint("192.168.1.18", 1), "lan", "record", Ground(1, NOON, 0))
    assert fate(MET, peer, other, seen(MET)) == "first tried later"


def test_a_handshake_proves_an_address_and_makes_others_needless() -> None:
    assert fate_of_first(MESH, BETA.key) == "proven by a handshake 1 h 1 min ago"
    moved = fold(records((4000, "lan", updated(BETA, "beta", "192.168.1.77")), after=len(STORY)), MESH)
    last = claims_of(moved.peers[BETA.key])[-1]
    assert fate(moved, moved.peers[BETA.key], last, seen(moved)) == "not needed"


def test_nothing_is_tried_of_who_is_gone() -> None:
    gone = mesh_of(
        e.PeerExpired(BETA.key, HOUR),
        told=(*STORY[:6], *records((4, "lan", discovered(BETA, "b", "192.168.1.9")), after=6)),
    )
    assert fate_of_first(gone, BETA.key) == "no longer tried"


@pytest.mark.parametrize(("ip", "reason"), [("10.71.0.9", "within the mesh"), ("127.0.0.1", "loopback")])
def test_an_address_that_can_be_nobodys_is_never_used(ip: str, reason: str) -> None:
    mesh = mesh_of(discovered(GAMMA, "gamma", ip), told=STORY[:6])
    assert fate_of_first(mesh, GAMMA.key) == f"never used, since it is {reason}"


def test_one_address_is_one_claim_and_our_own_sight_of_it_comes_first() -> None:
    assert [claim.source for claim in claims_of(MESH.peers[BETA.key])] == ["lan"]
    assert [claim.source for claim in claims_of(MESH.peers[GAMMA.key])] == ["record"]


def test_a_claim_is_told_with_its_source_and_fate() -> None:
    beta, gamma = MESH.peers[BETA.key], MESH.peers[GAMMA.key]
    assert of_claim(MESH, beta, claims_of(beta)[0], seen(MESH)) == (
        "192.168.1.17:21820, by its answer over lan 1 h 1 min ago: proven by a handshake 1 h 1 min ago"
    )
    assert of_claim(MESH, gamma, claims_of(gamma)[0], seen(MESH)).startswith("192.168.1.23:21820, by its record 1 h")


def test_dockers_addresses_and_those_of_strangers_are_doubted() -> None:
    docker = Endpoint("172.17.0.2", 21820)
    assert doubt(MESH, docker, seen(MESH)) == "Docker gives this address to a bridge on every machine"
    assert doubt(MESH, GAMMA_AT, seen(MESH)) == ""
    assert doubt(MESH, Endpoint("2001:db8::1", 1), seen(MESH)) == ""
    sealed = e.DatagramsRejected({"seal": 3}, (GAMMA_AT.ip,))
    assert "has it another secret?" in doubt(MESH, GAMMA_AT, seen(MESH, 0, sealed))
    mesh = mesh_of(discovered(GAMMA, "gamma", docker.ip), told=STORY[:6])
    claim = claims_of(mesh.peers[GAMMA.key])[0]
    assert of_claim(mesh, mesh.peers[GAMMA.key], claim, seen(mesh)).endswith("a bridge on every machine")


def test_dockers_network_is_no_doubt_where_it_is_refused_anyway() -> None:
    assert MESH.parameters
    within = replace(MESH, parameters=replace(MESH.parameters, network="172.17.0.0/16"))
    assert doubt(within, Endpoint("172.17.0.2", 1), seen(within)) == ""
