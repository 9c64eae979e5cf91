"""What is held of those who ought to answer and do not: the newest word on each, until it answers."""

from wgmesh.domain.facts import Unanswered
from wgmesh.domain.silence_events import HelloUnanswered
from wgmesh.domain.values import Endpoint, Ground

# Nodes and addresses of which that is remembered; who has the secret can name ever new ones.
UNANSWERED_CAP = 64

Known = tuple[Unanswered, ...]


def note(known: Known, event: HelloUnanswered, ground: Ground) -> Known:
    """With this as the newest; what was known of the same node or address goes."""
    new = Unanswered(event.identity, event.hostname, event.layer, event.address, ground)
    others = [each for each in known if not is_same(each, event)]
    return (*others[1 - UNANSWERED_CAP :], new)


def is_same(known: Unanswered, event: HelloUnanswered) -> bool:
    """Of a LAN the node is meant, whose socket is another after each start; of all others the address."""
    if known.layer == event.layer == "lan":
        return known.identity == event.identity
    return known.layer != "lan" != event.layer and known.address == event.address


def answered(known: Known, identity: bytes, endpoint: Endpoint | None = None) -> Known:
    """Without this node, and what was named of the machine at this endpoint: it answered."""
    ip = endpoint.ip if endpoint else ""
    return tuple(each for each in known if each.identity != identity and each.address.ip != ip)
