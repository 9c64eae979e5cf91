"""The interface of a link-local endpoint, which wireguard-go takes but does not tell when it is asked.

It is what we set; for one that we did not set (a peer that roamed, a daemon that was started anew), the link on which
the kernel met that neighbour. Where two links have the same neighbour it stays empty, which is better than wrong.
"""

import ipaddress
from collections.abc import Callable

from msgspec.structs import replace

from wgmesh.domain.device import AddPeer, Change, DevicePeer, RemovePeer, UpdatePeer
from wgmesh.domain.values import Endpoint, PublicKey


class Scopes:
    """Remembers the scope of each peer's endpoint; `neighbour` gives the interfaces on which an address was met."""

    def __init__(self, neighbour: Callable[[str], tuple[str, ...]]) -> None:
        self._neighbour = neighbour
        self._known: dict[PublicKey, Endpoint] = {}

    def note(self, change: Change) -> None:
        """A change was made."""
        match change:
            case AddPeer(DevicePeer(public_key=key, endpoint=Endpoint() as endpoint)):
                self._known[key] = endpoint
            case UpdatePeer(public_key=key, endpoint=Endpoint() as endpoint):
                self._known[key] = endpoint
            case RemovePeer(public_key=key):
                self._known.pop(key, None)

    def complete(self, peer: DevicePeer) -> DevicePeer:
        """The peer as it was read, and the scope of its endpoint."""
        endpoint = peer.endpoint
        if endpoint is None or not _needs_scope(endpoint):
            return peer
        known = self._known.get(peer.public_key)
        if known is None or known.ip != endpoint.ip:
            met = self._neighbour(endpoint.ip)
            known = self._known[peer.public_key] = replace(endpoint, scope=met[0] if len(met) == 1 else "")
        return replace(peer, endpoint=replace(endpoint, scope=known.scope))


def _needs_scope(endpoint: Endpoint) -> bool:
    return ":" in endpoint.ip and ipaddress.IPv6Address(endpoint.ip).is_link_local and not endpoint.scope
