"""What read verbs stand on: the folded log, and beside it what a running daemon sees just now. Needs no daemon."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.place import LOG_NAME
from wgmesh.cli.terminal import remark

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.database import Unreadable
    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.records import Record
    from wgmesh.projections.peers import Live

# A daemon that is busy for longer is not waited for: the log has nearly everything.
SAMPLE_TIMEOUT_SECONDS = 2.0
# How far back the last roll call is looked for: one page of the log.
RECENT = 2000


@dataclass(frozen=True)
class View:
    """A node as of now (`at`, ms). `quoted`: the records that warnings cite."""

    at: int
    mesh: "Mesh"
    running: bool
    live: "Live | None"
    sampled_at: int | None
    quoted: "Mapping[int, Record]"


def open_log(directory: Path) -> "LogReader":
    """The log of a state directory, to be closed; WgmeshError if it cannot be read."""
    from wgmesh.adapters.event_log.reader import LogReader

    return LogReader(directory / LOG_NAME, running=is_running(directory))


def is_running(directory: Path) -> bool:
    """Whether a daemon holds the lock of the state directory."""
    from wgmesh.adapters.state_files import lock_holder

    return lock_holder(directory) is not None


def view(directory: Path) -> View:
    """Fold the log, newest snapshot first, and ask the daemon if there is one."""
    from wgmesh.cli.times import now
    from wgmesh.projections.warnings import cited

    running = is_running(directory)
    with open_log(directory) as reader:
        mesh = latest(reader)
        at = now()
        live = sample(directory) if running else None
        quoted = {record.sequence: record for sequence in cited(mesh, at) for record in _one(reader, sequence)}
        sampled_at = at if live else _last_roll_call(reader, mesh.head.sequence)
    return View(at, mesh, running, live, sampled_at, quoted)


def latest(reader: "LogReader") -> "Mesh":
    """The mesh that the whole log makes; WgmeshError while it tells of no node that started."""
    from wgmesh import __version__
    from wgmesh.domain.errors import WgmeshError
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.snapshot import decode, shape

    kept = reader.snapshot(shape(__version__))
    sequence, mesh = (kept[0], decode(kept[1])) if kept else (0, Mesh())
    for _, _, after in story(reader.records(sequence), mesh):
        mesh = after
    if mesh.settings is None:
        raise WgmeshError("this log tells of no node that this wgmesh can read: it is empty, or of a newer version")
    return mesh


def story(records: "Iterable[Record | Unreadable]", mesh: "Mesh") -> "Iterator[tuple[Mesh, Record, Mesh]]":
    """Each record with the mesh before and after it. What cannot be read is said once a name, and left out."""
    from wgmesh.domain.mesh import evolve

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


def sample(directory: Path) -> "Live | None":
    """What the daemon sees in WireGuard now; None where it does not say, which is remarked on."""
    import msgspec

    from wgmesh.adapters.control.client import ask
    from wgmesh.domain.errors import NotRunning, WgmeshError
    from wgmesh.projections.peers import Live

    try:
        return msgspec.convert(ask(directory, {"verb": "sample"}, SAMPLE_TIMEOUT_SECONDS), Live)
    except NotRunning:  # it holds the lock, and does not listen yet or any more
        return None
    except WgmeshError as error:
        remark(f"{error}; this is what the log says")
        return None


def _one(reader: "LogReader", sequence: int) -> "Iterator[Record]":
    from wgmesh.domain.records import Record

    return (record for record in reader.records(sequence - 1, sequence) if isinstance(record, Record))


def _last_roll_call(reader: "LogReader", head: int) -> int | None:
    from wgmesh.domain.events import PeersSighted
    from wgmesh.domain.records import Record

    recent = (record for record in reader.records(max(0, head - RECENT)) if isinstance(record, Record))
    return max((record.at for record in recent if isinstance(record.event, PeersSighted)), default=None)
