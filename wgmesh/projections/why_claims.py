"""What became of an address at which a peer is said to be: proven, tried, waiting for its turn, or never used."""

import ipaddress

from wgmesh.domain.endpoints import TURN, objection, turns
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import PUNCH, Claim, Peer
from wgmesh.domain.values import Endpoint
from wgmesh.projections.why_answer import Circumstances
from wgmesh.projections.wording import duration

# What Docker gives to its bridge on every machine: the same address is another container on each.
DOCKER = ipaddress.ip_network("172.17.0.0/16")


def claims_of(peer: Peer) -> tuple[Claim, ...]:
    """All that is said of where it is: one an address, our own sight of it first."""
    claims: dict[Endpoint, Claim] = {}
    for claim in (*peer.observed, *peer.claims):
        claims.setdefault(claim.endpoint, claim)
    return tuple(claims.values())


def of_claim(mesh: Mesh, peer: Peer, claim: Claim, seen: Circumstances) -> str:
    """`192.168.1.17:21820, by its record 2 h ago: last tried 40 s ago, again in 20 s`."""
    sources = {"record": "its record", PUNCH: "its answer to a probe from WireGuard's port"}
    source = sources.get(claim.source, f"its answer over {claim.source}")
    said = f"{claim.endpoint}, by {source} {seen.since(claim.since)} ago"
    reason = doubt(mesh, claim.endpoint, seen)
    return f"{said}: {fate(mesh, peer, claim, seen)}" + (f"; {reason}" if reason else "")


def fate(mesh: Mesh, peer: Peer, claim: Claim, seen: Circumstances) -> str:
    """What became of it."""
    if reason := objection(mesh, claim.endpoint):
        return f"never used, since it is {reason}"
    if claim.endpoint == peer.proven and peer.proved:
        return f"proven by a handshake {seen.since(peer.proved)} ago"
    if not mesh.uses(peer) or peer.connected:
        return "not needed" if peer.connected else "no longer tried"
    return _turn([begins for tried, begins in turns(mesh, peer, seen.awake) if tried.endpoint == claim.endpoint], seen)


def _turn(begins: list[int], seen: Circumstances) -> str:
    """The present turn and the next. A claim that an earlier one of the same address stands for has none of its own."""
    past = [begin for begin in begins if begin <= seen.awake]
    coming = [begin for begin in begins if begin > seen.awake]
    following = f"in {duration(min(coming) - seen.awake)}" if coming else "later"
    if not past:
        return f"first tried {following}"
    age = seen.awake - max(past)
    return "being tried just now" if age < TURN else f"last tried {duration(age)} ago, again {following}"


def doubt(mesh: Mesh, endpoint: Endpoint, seen: Circumstances) -> str:
    """What makes it unlikely that the peer is there; empty if nothing does."""
    ip = ipaddress.ip_address(endpoint.ip)
    if objection(mesh, endpoint):
        return ""
    if ip.version == 4 and ip in DOCKER:
        return "Docker gives this address to a bridge on every machine"
    if endpoint.ip in seen.unopened():
        return "from this address come datagrams that our secret does not open: has it another secret?"
    return ""
