"""Who compares its records with whom, and when: one sum of 128 bytes each, so that a mesh of any size costs the same.

Every 6 s the next live node on the ring of identities gets ours, every 30 s a random one that answers: 14 datagrams a
minute, sent by each node. A peer that has just connected is asked within a second, which is what joins the halves of a
healed mesh; of those that fell silent one gets a Digest every 10 s, for as long as it is remembered.
"""

from wgmesh.domain import lots, ring
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendDigest
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import HOUR, SECOND

# From one Digest to the next along the ring, in ms: 6 s and up to half a second off, so that nodes do not keep step.
RING_PAUSE = 6 * SECOND
OFF_STEP = SECOND // 2
# Every so many rounds a random peer is asked, too.
RANDOM_EVERY = 5
GREETED_WITHIN = SECOND
REMIND_PAUSE = 10 * SECOND
# Others hear so often how far our log reaches, and write it down: what is cut off later is missed.
HEAD_PAUSE = HOUR


def plan(draft: Draft, before: Mesh) -> None:
    """The peers, or this run, changed: is anybody to be told what we hold?"""
    mesh, now = draft.mesh, draft.now.awake
    live, silent = _live(mesh), _silent(mesh)
    joined = [each for each in live if (held := before.peers.get(each)) is None or not held.connected]
    due = draft.session.digest_due if live else None
    if joined:
        soon = now + 1 + lots.draw(draft.now.lot, "greet", GREETED_WITHIN)
        draft.remember(newest=joined[-1])
        due = soon if due is None else min(soon, due)
    elif live and due is None:
        due = now + 1 + lots.draw(draft.now.lot, "digest", RING_PAUSE)
    remind_at = draft.session.remind_due if silent else None
    if silent and remind_at is None:
        remind_at = now + 1 + lots.draw(draft.now.lot, "remind", REMIND_PAUSE)
    draft.remember(digest_due=due, remind_due=remind_at)


def tell(draft: Draft) -> Verdict:
    """The next on the ring, and now and then another, hear what we hold."""
    live, number = _live(draft.mesh), draft.session.digests
    told, now = draft.session.head_told, draft.now.awake
    heads = bool(live) and (told is None or now - told >= HEAD_PAUSE)
    if live:
        yield SendDigest(ring.after(draft.mesh.identity, live), asks=False, heads=heads)
    newest = draft.session.newest if draft.session.newest in live else b""
    if live and (newest or number % RANDOM_EVERY == 0):
        yield SendDigest(newest or lots.pick(draft.now.lot, "digest", live), asks=True, heads=heads)
    if heads:
        draft.remember(head_told=now)
    pause = RING_PAUSE - OFF_STEP + lots.draw(draft.now.lot, "pause", 2 * OFF_STEP)
    draft.remember(digest_due=now + pause if live else None, digests=number + 1, newest=b"")


def remind(draft: Draft) -> Verdict:
    """One of those that fell silent is told what we hold: if it hears it, it answers."""
    silent = _silent(draft.mesh)
    if silent:
        yield SendDigest(lots.pick(draft.now.lot, "remind", silent), asks=True)
    draft.remember(remind_due=draft.now.awake + REMIND_PAUSE if silent else None)


def _live(mesh: Mesh) -> list[bytes]:
    return [peer.identity for peer in mesh.present_peers if peer.connected] if _is_on(mesh) else []


def _silent(mesh: Mesh) -> list[bytes]:
    return [peer.identity for peer in mesh.present_peers if peer.disconnected] if _is_on(mesh) else []


def _is_on(mesh: Mesh) -> bool:
    return mesh.settings is not None and mesh.settings.gossip and mesh.departed is None
