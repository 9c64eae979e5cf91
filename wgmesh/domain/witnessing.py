"""Heads of logs: how far a member says that its log reaches is kept here, so that it cannot be cut short unnoticed.

Whoever cuts the tail off a log, or puts an old copy of it back, leaves a log that is sound in itself. Only what others
saw of it tells: number and chain of its last record, as it said them itself, inside its own tunnel. Nothing is decided
by it here; `events --verify --witness` compares.
"""

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.events import HeadWitnessed
from wgmesh.domain.gossip_messages import HEAD_BYTES, Digest
from wgmesh.domain.inputs import Whispered
from wgmesh.domain.values import HOUR

# A member tells its head once an hour; of one that tells it more often, no more is kept.
WITNESS_PAUSE = HOUR


def witness(draft: Draft, whispered: Whispered) -> Verdict:
    """A member said what it holds, and with it how far its log reaches."""
    match whispered.message:
        case Digest(sequence=through, head=head) if through and len(head) == HEAD_BYTES:
            known = draft.mesh.witnessed.get(whispered.sender)
            if known is None or draft.now.awake - known.since.awake >= WITNESS_PAUSE:
                grounds = (known.since.sequence,) if known else ()
                yield HeadWitnessed(whispered.sender, through, head), grounds
