"""What a peer's own record makes of it: a peer we did not know, or one of whom we know something newer."""

from typing import Any

import msgspec

from wgmesh.domain.events import PeerDiscovered, PeerUpdated
from wgmesh.domain.peer import Claim, Peer
from wgmesh.domain.values import Ground


def discover(event: PeerDiscovered, layer: str, ground: Ground) -> Peer:
    """A peer as its first record describes it."""
    return Peer(
        **_stated(event),
        layers=(layer,),
        discovered=ground,
        updated=ground,
        addressed=ground,
        claims=_claims(event, (), ground),
        heard_at=ground.at,
    )


def update(peer: Peer, event: PeerUpdated, layer: str, ground: Ground) -> Peer:
    """The peer as its newer record describes it; what we saw ourselves stays."""
    return msgspec.structs.replace(
        peer,
        **_stated(event),
        layers=peer.layers if layer in peer.layers else (*peer.layers, layer),
        updated=ground,
        addressed=peer.addressed if event.ipv4 == peer.ipv4 else ground,
        claims=_claims(event, peer.claims, ground),
        heard_at=ground.at,
    )


def _stated(event: PeerDiscovered | PeerUpdated) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def _claims(event: PeerDiscovered | PeerUpdated, known: tuple[Claim, ...], ground: Ground) -> tuple[Claim, ...]:
    """The record's WireGuard endpoints; one that was claimed before keeps its date, and so its place in the turns."""
    since = {claim.endpoint: claim.since for claim in known}
    return tuple(
        Claim(said.endpoint, said.kind, "record", since.get(said.endpoint, ground))
        for said in event.endpoints
        if said.socket == "wg"
    )
