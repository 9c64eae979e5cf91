"""For each direction of a pair: was it heard, was it refused, was it never sent, or was it lost on the way?

The answer is in two logs: what the one could send, and what the other made of it. Neither alone tells a wall between
the two from a node that says nothing.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from wgmesh.domain.draft import NEVER
from wgmesh.domain.events import DatagramsRejected
from wgmesh.pairs.side import Side
from wgmesh.pairs.ways import ways
from wgmesh.projections.wording import key, skewed

LOST = "nothing of that arrived: a firewall, a router or a switch between the two?"

Kind = Literal["heard", "refused", "never sent", "never heard"]


class Direction(Struct, frozen=True):
    """What became of what one side said: `why` goes on where `kind` ends. `since`: ms on the listener's own clock."""

    speaker: str
    listener: str
    kind: Kind
    why: str
    since: int | None = None


def direction(speaker: Side, listener: Side, ahead: int) -> Direction:
    """From the one to the other; the speaker's clock is `ahead` of the listener's by so many ms."""
    names = (speaker.name, listener.name)
    if refusal := next(_refusals(speaker, listener), ""):
        return Direction(*names, "refused", refusal)
    heard = listener.heard.get(speaker.mesh.identity, {})
    if _is_heard(speaker, listener):
        return Direction(*names, "heard", "its record arrived", min(heard.values(), default=None))
    if silence := _silence(speaker, listener, ahead):
        return Direction(*names, "never sent", silence)
    return Direction(*names, "never heard", _lost(speaker, listener))


def _is_heard(speaker: Side, listener: Side) -> bool:
    """Did anything come from the node itself? What others pass on of it does not count."""
    identity, peer = speaker.mesh.identity, listener.peer(speaker)
    if peer is None:
        return False
    said_itself = peer.counter > NEVER or bool(peer.observed) or peer.proved is not None or "lan" in peer.layers
    return said_itself or identity in listener.connected


def of_the_tunnel(first: Side, second: Side) -> str:
    """What WireGuard came to, by each of the two logs."""
    one, other = _state(first, second), _state(second, first)
    if one == other == "connected":
        return "WireGuard: both say that they are connected"
    return f"WireGuard: {first.name} says {one}, {second.name} says {other}"


def of_the_meshes(first: Side, second: Side) -> str:
    """What is wrong with the pair as such; empty if nothing is."""
    one, other = first.mesh.parameters, second.mesh.parameters
    if one == other:
        return ""
    assert one and other, "a log begins with the parameters of its mesh"
    return (
        f"they are in two meshes, {one.network} and {other.network}, with two secrets or two URIs of one:"
        " join both with the same whole line"
    )


def _refusals(speaker: Side, listener: Side) -> Iterator[str]:
    if speaker.mesh.public_key in listener.mesh.banned:
        yield f"{listener.name} banned it: wgmesh unban {key(speaker.mesh.public_key)}"
    refusal = listener.mesh.refused.get(speaker.mesh.identity)
    if refusal:
        yield refusal.reason
    if not _is_heard(speaker, listener):
        if skew := listener.mesh.skewed.get(speaker.mesh.identity):
            yield f"{skewed(speaker.name, skew.source, skew.hours, f'that of {listener.name}')}: set the wrong one"
        yield from _dropped(speaker, listener)


def _dropped(speaker: Side, listener: Side) -> Iterator[str]:
    """Datagrams from an address of the speaker that the listener could not make anything of."""
    addresses = speaker.addresses
    for line in reversed(listener.lines):
        match line.record.event:
            case DatagramsRejected(counts, sources):
                source = next((each for each in sources if each in addresses), "")
                if source:
                    reasons = ", ".join(f"{reason} {count}" for reason, count in counts.items())
                    yield f"datagrams from {source} were dropped ({reasons}): another secret, or a clock far off?"


def _silence(speaker: Side, listener: Side, ahead: int) -> str:
    """Why the speaker cannot have said anything to the listener; empty if it can."""
    if speaker.mesh.settings is None or not speaker.runs:
        return "it never started"
    runs = [(begun - ahead, ended - ahead) for begun, ended in speaker.runs]
    if not any(begun <= last and first <= ended for begun, ended in runs for first, last in listener.runs):
        return f"it never ran while {listener.name} did"
    closed = [way.closed for way in ways(speaker, listener)]
    return f"it had no way to {listener.name}: {'; '.join(closed)}" if all(closed) else ""


def _lost(speaker: Side, listener: Side) -> str:
    """What the speaker sent, and why the listener heard nothing of it, as far as its own log tells."""
    open_ways = [way for way in ways(speaker, listener) if not way.closed]
    heard = [way.sent for way in open_ways if not way.deaf]
    told = [f"{way.sent}, where {listener.name} did not listen ({way.deaf})" for way in open_ways if way.deaf]
    if heard:
        told = [f"{'; '.join(heard)}; {LOST}", *told]
    if known := listener.peer(speaker):
        told = [f"{listener.name} knows it by {' and '.join(known.layers)} alone", *told]
    return "; ".join(told)


def _state(side: Side, other: Side) -> str:
    peer = side.peer(other)
    if side.mesh.departed or side.mesh.stopped:
        return "that it stopped" if side.mesh.stopped else "that it left"
    return peer.state if peer else "that it does not know the other"
