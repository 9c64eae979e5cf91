"""One node's log as half of a pair: folded, on its own last clock, with what it said of itself and heard of others."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from wgmesh.domain.events import (
    ClockStepped,
    InterfacesChanged,
    MeshLeft,
    NodeStarted,
    NodeStopped,
    PeerConnected,
    PeerDiscovered,
    PeerLeft,
    PeerUpdated,
    StateCarried,
)
from wgmesh.domain.folding import evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.records import Record
from wgmesh.domain.values import Incarnation
from wgmesh.projections.wording import key

# In ms; later than any record.
END_OF_TIME = 2**63


class Line(Struct, frozen=True):
    """A record with the mesh before it; `at` is in ms on the clock that the node had in the end."""

    at: int
    before: Mesh
    record: Record


class Side(Struct, frozen=True):
    """`said`: when each incarnation of its own record was made; `heard`: of others, when each first came, by identity.

    `met` and `connected`: when it first discovered each, and first shook hands with it, by identity.
    `runs`: from when to when its daemon ran, as far as the log tells.
    """

    mesh: Mesh
    lines: tuple[Line, ...]
    said: dict[Incarnation, int]
    heard: dict[bytes, dict[Incarnation, int]]
    met: dict[bytes, int]
    connected: dict[bytes, int]
    runs: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        """The hostname, else the WireGuard key."""
        return (self.mesh.settings.hostname if self.mesh.settings else "") or key(self.mesh.public_key)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """All that its interfaces to LANs ever had, as far back as the log goes."""
        meshes = (self.mesh, *(line.before for line in self.lines if isinstance(line.record.event, InterfacesChanged)))
        return tuple(dict.fromkeys(prefix for mesh in meshes for i in mesh.interfaces for prefix in i.prefixes))

    @property
    def addresses(self) -> tuple[str, ...]:
        """The same without the lengths of the networks."""
        return tuple(str(ipaddress.ip_interface(prefix).ip) for prefix in self.prefixes)

    def peer(self, other: "Side") -> Peer | None:
        """The other side, as this one knows it."""
        return self.mesh.peers.get(other.mesh.identity)


def side_of(records: Sequence[Record]) -> Side:
    """The log of one side; a record of a peer that nobody introduced, as beside unreadable ones, changes nothing."""
    mesh, lines = Mesh(), list[Line]()
    said: dict[Incarnation, int] = {}
    heard: dict[bytes, dict[Incarnation, int]] = {}
    for at, record in zip(_on_the_last_clock(records), records, strict=True):
        before = mesh
        try:
            mesh = evolve(before, record)
        except KeyError:
            continue
        lines.append(Line(at, before, record))
        if before.identity and mesh.incarnation != before.incarnation:
            said[mesh.incarnation] = at
        match record.event:
            case (
                PeerDiscovered(identity=identity, incarnation=incarnation)
                | PeerUpdated(identity=identity, incarnation=incarnation)
                | PeerLeft(identity=identity, incarnation=incarnation)
            ):
                heard.setdefault(identity, {}).setdefault(incarnation, at)
    met, connected = _firsts(lines, PeerDiscovered), _firsts(lines, PeerConnected)
    return Side(mesh, tuple(lines), said, heard, met, connected, tuple(_runs(lines)))


def _firsts(lines: list[Line], kind: type[PeerDiscovered | PeerConnected]) -> dict[bytes, int]:
    """When each peer first was in an event of this kind."""
    firsts: dict[bytes, int] = {}
    for line in lines:
        if isinstance(line.record.event, kind):
            firsts.setdefault(line.record.event.identity, line.at)
    return firsts


def _runs(lines: list[Line]) -> Iterator[tuple[int, int]]:
    """A run that was cut off ends, for all we know, when the next begins; one that goes on has no end."""
    begun = None
    for line in lines:
        match line.record.event:
            case NodeStarted() | StateCarried() | NodeStopped() | MeshLeft():
                if begun is not None and not isinstance(line.record.event, StateCarried):
                    yield begun, line.at
                    begun = None
                if isinstance(line.record.event, NodeStarted | StateCarried):
                    begun = line.at if begun is None else begun
    if begun is not None:
        yield begun, END_OF_TIME


def _on_the_last_clock(records: Iterable[Record]) -> list[int]:
    """When each record was written, had the clock never been set."""
    return list(reversed(list(_backwards(list(records)))))


def _backwards(records: list[Record]) -> Iterator[int]:
    later = 0
    for record in reversed(records):
        yield record.at + later
        if isinstance(record.event, ClockStepped):
            later += record.event.step
