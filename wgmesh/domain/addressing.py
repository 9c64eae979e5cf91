"""One IPv4 address, one node. Two nodes may derive the same; one of them then moves, and only it decides where to.

A conflict that stood for 10 s is settled for the lower raw WireGuard key. Who just joined and has not yet held its
address for 10 s gives way at once, whatever its key, so that a newcomer never evicts the settled. All others move once
a minute at most: a member with keys for every address would otherwise chase a node out of its last one within a minute.
IPv6 addresses never move.
"""

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import AddressCollisionResolved, MeshAddressChanged
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import ipv4_of
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import MINUTE, SECOND

# How long an address must have been held, and a conflict must have stood (protocol, section 2).
SETTLED_AFTER = 10 * SECOND
LAST_NONCE = 255
# Who joined meets its first rivals within this time, and a chain of conflicts is this long at most before it waits.
NEWCOMER_FOR = 30 * SECOND
NEWCOMER_MOVES = 8
# How often a node that is no newcomer moves (threats, row 26).
MOVE_PAUSE = MINUTE


def rivals(mesh: Mesh) -> list[Peer]:
    """Present peers that claim our IPv4 address, the lowest key first."""
    claiming = [peer for peer in mesh.peers.values() if mesh.ipv4 and peer.ipv4 == mesh.ipv4 and peer.present]
    return sorted(claiming, key=lambda peer: peer.public_key)


def settles_at(mesh: Mesh) -> int | None:
    """When (`awake`) we must move out of a conflict that we lose; None where we are in none."""
    lost_to = [peer for peer in rivals(mesh) if peer.public_key < mesh.public_key]
    if not lost_to:
        return None
    conflict = max(mesh.addressed.awake, min(peer.addressed.awake for peer in lost_to))
    return max(conflict + SETTLED_AFTER, mesh.addressed.awake + MOVE_PAUSE if mesh.nonce else 0)


def settle_collision(draft: Draft) -> Verdict:
    """Move to another address if it is on us to move, and if it is time."""
    mesh, now = draft.mesh, draft.now.awake
    claiming = rivals(mesh)
    if not claiming:
        return
    due = settles_at(mesh)
    if _is_newcomer(mesh, now) or (due is not None and now >= due):
        winner = claiming[0]
        nonce, ipv4 = _next_address(mesh)
        yield AddressCollisionResolved(mesh.ipv4, winner.identity, mesh.identity), (winner.addressed.sequence,)
        yield MeshAddressChanged(nonce, ipv4, mesh.ipv4), (draft.mesh.head.sequence,)


def _is_newcomer(mesh: Mesh, now: int) -> bool:
    is_new_here = now - mesh.addressed.awake < SETTLED_AFTER
    return is_new_here and now - mesh.joined.awake < NEWCOMER_FOR and mesh.nonce < NEWCOMER_MOVES


def note_outcome(draft: Draft, before: Mesh) -> Verdict:
    """A peer gave an address up that another has now: say so on every node that sees it."""
    for peer in draft.mesh.present_peers:
        held = before.peers.get(peer.identity)
        address = _given_up(draft.mesh, held, peer) if held is not peer else ""
        if address and (keeper := _keeper(draft.mesh, address)):
            yield AddressCollisionResolved(address, keeper, peer.identity), (peer.updated.sequence,)


def _given_up(mesh: Mesh, held: Peer | None, peer: Peer) -> str:
    """The address that the peer had before this one; a newcomer may have moved before we met it."""
    assert mesh.parameters
    if held is not None and held.present:
        return held.ipv4 if held.ipv4 != peer.ipv4 else ""
    return ipv4_of(mesh.parameters, peer.public_key, 0) if peer.nonce else ""


def _keeper(mesh: Mesh, address: str) -> bytes | None:
    return mesh.identity if mesh.ipv4 == address else mesh.routed.get(address)


def _next_address(mesh: Mesh) -> tuple[int, str]:
    """The next nonce whose address no stored record claims; no address at all when there is none left."""
    assert mesh.parameters
    taken = {peer.ipv4: True for peer in mesh.peers.values()}
    for nonce in range(mesh.nonce + 1, LAST_NONCE + 1):
        address = ipv4_of(mesh.parameters, mesh.public_key, nonce)
        if address != mesh.ipv4 and address not in taken:
            return nonce, address
    return LAST_NONCE, ""
