"""Networks that change under a node: WireGuard follows whoever speaks, so after a move it must speak first.

A peer goes on sending to where we were until something reaches it from where we are; an idle tunnel would leave it so
for the 25 s of a keepalive. So after a change of networks, and after a sleep, each connected peer is nudged through the
tunnel, thrice within 3 s, since the first may be lost while the new link finds its feet.
"""

from wgmesh.domain import announcing
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import Nudge
from wgmesh.domain.events import EndpointsDeclared, InterfacesChanged, NodeSuspended
from wgmesh.domain.inputs import Located, Networked, Woke
from wgmesh.domain.values import MINUTE, SECOND

NUDGES = (0, SECOND, 3 * SECOND)
# Who was asleep doubts itself first: for so long after waking nobody is called silent.
DOUBT = MINUTE // 4
# Sleeps that are remembered: two months of nights, while a silent peer is remembered for a day.
SLEEP_CAP = 64


def network(draft: Draft, networked: Networked) -> Verdict:
    """The machine's interfaces are known, and what else it is attached to."""
    known = draft.mesh
    moved = networked.interfaces != known.interfaces
    if moved or (networked.attached, networked.virtual) != (known.attached, known.virtual):
        yield InterfacesChanged(networked.interfaces, networked.attached, networked.virtual), ()
    if moved and networked.interfaces:
        plan_nudges(draft)


def locate(draft: Draft, located: Located) -> Verdict:
    """The operator knows where our WireGuard can be reached."""
    if located.endpoints != draft.mesh.located:
        yield EndpointsDeclared(located.endpoints), ()


def plan_nudges(draft: Draft) -> None:
    """Speak soon, and again, to every peer that is connected by then: a tunnel may be up that was not seen yet."""
    if draft.mesh.present_peers:
        draft.remember(nudges=tuple(draft.now.awake + pause for pause in NUDGES))


def nudge(draft: Draft) -> Verdict:
    """Send something through each connected tunnel."""
    draft.remember(nudges=tuple(due for due in draft.session.nudges if due > draft.now.awake))
    yield from (Nudge(peer.ipv6) for peer in draft.mesh.present_peers if peer.connected)


def wake(draft: Draft, woke: Woke) -> Verdict:
    """The machine was asleep: we are where we are now, and say so at once."""
    yield NodeSuspended(woke.slept), ()
    draft.remember(sleeps=(*draft.session.sleeps, (draft.now.awake, woke.slept))[-SLEEP_CAP:])
    plan_nudges(draft)
    yield from announcing.announce(draft)


def is_in_doubt(draft: Draft) -> bool:
    """Did this node just wake up? Then what it did not hear says nothing of others."""
    sleeps = draft.session.sleeps
    return bool(sleeps) and draft.now.awake - sleeps[-1][0] < DOUBT


def slept_since(draft: Draft, since: int) -> int:
    """Ms that this node was asleep after that moment of `awake`: then it could not have heard anybody."""
    return sum(min(slept, woke - since) for woke, slept in draft.session.sleeps if woke > since)
