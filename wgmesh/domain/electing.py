"""Which two nodes of a mesh look after it on the Internet: those that everybody who is connected ranks first."""

import hashlib
from collections.abc import Iterable

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.own_record import own_endpoints
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.values import IdentityKey

# Two: one may vanish without a sound.
ELECTED = 2


def is_elected(mesh: Mesh) -> bool:
    """Are we among the first, as everybody ranks those who are connected?"""
    connected = [_rank(peer.identity, peer.endpoints) for peer in mesh.present_peers if peer.connected]
    own = _rank(mesh.identity, own_endpoints(mesh))
    return own in sorted((own, *connected))[:ELECTED]


def _rank(identity: IdentityKey, endpoints: Iterable[ClaimedEndpoint]) -> tuple[bool, bytes]:
    """By the hash of identities, but last whom a NAT hides: newcomers would call in vain what it announces."""
    kinds = [claim.kind for claim in endpoints]
    is_hidden = "reflexive" in kinds and "static" not in kinds
    return is_hidden, hashlib.sha256(identity).digest()
