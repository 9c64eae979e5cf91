"""Who leaves tells connected peers over the underlay as well: its tunnels go with it, or went before with the daemon.

What is said inside tunnels may be lost with them, and a LAN is not everywhere. A goodbye is a signed record, so whoever
gets one page with it believes it, and passes it on.
"""

from itertools import islice

from wgmesh.domain import reaching
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendFarewell

# As many as a page of gossip would reach in its rounds, and more; these tell the others.
HEARERS = 16
# Against loss; who leaves hears no answer.
TIMES = 2


def bid(draft: Draft) -> Verdict:
    """Say it at the likeliest exchange socket of each connected peer, of so many at most."""
    connected = (peer for peer in draft.mesh.present_peers if peer.connected)
    for peer in islice(connected, HEARERS):
        for address in reaching.sockets(draft.mesh, peer)[:1]:
            yield from [SendFarewell(address)] * TIMES
