"""Asked whether we reach a node, we ask it ourselves, and vouch for it when it answers. Silence is no answer."""

from msgspec.structs import replace

from wgmesh.domain import lots
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.gossip_messages import Probe, Vouch
from wgmesh.domain.session import remember
from wgmesh.domain.values import SECOND, IdentityKey
from wgmesh.domain.watch import ERRAND_CAP, Errand

# Who asked has given up by then, however patient it is.
FORGOTTEN_AFTER = 10 * SECOND
NUMBERS = 2**32


def accept(draft: Draft, asker: IdentityKey, suspect: IdentityKey, number: int) -> Verdict:
    """Ask the suspect, for somebody who does not reach it."""
    peer = draft.mesh.peers.get(suspect)
    if peer is None or not peer.present or suspect == asker:
        return
    ours = lots.draw(draft.now.lot, "errand", NUMBERS)
    errand = Errand(asker, suspect, number, draft.now.awake + FORGOTTEN_AFTER)
    watch = draft.session.watch
    draft.remember(watch=replace(watch, errands=remember(watch.errands, ours, errand, ERRAND_CAP)))
    yield SendGossip(suspect, Probe(ours))


def deliver(draft: Draft, sender: IdentityKey, number: int) -> Verdict:
    """The suspect answered: say so to who asked."""
    watch = draft.session.watch
    errand = watch.errands.get(number)
    if errand is None or errand.suspect != sender:
        return
    left = {key: held for key, held in watch.errands.items() if key != number}
    draft.remember(watch=replace(watch, errands=left))
    if draft.now.awake < errand.expires:
        yield SendGossip(errand.asker, Vouch(errand.suspect, errand.number))
