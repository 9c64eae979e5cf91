"""A log as the page has it: what was so in the beginning, and after each record only what became otherwise.

So a page that is moved to any record adds up a few thousand short rows, and knows nothing of what an event means. Texts
are sentences of the timeline, made printable here; the page puts them where no browser reads them as markup.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain.folding import evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.records import Record
from wgmesh.projections.event_object import event_object
from wgmesh.projections.timeline import sentence
from wgmesh.projections.wording import key, printable

# A roll call of a hundred peers is longer than anybody reads in a list; `wgmesh events` has it whole.
MOST_LETTERS = 400
_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")

# How a node is: its state, name, mesh address and endpoint.
How = tuple[str, str, str, str]
# Place of the record from which it is so, place of the node, and how it is.
NodeChange = tuple[int, int, str, str, str, str]


class Chronicle(Struct, frozen=True):
    """The records as columns, side by side, and the changes to nodes in their order. Node 0 is who wrote the log.

    `at` is in ms; `cause` and `kind` are places in `causes` and `kinds`; `who`: the nodes that a record speaks of;
    `layers`: (place of the record, layer, why it cannot work). `network` is the mesh's IPv4 range.
    """

    network: str
    keys: list[str]
    causes: list[str]
    kinds: list[str]
    sequence: list[int]
    at: list[int]
    cause: list[int]
    kind: list[int]
    text: list[str]
    who: list[list[int]]
    nodes: list[NodeChange]
    layers: list[tuple[int, str, str]]


def chronicle(records: Iterable[Record]) -> Chronicle:
    """What the records tell; one of a peer that nobody introduced, as beside unreadable ones, changes nothing."""
    written = _Writer()
    for record in records:
        written.add(record)
    return replace(written.chronicle, network=written.network)


class _Writer:
    def __init__(self) -> None:
        self.chronicle = Chronicle("", [], [], [], [], [], [], [], [], [], [], [])
        self._mesh = Mesh()
        self._places: dict[str, int] = {}  # of a node, by its WireGuard key and by its identity, as written
        self._shown: dict[int, How] = {}

    @property
    def network(self) -> str:
        """The mesh's IPv4 range; empty if the log does not tell."""
        return self._mesh.parameters.network if self._mesh.parameters else ""

    def add(self, record: Record) -> None:
        before, told = self._mesh, self.chronicle
        place = len(told.sequence)
        try:
            self._mesh = evolve(before, record)
            text = sentence(before, record)
        except KeyError:
            text = f"{type(record.event).__name__} of a peer that no readable record introduced"
        told.sequence.append(record.sequence)
        told.at.append(record.at)
        told.cause.append(_place(told.causes, record.cause))
        told.kind.append(_place(told.kinds, type(record.event).__name__))
        told.text.append(_shortened(printable(text)))
        self._tell_nodes(place, before)
        told.who.append(self._concerned(record))
        told.layers.extend(_news_of_layers(place, before, self._mesh))

    def _tell_nodes(self, place: int, before: Mesh) -> None:
        mesh = self._mesh
        if mesh.public_key:
            self._tell(place, mesh.public_key, mesh.identity, _ourselves(mesh))
        for identity, peer in mesh.peers.items():
            if before.peers.get(identity) is not peer or before.bans(peer) != mesh.bans(peer):
                self._tell(place, peer.public_key, peer.identity, _peer(mesh, peer))

    def _tell(self, place: int, public_key: bytes, identity: bytes, how: How) -> None:
        node = self._places.setdefault(key(public_key), len(self.chronicle.keys))
        self._places[key(identity)] = node
        if node == len(self.chronicle.keys):
            self.chronicle.keys.append(key(public_key))
        if self._shown.get(node) != how:
            self._shown[node] = how
            state, name, address, endpoint = how
            self.chronicle.nodes.append((place, node, state, printable(name), address, printable(endpoint)))

    def _concerned(self, record: Record) -> list[int]:
        named = keys_in(event_object(record))
        return list(dict.fromkeys(self._places[text] for text in named if text in self._places))


def _ourselves(mesh: Mesh) -> How:
    state = "left" if mesh.departed else "stopped" if mesh.stopped else "running" if mesh.started else "joined"
    return state, mesh.settings.hostname if mesh.settings else "", mesh.ipv4 or mesh.ipv6, ""


def _peer(mesh: Mesh, peer: Peer) -> How:
    return state_of(mesh, peer), peer.hostname, peer.ipv4 or peer.ipv6, str(peer.proven) if peer.proven else ""


def _news_of_layers(place: int, before: Mesh, mesh: Mesh) -> Iterator[tuple[int, str, str]]:
    for name, layer in mesh.layers.items():
        if before.layers.get(name) is not layer:
            yield place, name, printable(layer.reason)


def state_of(mesh: Mesh, peer: Peer) -> str:
    """What a person calls it, also one that is in no list any more."""
    if mesh.bans(peer):
        return "banned"
    return "forgotten" if peer.state == "expired" else peer.state


def keys_in(value: Any) -> Iterator[str]:
    """Every key in the object of an event, as it is written there."""
    match value:
        case str():
            yield from _KEY.findall(value)
        case list() | tuple():
            for item in value:
                yield from keys_in(item)
        case dict():
            for item in value.values():
                yield from keys_in(item)


def _place(names: list[str], name: str) -> int:
    if name not in names:
        names.append(name)
    return names.index(name)


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}… (wgmesh events has all of it)"
