"""What changed between two moments of one node: peers, addresses, layers, settings, and the WireGuard device.

Nothing is said of what came and went in between; `events` tells that.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.projections.change_sentences import describe
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.device_changes import differences
from wgmesh.projections.wording import key, name_of

Topic = Literal["node", "peers", "layers", "device"]


class Change(Struct, frozen=True):
    """`subject` had `before` and has `after`; None where it was not, or is no longer, there."""

    topic: Topic
    subject: str
    what: str
    before: str | None
    after: str | None


def difference(before: Mesh, after: Mesh) -> tuple[Change, ...]:
    """All changes, topic by topic. Both are of one node that joined and started."""
    return (
        *_of_the_node(before, after),
        *_of_peers(before, after),
        *_of_layers(before, after),
        *_of_the_device(before, after),
    )


def _of_the_node(before: Mesh, after: Mesh) -> Iterator[Change]:
    yield from _changes("node", "this node", _node(before), _node(after))


def _node(mesh: Mesh) -> dict[str, str]:
    settings = mesh.settings
    assert settings is not None
    facts = {name.replace("_", " "): _written(getattr(settings, name)) for name in settings.__struct_fields__}
    standing = "left" if mesh.departed else "stopped" if mesh.stopped else "running"
    networks = (f"{interface.name} {' '.join(interface.prefixes)}" for interface in mesh.interfaces)
    return {
        "state": standing,
        "program": mesh.program,
        "boot": str(mesh.incarnation.boot),
        "IPv4": mesh.ipv4,
        "WireGuard port": str(mesh.listen_port),
        "networks": "; ".join(networks),
        **facts,
    }


def _written(value: object) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case tuple():
            return " ".join(map(str, value))
        case _:
            return str(value)


def _of_peers(before: Mesh, after: Mesh) -> Iterator[Change]:
    for identity in {**before.peers, **after.peers}:
        old, new = before.peers.get(identity), after.peers.get(identity)
        known = new or old
        assert known
        name = known.hostname or key(known.public_key)
        yield from _changes("peers", name, _peer(before, old), _peer(after, new))


def _peer(mesh: Mesh, peer: Peer | None) -> dict[str, str]:
    if peer is None:
        return {}
    return {
        "state": "banned" if mesh.bans(peer) else peer.state,
        "hostname": peer.hostname,
        "IPv4": peer.ipv4,
        "endpoint": str(peer.proven or ""),
        "relay": name_of(mesh, peer.relayed.relay) if peer.relayed else "",
        "routes": " ".join(peer.routes),
        "boot": str(peer.incarnation.boot),
    }


def _of_layers(before: Mesh, after: Mesh) -> Iterator[Change]:
    for name in {**before.layers, **after.layers}:
        yield from _changes("layers", name, _layer(before, name), _layer(after, name))


def _layer(mesh: Mesh, name: str) -> dict[str, str]:
    layer = mesh.layers.get(name)
    return {} if layer is None else {"state": layer.reason or "works"}


def _of_the_device(before: Mesh, after: Mesh) -> Iterator[Change]:
    """What had to be done to WireGuard to get from one to the other."""
    old, new = (desired_device(mesh, mesh.head.awake) for mesh in (before, after))
    for change in differences(old, new):
        yield Change("device", "WireGuard", "change", None, describe(change))


def _changes(topic: Topic, subject: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Change]:
    for what in {**before, **after}:
        old, new = before.get(what, ""), after.get(what, "")
        if old != new:
            yield Change(topic, subject, what, old or None, new or None)
