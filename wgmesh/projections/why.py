"""Why something is as it is: the present answer in one sentence, what is seen from both sides, and what it rests on.

Each sort of subject has its own file; here they are told apart. The records that an answer rests on are fetched by
whoever reads the log: `grounds` names them, and `words` what others that belong to the story speak of.
"""

import ipaddress
from typing import assert_never

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Endpoint
from wgmesh.projections.subjects import Address, OfPeer, OurNode, Prefix, Stranger, Subject
from wgmesh.projections.why_answer import Answer, Circumstances
from wgmesh.projections.why_peer import of_peer
from wgmesh.projections.why_places import of_address, of_endpoint, of_prefix
from wgmesh.projections.why_strangers import of_our_node, of_stranger


def why(mesh: Mesh, subject: Subject, seen: Circumstances) -> Answer:
    """The answer for a node that joined and started."""
    match subject:
        case OurNode():
            return of_our_node(mesh, seen)
        case OfPeer(peer):
            return of_peer(mesh, peer, seen)
        case Stranger(name):
            return of_stranger(mesh, name, seen)
        case Address(ip):
            return of_address(mesh, ip, seen)
        case Endpoint():
            return of_endpoint(mesh, subject, seen)
        case Prefix(network):
            return of_prefix(mesh, ipaddress.ip_network(network), seen)
        case _:
            assert_never(subject)
