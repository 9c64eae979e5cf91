"""A peer that answers us only now did not know us when WireGuard called it: then it is called again, at once.

After a start WireGuard calls the peers of the log before they have heard of us. Who had forgotten us, because we had
left, takes no handshake of a stranger, and WireGuard says the next only 5 s later. A peer that is taken off the device
and put on again is called anew (whitepaper, section 6.1, counts 5 s by peer). An answer is sent when its sender has us.
"""

from wgmesh.domain import reaching
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import Redial
from wgmesh.domain.inputs import Heard
from wgmesh.domain.session import PEER_CAP, remember
from wgmesh.domain.values import SECOND

# One call takes a round trip; two within 20 ms are one to WireGuard, and the second is dropped.
PAUSE = 5 * SECOND


def call_again(draft: Draft, heard: Heard) -> Verdict:
    """Where we begin the handshake and have called in vain."""
    peer, now = draft.mesh.peers[heard.identity], draft.now.awake
    last = draft.session.redialled.get(heard.identity)
    if not draft.mesh.is_initiator_for(peer) or not draft.mesh.uses(peer) or reaching.is_reached(draft, peer):
        return
    calls = (each for each in draft.session.traffic if each.public_key == peer.public_key)
    in_vain = peer.proven is not None and any(not each.handshaken for each in calls)
    if in_vain and (last is None or now - last >= PAUSE):
        draft.remember(redialled=remember(draft.session.redialled, heard.identity, now, PEER_CAP))
        yield Redial(peer.public_key)
