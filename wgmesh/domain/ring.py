"""The ring of identities: who is connected stands in a circle, by identity, and each has two neighbours in it.

A node says a Digest to the one after it every 6 s, and watches the one before it. Those two it always hears from.
"""

from collections.abc import Sequence

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import IdentityKey


def after(us: IdentityKey, others: Sequence[IdentityKey]) -> IdentityKey:
    """Of these, the next on the ring, which begins anew behind the highest; empty if there is none."""
    higher = [identity for identity in others if identity > us]
    return min(higher or others, default=b"")


def before(us: IdentityKey, others: Sequence[IdentityKey]) -> IdentityKey:
    """Of these, the one before us on the ring; empty if there is none."""
    lower = [identity for identity in others if identity < us]
    return max(lower or others, default=b"")


def neighbours(mesh: Mesh) -> tuple[IdentityKey, ...]:
    """The two that a node that gossips hears every few seconds; of a single peer, it twice.

    A run that has just begun takes it that gossip will work: a restart alone changes nothing.
    """
    known = mesh.layers.get("gossip")
    is_on = mesh.settings is not None and mesh.settings.gossip and (known is None or not known.reason)
    connected = [peer.identity for peer in mesh.present_peers if peer.connected and is_on]
    return (before(mesh.identity, connected), after(mesh.identity, connected)) if connected else ()
