"""Machines that live while their daemon is dead or hangs: WireGuard and the kernel answer, and nobody says a word.

Their tunnels are not touched, so they stay connected; but whoever looks for what is wrong has to be told. Only who
watches a peer notices (`watching`), and only of a daemon that has spoken: with `--no-gossip` none ever does.
"""

from msgspec.structs import replace

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import DaemonMissed, DaemonReturned
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.session import EPOCH_CAP, PEER_CAP, remember
from wgmesh.domain.values import SECOND, Ground, IdentityKey
from wgmesh.domain.watch import DOUBT_CAP

# The second time in a row that a daemon is asked in vain ends 8.7 s after the first began: no lost datagram, no pause.
MISSED_AFTER = 8 * SECOND


def missed(mesh: Mesh, peer: Peer) -> Ground | None:
    """Since when the daemon of a connected peer is missed; None if it is not."""
    since = mesh.missed.get(peer.identity)
    return since if since and peer.connected and since.sequence > peer.connected.sequence else None


def miss(draft: Draft, peer: Peer, asked: int) -> Verdict:
    """Its machine gave a sign, and its daemon, asked since `asked` (ms on `awake`), none."""
    watch, now = draft.session.watch, draft.now.awake
    if watch.spoken.get(peer.identity) != peer.incarnation.boot:
        return
    first = watch.hushed.get(peer.identity)
    if first is None:
        draft.remember(watch=replace(watch, hushed=remember(watch.hushed, peer.identity, asked, DOUBT_CAP)))
    elif now - first >= MISSED_AFTER and missed(draft.mesh, peer) is None and draft.session.refusals < EPOCH_CAP:
        assert peer.connected
        draft.remember(refusals=draft.session.refusals + 1)
        yield DaemonMissed(peer.identity, now - first), (peer.connected.sequence,)


def hear(draft: Draft, identity: IdentityKey) -> Verdict:
    """Its daemon said something through its tunnel, whatever it was."""
    peer, watch = draft.mesh.peers.get(identity), draft.session.watch
    if peer is None:
        return
    if watch.spoken.get(identity) != peer.incarnation.boot:
        spoken = remember(watch.spoken, identity, peer.incarnation.boot, PEER_CAP)
        draft.remember(watch=replace(watch, spoken=spoken))
    forgive(draft, identity)
    since = draft.mesh.missed.get(identity)
    if since is not None:
        yield DaemonReturned(identity), (since.sequence,)


def forgive(draft: Draft, *speakers: IdentityKey) -> None:
    """What these did not say so far does not count; nor what anybody did not, where none is named."""
    watch = draft.session.watch
    hushed = {each: since for each, since in watch.hushed.items() if speakers and each not in speakers}
    if len(hushed) != len(watch.hushed):
        draft.remember(watch=replace(watch, hushed=hushed))
