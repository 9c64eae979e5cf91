"""Members tell each other where WireGuard has them: the truth about its own flow, which no STUN server can know better.

Said once when a peer connects, roams or starts again, if it is not on a link of ours; what a neighbour on our own link
sees says nothing of the Internet.
"""

from wgmesh.domain import inquiring, mapping
from wgmesh.domain.attached import is_on_link
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.endpoints import objection
from wgmesh.domain.gossip_messages import Seen
from wgmesh.domain.inputs import Whispered
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.packing import pack_endpoint, unpack_endpoint
from wgmesh.domain.peer import Peer
from wgmesh.domain.session import remember
from wgmesh.domain.values import Endpoint

# Members whose word is kept; the oldest word goes first.
SIGHTED_CAP = 8


def tell(draft: Draft, before: Mesh) -> Verdict:
    """Peers that are newly connected, elsewhere than before, or started again, hear where we see them."""
    if draft.mesh.peers is before.peers or not draft.mesh.works("gossip"):
        return
    for identity, peer in draft.mesh.peers.items():
        known = before.peers.get(identity)
        if known is not peer and _is_outside(draft.mesh, peer) and (known is None or _is_new(known, peer)):
            assert peer.proven
            yield SendGossip(identity, Seen(pack_endpoint(peer.proven)))


def hear(draft: Draft, whispered: Whispered) -> Verdict:
    """A member says where it sees us."""
    peer = draft.mesh.peers.get(whispered.sender)
    match whispered.message:
        case Seen(packed) if peer is not None and _looks_from_outside(draft.mesh, peer):
            yield from note(draft, peer, unpack_endpoint(packed))


def note(draft: Draft, peer: Peer, endpoint: Endpoint) -> Verdict:
    """A member from outside our links sees us there: by its WireGuard, or by a probe from port to port."""
    if not objection(draft.mesh, endpoint):
        draft.remember(sighted=remember(draft.session.sighted, peer.identity, endpoint, SIGHTED_CAP))
        yield from mapping.conclude(draft)
        inquiring.doubt(draft, endpoint)


def _looks_from_outside(mesh: Mesh, peer: Peer) -> bool:
    """Its tunnel may be up before we have looked: then it is outside if it says and was seen to be nowhere else."""
    if not mesh.uses(peer) or peer.proven is not None:
        return _is_outside(mesh, peer)
    places = [claim.endpoint for claim in (*peer.observed, *peer.claims)]
    return not any(endpoint.scope or is_on_link(mesh, endpoint) for endpoint in places)


def _is_outside(mesh: Mesh, peer: Peer) -> bool:
    """Is it connected, by a way that leaves our own links?"""
    if not mesh.uses(peer) or peer.connected is None or peer.proven is None:
        return False
    return not peer.proven.scope and not is_on_link(mesh, peer.proven)


def _is_new(known: Peer, peer: Peer) -> bool:
    return known.connected is None or known.proven != peer.proven or known.life != peer.life
