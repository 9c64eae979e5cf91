"""What is said of those who ought to answer and do not: neighbours, named addresses, and daemons of living machines."""

from wgmesh.domain.facts import Unanswered
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.muteness import missed
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import DAY
from wgmesh.projections.why_answer import Circumstances
from wgmesh.projections.wording import name_of, named_by


def unanswered(mesh: Mesh, seen: Circumstances) -> list[Unanswered]:
    """Who did not answer within the last day, the newest first."""
    return [each for each in reversed(mesh.unanswered) if seen.at - each.since.at < DAY]


def silence(mesh: Mesh, each: Unanswered, seen: Circumstances) -> str:
    """Who does not answer, for how long, and what that may come from."""
    if each.layer == "lan":
        return (
            f"{neighbour(mesh, each)} is heard on the LAN at {each.address.ip}, and for {seen.since(each.since)} it"
            " does not answer: does a firewall there keep UDP out, or does it ban this node?"
        )
    return (
        f"for {seen.since(each.since)} nobody answers at {each.address}, which {named_by(each.layer)} named: is that"
        " the exchange port of a node of this mesh, does it run, is its clock right, does a firewall let UDP in?"
    )


def neighbour(mesh: Mesh, each: Unanswered) -> str:
    """What a node that was heard on the LAN calls itself."""
    return each.hostname or name_of(mesh, each.identity)


def muteness(mesh: Mesh, peer: Peer, seen: Circumstances) -> str:
    """That the daemon of a connected peer is dead, if it is; else nothing."""
    since = missed(mesh, peer)
    if since is None:
        return ""
    return f"for {seen.since(since)} its daemon says nothing, while its machine answers: start `wgmesh join` there"
