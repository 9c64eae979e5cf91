"""A moment of the log, as `--at` names it: up to which record it reaches, and the mesh that those records make.

Snapshots make it cheap: nothing is folded but what lies between the newest that fits and the moment.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from wgmesh.cli.terminal import remark

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.database import Unreadable
    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.records import Record

# Folding so many records takes as long as reading a snapshot.
SNAPSHOT_PAYS = 1000

At = Annotated[
    str | None,
    typer.Option("--at", metavar="T", help="As of then: 12:03, 2026-11-22T12:03, -10m, or the sequence of a record."),
]


@dataclass(frozen=True)
class Moment:
    """The log up to and with the record `sequence`, at `at` (ms)."""

    sequence: int
    at: int


def moment(reader: "LogReader", text: str | None) -> Moment:
    """`12:03`, `2026-11-22T12:03`, `-10m`, a sequence, None for the present; WgmeshError if there is no such moment."""
    from wgmesh.cli.times import now, parse

    if text is None:
        return Moment(reader.head.sequence, now())
    if text.isdecimal() and text.isascii():
        return _of_record(reader, int(text))
    at = parse(text, now())
    sequence = reader.last_at(at)
    if sequence <= reader.beginning.sequence:
        raise _before_the_beginning(reader)
    return Moment(sequence, at)


def mesh_at(reader: "LogReader", sequence: int) -> "Mesh":
    """The mesh that the log makes up to this record; WgmeshError while it tells of no node that started."""
    from wgmesh.domain.errors import WgmeshError

    mesh = folded(reader, sequence)
    if mesh.settings is None:
        raise WgmeshError(
            f"up to record {sequence} this log tells of no node that this wgmesh can read:"
            " name a later moment, or update wgmesh"
        )
    return mesh


def folded(reader: "LogReader", sequence: int) -> "Mesh":
    """The same, also where no node has started yet."""
    from wgmesh import __version__
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.snapshot import decode, shape

    kept = reader.snapshot(shape(__version__), sequence)
    begun, mesh = (kept[0], decode(kept[1])) if kept else (0, Mesh())
    for _, _, after in story(reader.records(begun, sequence), mesh):
        mesh = after
    return mesh


def before_each(reader: "LogReader", sequences: "Iterable[int]") -> "Iterator[tuple[int, Mesh]]":
    """The mesh just before each of these records, given in order: the log between them is folded once."""
    from wgmesh.domain.mesh import Mesh

    reached, mesh = 0, Mesh()
    for sequence in sequences:
        if sequence - reached > SNAPSHOT_PAYS:
            reached, mesh = sequence - 1, folded(reader, sequence - 1)
        for _, _, after in story(reader.records(reached, sequence - 1), mesh):
            mesh = after
        reached = sequence - 1
        yield sequence, mesh


def story(records: "Iterable[Record | Unreadable]", mesh: "Mesh") -> "Iterator[tuple[Mesh, Record, Mesh]]":
    """Each record with the mesh before and after it. What cannot be read is said once a name, and left out."""
    from wgmesh.domain.folding import evolve

    for record in readable(records):
        try:
            after = evolve(mesh, record)
        except KeyError:  # it speaks of a peer whose own records were of those that cannot be read
            after = mesh
        yield mesh, record, after
        mesh = after


def readable(records: "Iterable[Record | Unreadable]") -> "Iterator[Record]":
    """The records that this wgmesh can read; of the others it says so once a name, on stderr."""
    from wgmesh.adapters.event_log.database import Unreadable

    said = set()
    for record in records:
        if not isinstance(record, Unreadable):
            yield record
        elif record.topic not in said:
            said.add(record.topic)
            remark(f"{record.reason}; it is left out, and all others of its kind")


def records_of(reader: "LogReader", sequences: Iterable[int]) -> "dict[int, Record]":
    """The records with these sequences, as far as they are still in the log and can be read."""
    from wgmesh.domain.records import Record

    found = (record for sequence in sequences for record in reader.records(sequence - 1, sequence))
    return {record.sequence: record for record in found if isinstance(record, Record)}


def _of_record(reader: "LogReader", sequence: int) -> Moment:
    from wgmesh.domain.errors import WgmeshError

    if sequence <= reader.beginning.sequence:
        raise _before_the_beginning(reader)
    for record in reader.records(sequence - 1, sequence):
        return Moment(sequence, _written_at(record))
    raise WgmeshError(f"the log has no record {sequence}: its last is {reader.head.sequence}")


def _written_at(record: "Record | Unreadable") -> int:
    from wgmesh.cli.times import now
    from wgmesh.domain.records import Record

    return record.at if isinstance(record, Record) else now()


def _before_the_beginning(reader: "LogReader") -> Exception:
    from wgmesh.cli.times import now, stamp
    from wgmesh.domain.errors import WgmeshError

    first = next(reader.records(reader.beginning.sequence))
    begun = stamp(_written_at(first), now())
    return WgmeshError(f"the log begins at {begun}, with record {first.sequence}: name a later moment")
