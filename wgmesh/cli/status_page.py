"""The status as a page of lines, each with its style; what is wrong stands last, where the eye is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wgmesh.projections.peers import Peers, ShownPeer
    from wgmesh.projections.status import ShownLayer, Status

Line = tuple[str, str]

# Peers on one screen; the rest is in `wgmesh peers`.
MOST_PEERS = 12

_STYLES = {"connected": "good", "working": "good", "silent": "odd", "banned": "bad", "suspended": "bad", "hard": "odd"}
_NATS = {
    "none": "none: the Internet sees us at ",
    "easy": "easy: everybody sees us at ",
    "hard": "hard: another port for each, one is ",
    "unknown": "not confirmed yet, seen at ",
}


def page(status: "Status", peers: "Peers") -> Iterator[Line]:
    """The lines of the page."""
    node = status.node
    yield f"{node.name} in the mesh {status.mesh.network}, {status.mesh.network_ipv6}", "strong"
    yield f"  addresses  {' '.join(address for address in (node.mesh_ipv4, node.mesh_ipv6) if address)}", ""
    yield f"  key        {node.public_key}", ""
    yield f"  interface  {node.interface}, WireGuard: {node.wireguard}", ""
    yield (
        f"  ports      UDP {node.listen_port} for WireGuard, {node.exchange_port} for the exchange (--peer)",
        "",
    )
    yield f"  daemon     {'running' if status.running else 'not running'}, record {status.sequence}", ""
    for layer in status.layers:
        yield _layer(layer, status.at), _STYLES.get(layer.state, "")
    for nat in status.nat:
        yield f"  NAT        {_NATS[nat.kind]}{nat.endpoint}", _STYLES.get(nat.kind, "")
    yield "", ""
    yield from _peers(status, peers)
    for warning in status.warnings:
        yield f"! {warning}", "bad"


def _layer(layer: "ShownLayer", at: int) -> str:
    from wgmesh.projections.wording import duration

    since = f" for {duration(at - layer.since)}" if layer.since is not None else ""
    reason = f": {layer.reason}" if layer.reason else ""
    contacts = f", contacts {' '.join(layer.contacts)}" if layer.contacts else ""
    return f"  {layer.name:<9}  {layer.state}{since}{reason}{contacts}"


def _peers(status: "Status", peers: "Peers") -> Iterator[Line]:
    from wgmesh.projections.wording import counted, duration

    if not peers.peers:
        looking = any(layer.state in ("working", "starting") for layer in status.layers)
        hope = ": a node with the same secret on this LAN appears by itself" if looking else ""
        yield f"no peers{hope}", "odd"
        return
    sampled = peers.sampled_at if peers.sampled_at is not None else status.at
    old = f", counters of {duration(status.at - sampled)} ago" if sampled < status.at else ""
    yield f"{counted(status.counts.known, 'peer')}, {status.counts.connected} connected{old}", "strong"
    for peer in peers.peers[:MOST_PEERS]:
        yield _peer(peer, status.at), _STYLES.get(peer.state, "")
    if len(peers.peers) > MOST_PEERS:
        yield f"  and {len(peers.peers) - MOST_PEERS} more: wgmesh peers", ""


def _peer(peer: "ShownPeer", at: int) -> str:
    from wgmesh.projections.wording import amount, duration

    name = peer.name or peer.public_key
    where = f"  {peer.endpoint}" if peer.endpoint else ""
    line = f"  {name:<16} {peer.state:<10} {peer.mesh_ipv4 or peer.mesh_ipv6:<15}{where}"
    if peer.last_handshake is None:
        return line
    handshake = f"handshake {duration(at - peer.last_handshake)} ago"
    return f"{line}  {handshake}  {amount(peer.rx_bytes)} in, {amount(peer.tx_bytes)} out"
