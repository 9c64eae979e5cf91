"""Two nodes that cannot reach each other are brought together by any third that both reach: nobody is special.

Who looks for a peer asks two at random, through their tunnels, to hand its record over; each does so if it reaches the
peer. Only what its owner signed, and gave to the third itself just now, is passed on; and of each node little.
"""

from msgspec.structs import replace

from wgmesh.domain import lots
from wgmesh.domain.allowance import spend
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendGossip, SendIntroduction
from wgmesh.domain.gossip_messages import Introduction
from wgmesh.domain.inputs import Introduced
from wgmesh.domain.peer import Peer
from wgmesh.domain.peer_record import RENDEZVOUS
from wgmesh.domain.session import PEER_CAP, remember
from wgmesh.domain.values import IdentityKey
from wgmesh.domain.watch import is_on

# Asked at once: one that does not reach the peer itself costs a datagram, not the meeting.
THIRDS = 2
# Introductions passed on for one node: a hundred peers at its start, then one a second.
FAVOURS_AT_ONCE, FAVOUR_PAUSE = 100, 1000


def ask(draft: Draft, peer: Peer, can_probe: bool) -> Verdict:
    """Have our record handed to a peer, so that it looks for us while we look for it."""
    if not is_on(draft.mesh):
        return
    thirds = [third for third in draft.mesh.present_peers if third.connected and third.capabilities & RENDEZVOUS]
    for third in lots.some(draft.now.lot, f"introduce us to {peer.identity.hex()}", thirds, THIRDS):
        yield SendIntroduction(third.identity, peer.identity, can_probe, is_answer=False)


def pass_on(draft: Draft, introduced: Introduced) -> Verdict:
    """A member wants to meet another: hand its word on as it is, if it is its own and there is a tunnel to both."""
    asker, wanted = introduced.sender, draft.mesh.peers.get(introduced.to)
    if introduced.record.identity != asker or wanted is None or not draft.mesh.uses(wanted) or not wanted.connected:
        return
    if _may_ask(draft, asker):
        yield SendGossip(wanted.identity, Introduction(wanted.identity, introduced.signed, *_manner(introduced)))


def _manner(introduced: Introduced) -> tuple[bool, bool]:
    return introduced.can_probe, introduced.is_answer


def _may_ask(draft: Draft, asker: IdentityKey) -> bool:
    held = draft.session.punching
    left = spend(held.favours.get(asker), draft.now.awake, FAVOURS_AT_ONCE, FAVOUR_PAUSE)
    if left is not None:
        draft.remember(punching=replace(held, favours=remember(held.favours, asker, left, PEER_CAP)))
    return left is not None
