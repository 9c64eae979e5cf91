"""Which two nodes of a mesh look after it on the Internet: those that everybody who is connected ranks first."""

import hashlib

from wgmesh.domain.mesh import Mesh

# Two: one may vanish without a sound.
ELECTED = 2


def is_elected(mesh: Mesh) -> bool:
    """Are we among the first, as everybody ranks those who are connected: by the hash of their identities?"""
    connected = [peer.identity for peer in mesh.present_peers if peer.connected]
    ranked = sorted((mesh.identity, *connected), key=lambda identity: hashlib.sha256(identity).digest())
    return mesh.identity in ranked[:ELECTED]
