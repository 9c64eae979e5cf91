"""Who is said to be somewhere and does not answer: a person is told, since nothing else in the log would speak of it.

Either a node is heard on the LAN and says nothing to our Hellos, as behind a firewall that lets out and not in; or an
address was named to us, and nobody there says anything. Of peers that are known, their tries tell.
"""

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import HelloUnanswered
from wgmesh.domain.messages import NOBODY
from wgmesh.domain.peer_record import PeerRecord
from wgmesh.domain.session import EPOCH_CAP
from wgmesh.domain.silences import is_same
from wgmesh.domain.values import DAY, SECOND, Endpoint

# Who is heard on the LAN again so long after our last Hello to it had time for three answers.
LAN_AFTER = 3 * SECOND
# To an address that was named to us so many Hellos were said in 5 s, and the last of them for nothing as well.
NAMED_AFTER = 5


def of_the_lan(draft: Draft, record: PeerRecord, sender: Endpoint, greeted: int | None) -> Verdict:
    """A node is heard on the LAN that we said Hello to when we last heard it, at `greeted` (ms on `awake`)."""
    is_stranger = record.identity not in draft.mesh.peers
    if is_stranger and greeted is not None and draft.now.awake - greeted >= LAN_AFTER:
        yield from _note(draft, HelloUnanswered(record.identity, record.hostname, "lan", sender))


def of_a_named_address(draft: Draft, layer: str, address: Endpoint, tries: int) -> Verdict:
    """One more Hello goes there, the `tries`th, to whoever it is; unless a peer says that it is there."""
    claims = (claim.endpoint for peer in draft.mesh.present_peers for claim in peer.endpoints)
    if layer and tries == NAMED_AFTER and address not in claims:
        yield from _note(draft, HelloUnanswered(NOBODY, "", layer, address))


def _note(draft: Draft, event: HelloUnanswered) -> Verdict:
    known = next((each for each in draft.mesh.unanswered if is_same(each, event)), None)
    is_old_news = known is not None and draft.now.awake - known.since.awake < DAY
    if not is_old_news and draft.session.refusals < EPOCH_CAP:
        draft.remember(refusals=draft.session.refusals + 1)
        yield event, ()
