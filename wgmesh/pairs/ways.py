"""By which ways one node could say anything to another, by its own log, and whether the other listened there.

There are four: the LAN that both are on; an address that the operator named; what members or its own log told it of the
other; and the DHT. A way is closed for a reason that a person can change.
"""

import ipaddress
from collections.abc import Iterator

from msgspec import Struct

from wgmesh.domain.endpoints import candidates
from wgmesh.domain.events import LayerResumed
from wgmesh.domain.values import network_of
from wgmesh.pairs.side import Side
from wgmesh.projections.wording import trouble


class Way(Struct, frozen=True):
    """`closed`: why nothing can have been sent by it; empty if it was open, and then `sent` says what was.

    `deaf`: why the other can have heard nothing that came by it; empty if it listened.
    """

    sent: str
    closed: str
    deaf: str


def ways(speaker: Side, listener: Side) -> tuple[Way, ...]:
    """Of a speaker that started, the likeliest first."""
    lan = _closed_lan(speaker) or ("" if _share_a_lan(speaker, listener) else "the two share no LAN")
    exchange, there = _closed_layer(speaker, "exchange"), _closed_layer(listener, "exchange")
    return (
        Way(_on_the_lan(speaker, listener), lan, _closed_lan(listener)),
        Way(*_by_name(speaker, listener, exchange), there),
        Way(*_as_a_peer(speaker, listener, exchange), there),
        Way("it asked in the DHT who is in the mesh", _closed_dht(speaker), there or _closed_dht(listener)),
    )


def _on_the_lan(speaker: Side, listener: Side) -> str:
    mine = (each for each in speaker.mesh.unanswered if each.identity == listener.mesh.identity)
    asked = next((f", heard {listener.name} there and asked it at {each.address}" for each in mine), "")
    return f"it announced itself on the LAN{asked}"


def _by_name(speaker: Side, listener: Side, exchange: str) -> tuple[str, str]:
    """What was sent, and why not."""
    assert speaker.mesh.settings
    named = [place for place in speaker.mesh.settings.peers if _leads_to(place, listener)]
    if not named:
        return "", f"none of its --peer leads to {listener.name}"
    return f"it said Hello to {', '.join(named)}, as --peer has it", exchange


def _leads_to(place: str, listener: Side) -> bool:
    """Is that where its exchange is, or a name, of which no log tells where it leads?"""
    host, _, port = place.rpartition(":")
    try:
        ip = str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return True
    seen = [each.endpoint for each in listener.mesh.reflected.values()]
    if any(place == str(each) for each in seen):
        return True
    ours = (*listener.addresses, *(each.ip for each in (*seen, *listener.mesh.located)))
    return ip in ours and port == str(listener.mesh.exchange_port)


def _as_a_peer(speaker: Side, listener: Side, exchange: str) -> tuple[str, str]:
    """The same, of what it says and what WireGuard does once it knows the other's record."""
    peer = speaker.peer(listener)
    if peer is None:
        return "", f"nobody told it of {listener.name}"
    if speaker.mesh.bans(peer):
        return "", f"it bans {listener.name}"
    tried = ", ".join(str(claim.endpoint) for claim in candidates(speaker.mesh, peer))
    if not tried:
        return "", f"it knows no address of {listener.name} that can be used"
    hello = "" if exchange else " and said Hello"
    return f"it knew {listener.name} by {' and '.join(peer.layers)}, tried WireGuard at {tried}{hello}", ""


def _share_a_lan(one: Side, other: Side) -> bool:
    """Are they on one network, as far as addresses tell? Where one has only link-local ones, nobody knows."""
    here, there = ([network_of(prefix) for prefix in side.prefixes] for side in (one, other))
    here, there = ([each for each in each_side if not each.is_link_local] for each_side in (here, there))
    return not here or not there or any(network in there for network in here)


def _closed_lan(side: Side) -> str:
    settings = side.mesh.settings
    return "it runs with --no-lan" if settings is None or not settings.lan else _closed_layer(side, "lan")


def _closed_dht(side: Side) -> str:
    settings = side.mesh.settings
    return "it runs with --no-dht" if settings is None or not settings.dht else _closed_layer(side, "dht")


def _closed_layer(side: Side, layer: str) -> str:
    """Why a layer was never there, in all the log."""
    if any(_resumes(side, layer)):
        return ""
    known = side.mesh.layers.get(layer)
    return trouble(layer, known.reason) if known else f"layer {layer} never came up"


def _resumes(side: Side, layer: str) -> Iterator[bool]:
    known = side.mesh.layers.get(layer)
    yield known is not None and not known.reason
    for line in side.lines:
        yield isinstance(line.record.event, LayerResumed) and line.record.event.layer == layer
