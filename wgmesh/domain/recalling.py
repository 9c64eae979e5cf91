"""Who fell silent is called, so that both sides know within seconds when the way is open again.

WireGuard calls it too, with a handshake every few seconds; but while an old session lasts it waits for something to be
sent. After five minutes its own retries, and gossip's Digest to a silent peer now and then, are enough.
"""

from msgspec.structs import replace

from wgmesh.domain import lots
from wgmesh.domain.draft import Draft, State, Verdict
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.gossip_messages import Probe
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import MINUTE, SECOND
from wgmesh.domain.watch import is_on

PAUSE = 2 * SECOND
CALLED_FOR = 5 * MINUTE
# Called at once: the other half of a hundred nodes, in two rounds.
AT_ONCE = 32


def plan(draft: Draft) -> None:
    """The peers changed: is anybody to be called?"""
    watch = draft.session.watch
    if watch.call_due is None and is_on(draft.mesh) and _silent(draft):
        draft.remember(watch=replace(watch, call_due=draft.now.awake + PAUSE))


def call(draft: Draft) -> Verdict:
    """Say something to those who fell silent lately."""
    planned, silent = draft.session.watch.call_due, _silent(draft)
    if planned is None or draft.now.awake < planned:  # an earlier input of the same turn has settled it
        return
    due = draft.now.awake + PAUSE if silent else None
    draft.remember(watch=replace(draft.session.watch, call_due=due))
    for peer in lots.some(draft.now.lot, "call", silent, AT_ONCE):
        yield SendGossip(peer.identity, Probe(0))


def next_call(state: State) -> int | None:
    """When (`awake`) silent peers are called next."""
    return state.session.watch.call_due


def _silent(draft: Draft) -> list[Peer]:
    now = draft.now.awake
    present = draft.mesh.present_peers
    return [peer for peer in present if peer.disconnected and now - peer.disconnected.awake < CALLED_FOR]
