"""Who is let go for good, so that what a node holds does not grow for ever.

A peer that left or was forgotten stays in store for 30 days, so that all agree on what they hold. Then a tombstone is
kept for as long, by which a record from back then is known to be old. In a full mesh whoever was never once reached
makes room for a newcomer; a peer that WireGuard ever shook hands with does not.
"""

from itertools import islice

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import PeersPurged
from wgmesh.domain.peer import Peer
from wgmesh.domain.session import PEER_CAP
from wgmesh.domain.values import DAY

# A record that nobody lists any more is held for so long, and a tombstone likewise (protocol, section 5).
KEPT_FOR = 30 * DAY
# Let go at once; the rest has its turn ten minutes later.
AT_ONCE = 64


def purge(draft: Draft) -> Verdict:
    """Let go who has been gone for 30 days, and tombstones that have stood as long."""
    mesh, before = draft.mesh, draft.now.awake - KEPT_FOR
    gone = (peer for peer in mesh.peers.values() if not peer.present and _gone_at(peer) <= before)
    purged = tuple(islice(gone, AT_ONCE))
    old = (identity for identity, stone in mesh.tombstones.items() if stone.since.awake <= before)
    lapsed = tuple(islice(old, AT_ONCE))
    if purged or lapsed:
        yield PeersPurged(tuple(peer.identity for peer in purged), lapsed), tuple(map(_gone_by, purged))


def make_room(draft: Draft) -> Verdict:
    """For one more, if there is none: who is gone and was never reached goes first, then who was not longest ago."""
    peers = draft.mesh.peers.values()
    if len(peers) < PEER_CAP:
        return
    unproven = [peer for peer in peers if peer.proven is None]
    gone = [peer for peer in unproven if not peer.present][:AT_ONCE]
    longest = sorted(unproven, key=lambda peer: peer.discovered.sequence)[:1]
    if away := gone or longest:
        yield PeersPurged(tuple(peer.identity for peer in away), ()), tuple(map(_gone_by, away))


def _gone_at(peer: Peer) -> int:
    return max(ground.awake for ground in (peer.left, peer.expired) if ground is not None)


def _gone_by(peer: Peer) -> int:
    """The record that says so."""
    return (peer.left or peer.expired or peer.updated).sequence
