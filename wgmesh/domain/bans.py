"""Whom the operator wants nothing to do with: a ban is by WireGuard key, on this node alone, and lasts until unsaid.

Who is banned is off the device and never answered or asked. Its record is stored and passed on like any other, since
what others make of it is their business; but it never comes back by itself, whatever it says and from wherever.
"""

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import PeerBanned, PeerUnbanned
from wgmesh.domain.inputs import Ban, Unban

# Keys that one node bans at most: as many as a mesh may have peers.
BAN_CAP = 1024


def ban(draft: Draft, wish: Ban) -> Verdict:
    """Cut the tunnel to this key; what is so already is not said again."""
    mesh = draft.mesh
    if wish.public_key not in mesh.banned and wish.public_key != mesh.public_key and len(mesh.banned) < BAN_CAP:
        known = tuple(peer.updated.sequence for peer in mesh.present_peers if peer.public_key == wish.public_key)
        yield PeerBanned(wish.public_key), known


def unban(draft: Draft, wish: Unban) -> Verdict:
    """Let this key back in."""
    if banned := draft.mesh.banned.get(wish.public_key):
        yield PeerUnbanned(wish.public_key), (banned.sequence,)
