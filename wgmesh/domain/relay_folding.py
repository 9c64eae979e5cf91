"""What events say of relays, folded: through whom a peer is reached, and between whom this node passes on."""

from typing import assert_never

from msgspec.structs import replace

from wgmesh.domain.events import PeerRelayed, PeerUnrelayed, RelayClosed, RelayOpened, RelayPortChosen
from wgmesh.domain.facts import Passage, RelayedPair
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import Ground

RelayEvent = RelayPortChosen | PeerRelayed | PeerUnrelayed | RelayOpened | RelayClosed


def evolve_relay(mesh: Mesh, event: RelayEvent, ground: Ground) -> Mesh:
    """The mesh after what a record says of a relay."""
    match event:
        case RelayPortChosen(port):
            return replace(mesh, relay_port=port)
        case PeerRelayed(identity, relay, port):
            through = Passage(relay, port, ground)
            return _put(mesh, replace(mesh.peers[identity], relayed=through, unrelayed=None, heard_at=ground.at))
        case PeerUnrelayed(identity):
            return _unrelay(mesh, mesh.peers[identity], ground)
        case RelayOpened():
            facts = {name: getattr(event, name) for name in event.__struct_fields__}
            pair = RelayedPair(**facts, since=ground)
            return replace(mesh, relaying={**mesh.relaying, pair.first + pair.second: pair})
        case RelayClosed(first, second):
            return replace(mesh, relaying={key: pair for key, pair in mesh.relaying.items() if key != first + second})
        case _:
            assert_never(event)


def _unrelay(mesh: Mesh, peer: Peer, ground: Ground) -> Mesh:
    through = peer.relayed
    return _put(mesh, replace(peer, relayed=None, unrelayed=replace(through, since=ground))) if through else mesh


def _put(mesh: Mesh, peer: Peer) -> Mesh:
    return replace(mesh, peers={**mesh.peers, peer.identity: peer})
