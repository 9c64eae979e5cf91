"""Which peers can be a relay for a pair, best first: the same order on both sides, and another for every pair.

A relay is willing (it says so in its record), and both reach it directly: what goes through a relay never goes through
a second one. Each side sees its own half of that; the relay itself sees both, and denies what it cannot serve. The
order is that of a hash (rendezvous hashing), so pairs spread evenly over all who are willing.
"""

import hashlib

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.peer_record import RELAY
from wgmesh.domain.values import IdentityKey

LABEL = b"wgmesh-relay-v1"


def candidates(mesh: Mesh, peer: IdentityKey) -> list[Peer]:
    """Who may relay between us and the peer, best first."""
    able = (each for each in mesh.present_peers if each.identity != peer and is_able(each))
    return sorted(able, key=lambda each: rank(mesh, peer, each.identity), reverse=True)


def serves(mesh: Mesh, relay: IdentityKey) -> bool:
    """Can this peer, still, relay for us?"""
    known = mesh.peers.get(relay)
    return known is not None and mesh.uses(known) and is_able(known)


def is_able(peer: Peer) -> bool:
    """Is it willing, and reached by a tunnel that is no relayed one itself?"""
    return bool(peer.capabilities & RELAY) and is_direct(peer)


def is_direct(peer: Peer) -> bool:
    """Does its traffic go straight to it?"""
    return peer.connected is not None and peer.relayed is None


def rank(mesh: Mesh, peer: IdentityKey, relay: IdentityKey) -> bytes:
    """32 bytes; the highest is asked first. Both sides of a pair, and nobody outside of the mesh, compute the same."""
    assert mesh.parameters
    pair = min(mesh.identity, peer) + max(mesh.identity, peer)
    return hashlib.sha256(LABEL + mesh.parameters.address_key + pair + relay).digest()
