"""A log as rows for a database: what happened, who it was about, and which connections there were from when to when.

Times are ISO 8601 in UTC, beside the ms of the log, because that is what people and Datasette sort and group by.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from wgmesh.domain.folding import evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.records import Record
from wgmesh.domain.values import SECOND, Endpoint, Ground
from wgmesh.projections import peers
from wgmesh.projections.event_object import event_object
from wgmesh.projections.timeline import sentence
from wgmesh.projections.wording import key
from wgmesh.report.chronicle import keys_in, state_of

Row = dict[str, Any]


class Tables(Struct, frozen=True):
    """The rows of each table, in the order in which they came to be."""

    peers: list[Row]
    endpoints: list[Row]
    events: list[Row]
    mentions: list[Row]
    connections: list[Row]


def tables(records: Iterable[Record]) -> Tables:
    """All tables of a log; a record of a peer that nobody introduced, as beside unreadable ones, changes nothing."""
    written, mesh = Tables([], [], [], [], []), Mesh()
    begun: dict[bytes, Row] = {}
    known: dict[str, str] = {}  # the WireGuard key of a peer, by it and by its identity
    for record in records:
        before = mesh
        try:
            mesh = evolve(before, record)
            said = sentence(before, record)
        except KeyError:
            said = ""
        event = event_object(record)
        written.events.append(_event(record, event, said))
        for peer in mesh.peers.values() if mesh.peers.keys() != before.peers.keys() else ():
            known |= dict.fromkeys((key(peer.identity), key(peer.public_key)), key(peer.public_key))
        mentioned = dict.fromkeys(known[text] for text in keys_in(event) if text in known)
        written.mentions.extend({"sequence": record.sequence, "peer": peer_key} for peer_key in mentioned)
        written.connections.extend(_connections(record, before, mesh, begun))
    for peer in mesh.peers.values():
        written.peers.append(_peer(mesh, peer))
        written.endpoints.extend(_endpoints(mesh, peer))
    return written


def _event(record: Record, event: Row, said: str) -> Row:
    frame = ("sequence", "at", "name", "version", "cause", "because", "chain")
    fields = {name: value for name, value in event.items() if name not in frame}
    return {
        "sequence": record.sequence,
        "time": iso(record.at),
        "at": record.at,
        "name": event["name"],
        "cause": record.cause,
        "sentence": said,
        "because": msgspec.json.encode(record.because).decode(),
        "fields": msgspec.json.encode(fields).decode(),
    }


def _connections(record: Record, before: Mesh, mesh: Mesh, begun: dict[bytes, Row]) -> Iterator[Row]:
    """Rows of connections that begin; those that end are completed where they are."""
    for identity, peer in mesh.peers.items():
        held = before.peers.get(identity)
        if held is peer or _connected(held) == _connected(peer):
            continue
        if (row := begun.pop(identity, None)) is not None:
            row |= {"until": iso(record.at), "ended_by": record.sequence, "seconds": (record.at - row["at"]) // SECOND}
        if (now := _connected(peer)) is not None:
            begun[identity] = _connection(peer, *now)
            yield begun[identity]


def _connected(peer: Peer | None) -> tuple[Endpoint, Ground] | None:
    """At which endpoint, and the record that says so."""
    if peer is None or not peer.connected or not peer.proven or not peer.proved:
        return None
    return peer.proven, peer.proved


def _connection(peer: Peer, endpoint: Endpoint, since: Ground) -> Row:
    return {
        "peer": key(peer.public_key),
        "endpoint": str(endpoint),
        "since": iso(since.at),
        "at": since.at,
        "begun_by": since.sequence,
        "until": None,
        "ended_by": None,
        "seconds": None,
    }


def _peer(mesh: Mesh, peer: Peer) -> Row:
    shown = peers.show(mesh, peer, mesh.head.at)
    return {
        "public_key": shown.public_key,
        "name": shown.name,
        "state": state_of(mesh, peer),
        "mesh_ipv4": shown.mesh_ipv4,
        "mesh_ipv6": shown.mesh_ipv6,
        "endpoint": shown.endpoint,
        "first_seen": iso(shown.first_seen),
        "last_heard": None if shown.last_handshake is None else iso(shown.last_handshake),
        "rx_bytes": shown.rx_bytes,
        "tx_bytes": shown.tx_bytes,
        "identity": shown.identity,
    }


def _endpoints(mesh: Mesh, peer: Peer) -> Iterator[Row]:
    for claim in peers.show(mesh, peer, mesh.head.at).endpoints:
        place = {"peer": key(peer.public_key), "endpoint": claim.endpoint}
        yield {**place, "kind": claim.kind, "source": claim.source, "since": iso(claim.since)}


def iso(at: int) -> str:
    """Ms since 1970 as `2026-11-22T12:00:04.118Z`."""
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % SECOND:03d}Z"
