"""A Hello that may be a replay is answered where its sender lives, and not where it came from.

One is to an earlier start of ours: its sender has not heard of the present one. Another is of an earlier run of one who
left or was forgotten. If it is no replay, its sender lost its log while its clock is behind: all that it says is old
news, and nobody calls who is gone. What it answers shows that it lives; then it gets its own later word back, and goes
on above it.
"""

from wgmesh.domain import reaching
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import SendHello
from wgmesh.domain.peer_record import PeerRecord
from wgmesh.domain.session import PEER_CAP, remember
from wgmesh.domain.values import SECOND, IdentityKey

# We say three Hellos of our own, and no more within a third of a minute.
PAUSE = 20 * SECOND
AT_ONCE = 3


def is_due(state: State, record: PeerRecord, now: int) -> bool:
    """Is this older than the last word of one who is gone, and was it not asked of late? `now`: ms on `awake`."""
    held = state.mesh.peers.get(record.identity)
    if held is None or held.present or state.mesh.bans(held) or record.incarnation >= held.incarnation:
        return False
    return not was_asked(state, record.identity, now)


def was_asked(state: State, identity: IdentityKey, now: int) -> bool:
    """Is it too early to ask this node again?"""
    last = state.session.asked_back.get(identity)
    return last is not None and now - last < PAUSE


def ask(draft: Draft, identity: IdentityKey, boot: int) -> Verdict:
    """Say Hello to this start of a node at the likeliest places that we know of."""
    draft.remember(asked_back=remember(draft.session.asked_back, identity, draft.now.awake, PEER_CAP))
    for address in reaching.sockets(draft.mesh, draft.mesh.peers[identity])[:AT_ONCE]:
        yield SendHello("exchange", "", address, identity, boot)
