"""Which records go together to one member inside its tunnel: four pages at most, so that no more are in flight."""

from collections.abc import Iterable

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.pages import paged
from wgmesh.domain.peer_record import LARGEST_RECORD

PAGES = 4
# Our own record is signed where it is sent: here it counts as the largest there is.
OWN = bytes(LARGEST_RECORD)


def that_fit(mesh: Mesh, identities: Iterable[bytes]) -> tuple[bytes, ...]:
    """As many of these nodes, from the first on, as have records that can be sent at once; none that is not known."""
    known = [each for each in identities if each in mesh.peers or each == mesh.identity]
    records = (mesh.peers[each].signed if each in mesh.peers else OWN for each in known)
    return tuple(known[: sum(len(page.records) for page in paged("gossip", records, PAGES))])
