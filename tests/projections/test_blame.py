"""Each line of the configuration names its record, and what was there before it."""

from msgspec.structs import replace

from tests.stories import (
    ALPHA,
    BETA,
    BETA_AT,
    GAMMA,
    MESH,
    SETTINGS,
    STORY,
    discovered,
    ipv4,
    ipv6,
    mesh_of,
    records,
    updated,
)
from wgmesh.domain import events as e
from wgmesh.domain.endpoints import TURN, turns
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Endpoint
from wgmesh.projections.blame import INTERFACE, Line, blame, displaced
from wgmesh.projections.wording import key

MOVED = Endpoint("192.168.1.99", 21820)


def lines(mesh: Mesh, section: bytes, field: str) -> list[Line]:
    return [line for line in blame(mesh, mesh.head.awake) if (line.section, line.field) == (section, field)]


def record_of(mesh: Mesh, section: bytes, field: str) -> list[int | None]:
    return [line.ground.sequence if line.ground else None for line in lines(mesh, section, field)]


def before(mesh: Mesh, line: Line) -> str:
    """What the line displaced in this mesh."""
    return displaced(line, mesh, blame(mesh, mesh.head.awake))


def test_the_whole_is_what_wg_showconf_shows_with_the_rest_as_comments() -> None:
    assert [line.text for line in blame(MESH, MESH.head.awake) if line.section != GAMMA.key] == [
        "# PrivateKey = (of this node's own seed)",
        "ListenPort = 21820",
        f"# Address = {ipv4(ALPHA)}/32",
        f"# Address = {ipv6(ALPHA)}/128",
        "# MTU = 1420",
        f"PublicKey = {key(BETA.public_key)}",
        "# PresharedKey = (of secret 1)",
        f"AllowedIPs = {ipv4(BETA)}/32",
        f"AllowedIPs = {ipv6(BETA)}/128",
        f"Endpoint = {BETA_AT}",
    ]


def test_each_line_has_its_record() -> None:
    assert [record_of(MESH, INTERFACE, field) for field in ("PrivateKey", "ListenPort", "Address", "MTU")] == [
        [1], [2], [1, 1], [4]
    ]  # fmt: skip
    assert [record_of(MESH, BETA.key, field) for field in ("PublicKey", "AllowedIPs", "Endpoint")] == [[7], [7, 7], [9]]


def test_what_no_record_tells_of_has_none() -> None:
    young = fold(STORY[:3])
    assert record_of(young, INTERFACE, "MTU") == [None]


def test_a_claim_that_is_tried_has_the_record_that_made_it() -> None:
    met = mesh_of(
        discovered(BETA, "beta", BETA_AT.ip), e.PeerEndpointObserved(BETA.key, "lan", BETA_AT), told=STORY[:6]
    )
    begins = turns(met, met.peers[BETA.key], met.head.awake)[0][1]
    trying = replace(met, head=replace(met.head, awake=begins))
    assert record_of(trying, BETA.key, "Endpoint") == [8]
    assert record_of(replace(met, head=replace(met.head, awake=begins + TURN)), BETA.key, "Endpoint") == []


def test_a_route_has_the_record_of_who_announces_it() -> None:
    beta = replace(MESH.peers[BETA.key], routes=("172.30.0.0/16",))
    mesh = replace(MESH, peers={BETA.key: beta}, settings=replace(SETTINGS, accept_routes=("all",)))
    (route,) = [line for line in lines(mesh, BETA.key, "AllowedIPs") if line.value == "172.30.0.0/16"]
    assert route.ground == beta.updated
    assert before(MESH, route) == ""


def test_an_endpoint_displaces_the_one_before_it() -> None:
    roamed = fold(records((4000, "wireguard", e.PeerRoamed(BETA.key, MOVED, BETA_AT)), after=len(STORY)), MESH)
    (line,) = lines(roamed, BETA.key, "Endpoint")
    assert line.ground
    assert (line.value, line.ground.sequence) == (str(MOVED), 14)
    assert before(MESH, line) == str(BETA_AT)
    (keepalive,) = lines(MESH, GAMMA.key, "PersistentKeepalive")
    assert (keepalive.value, before(MESH, keepalive)) == ("25", "")
    assert lines(MESH, BETA.key, "PersistentKeepalive") == []


def test_an_address_displaces_that_of_its_family_only() -> None:
    nonce = next(n for n in range(1, 256) if ipv4(GAMMA, n) != ipv4(GAMMA))
    moved = fold(records((4000, "lan", updated(GAMMA, "gamma", "192.168.1.23", nonce=nonce)), after=len(STORY)), MESH)
    new, same = lines(moved, GAMMA.key, "AllowedIPs")
    assert before(MESH, new) == f"{ipv4(GAMMA)}/32"
    assert before(MESH, same) == ""


def test_an_address_may_have_been_somebody_elses() -> None:
    line = Line(BETA.key, "AllowedIPs", f"{ipv4(GAMMA)}/32", None)
    assert before(MESH, line) == f"{ipv4(GAMMA)}/32 of gamma, {ipv4(BETA)}/32"
    alike = Line(bytes(32), "PersistentKeepalive", "25", None)
    assert before(MESH, alike) == ""
