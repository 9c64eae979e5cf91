"""Two members who hold different records find out which, and tell each other: first one sum, then ever finer ones."""

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendDigest
from wgmesh.domain.gossip_messages import Digest
from wgmesh.domain.inputs import Whispered


def hear(_draft: Draft, whispered: Whispered) -> Verdict:
    """A member said what it holds."""
    match whispered.message:
        case Digest(asks=True):
            yield SendDigest(whispered.sender, asks=False)
