"""Why there is no peer of a name, and how this node itself came to be what it is."""

from wgmesh.domain.identity import wireguard_key
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import MINUTE
from wgmesh.projections.why_answer import Answer, Circumstances, Fact, grounds, listed, skew_of
from wgmesh.projections.why_silences import silence, unanswered
from wgmesh.projections.wording import counted, key, name_of

# An hour's silence of strangers is no news any more; nor is a message of a newer version from last week.
OUTPACED_FOR = 60 * MINUTE
# What the log says of nodes that it knows nothing else of.
OF_STRANGERS = (
    "LayerSuspended",
    "InterfacesChanged",
    "PeerRefused",
    "DatagramsRejected",
    "ClockSkewObserved",
    "HelloUnanswered",
)


def of_our_node(mesh: Mesh, seen: Circumstances) -> Answer:
    """This node: how it stands, and since when it has its address."""
    connected = sum(peer.connected is not None for peer in mesh.present_peers)
    reached = f"{connected} of {counted(len(mesh.present_peers), 'known peer')} connected"
    return Answer(
        verdict=f"this node, {mesh.ipv4 or mesh.ipv6}, {_standing(mesh, seen)}: {reached}",
        facts=(
            (
                "address",
                f"{mesh.ipv4 or 'no IPv4'} for {seen.since(mesh.addressed)}, {_choice(mesh.nonce)}",
            ),
            *_obstacles(mesh, seen),
        ),
        grounds=grounds(
            *(mesh.departed, mesh.stopped, mesh.started, mesh.addressed, mesh.networked, mesh.joined, mesh.outrun),
            *(layer.since for layer in mesh.layers.values()),
        ),
        identity=mesh.identity,
        words=("NodeStarted", "NodeStopped", "MeshAddressChanged", key(mesh.identity)),
    )


def _choice(nonce: int) -> str:
    """A key makes one address after the other; a node moves to the next when another has the one it is at."""
    return f"number {nonce + 1} that its key makes, since others had those before" if nonce else "by its key"


def _standing(mesh: Mesh, seen: Circumstances) -> str:
    if mesh.departed:
        return f"left the mesh {seen.since(mesh.departed)} ago"
    if not seen.running:
        stopped = f" for {seen.since(mesh.stopped)}" if mesh.stopped else ""
        return f"does not run{stopped}, and its tunnels stay"
    return f"runs for {seen.since(mesh.started)}" if mesh.started else "runs"


def of_stranger(mesh: Mesh, name: str, seen: Circumstances) -> Answer:
    """Somebody whom no peer is called after."""
    for identity, refusal in mesh.refused.items():
        if name and (name == refusal.hostname or key(identity).startswith(name)):
            called = refusal.hostname or name_of(mesh, identity)
            return Answer(
                verdict=f"{called} is refused for {seen.since(refusal.since)}: {refusal.reason}",
                grounds=grounds(refusal.since),
                identity=identity,
                words=(key(identity),),
            )
    for public_key, since in mesh.banned.items():
        if name and key(public_key).startswith(name):
            return Answer(
                verdict=f"{key(public_key)} is banned for {seen.since(since)}, and nothing else is known of it",
                grounds=grounds(since),
                words=(key(public_key),),
            )
    for each in unanswered(mesh, seen):
        if name and (name == each.hostname or (each.layer == "lan" and key(each.identity).startswith(name))):
            return Answer(
                verdict=silence(mesh, each, seen),
                grounds=grounds(each.since),
                identity=each.identity,
                words=(key(each.identity),),
            )
    for identity, stone in mesh.tombstones.items():
        if name and (name == stone.hostname or any(key(each).startswith(name) for each in _keys(identity))):
            return Answer(
                verdict=f"{name} was let go {seen.since(stone.since)} ago, after it had been gone for long",
                grounds=grounds(stone.since),
                identity=identity,
                words=(key(identity),),
            )
    obstacles = _obstacles(mesh, seen)
    reason = obstacles[0][1] if obstacles else "nothing that names it has reached this node; does it run?"
    return Answer(
        verdict=f"no peer called {name} was ever discovered: {reason}",
        facts=tuple(obstacles[1:]),
        grounds=grounds(*(layer.since for layer in mesh.layers.values()), mesh.networked, mesh.rejected, mesh.started),
        words=OF_STRANGERS,
    )


def _keys(identity: bytes) -> tuple[bytes, bytes]:
    return identity, wireguard_key(identity)


def _obstacles(mesh: Mesh, seen: Circumstances) -> list[Fact]:
    """What keeps any peer from being discovered here, what is surest first."""
    found: list[Fact] = []
    if not seen.running:
        found.append(("heard", "the daemon of this node does not run, so nobody is met"))
    for name, layer in mesh.layers.items():
        if layer.reason:
            found.append(("heard", f"layer {name} cannot work for {seen.since(layer.since)}: {layer.reason}"))
    if mesh.settings and mesh.settings.lan and not mesh.interfaces:
        found.append(
            ("heard", "this machine has no network to meet peers on: those of containers and VPNs are left out")
        )
    if unopened := seen.unopened():
        sources = listed(unopened)
        found.append(("refused", f"our secret does not open what comes from {sources}: has that node another secret?"))
    for identity in mesh.skewed:
        if identity not in mesh.peers and (skew := skew_of(mesh, identity, seen)):
            found.append(("refused", skew))
    for each in unanswered(mesh, seen):
        found.append(("tried", silence(mesh, each, seen)))
    newer = [source for source, since in mesh.outpaced.items() if seen.at - since.at < OUTPACED_FOR]
    if newer:
        found.append(("refused", f"{listed(newer)} speaks a newer protocol: update wgmesh on this machine"))
    return found
