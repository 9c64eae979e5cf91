"""What read verbs stand on: the folded log, and beside it what a running daemon sees just now. Needs no daemon."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.moments import Moment, mesh_at, moment, records_of
from wgmesh.cli.place import LOG_NAME
from wgmesh.cli.terminal import remark

if TYPE_CHECKING:
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

    @property
    def awake(self) -> int:
        """The same on the clock of the node's running life: it stands still while no daemon runs."""
        head = self.mesh.head
        return head.awake + max(0, self.at - head.at) if self.running else head.awake


def open_log(directory: Path) -> "LogReader":
    """The log of a state directory, to be closed; WgmeshError if it cannot be read."""
    from wgmesh.adapters.event_log.reader import LogReader

    return LogReader(directory / LOG_NAME, running=is_running(directory))


def is_running(directory: Path) -> bool:
    """Whether a daemon holds the lock of the state directory."""
    from wgmesh.adapters.state_files import lock_holder

    return lock_holder(directory) is not None


def view(directory: Path, at: str | None = None) -> View:
    """Fold the log, newest snapshot first, and ask the daemon if there is one; `at`: as of that moment of the log."""
    with open_log(directory) as reader:
        return view_in(reader, directory, at)


def view_in(reader: "LogReader", directory: Path, at: str | None) -> View:
    """The same, of a log that is open already."""
    from wgmesh.cli.times import now

    if at is not None:
        return view_at(reader, moment(reader, at))
    running, mesh, present = is_running(directory), latest(reader), now()
    live = sample(directory) if running else None
    sampled_at = present if live else _last_roll_call(reader, mesh.head.sequence)
    return View(present, mesh, running, live, sampled_at, _quoted(reader, mesh, present))


def view_at(reader: "LogReader", moment: Moment) -> View:
    """The node as of a moment that is over: what the log says, and nothing that a daemon sees now."""
    return view_of(reader, mesh_at(reader, moment.sequence), moment.at)


def view_of(reader: "LogReader", mesh: "Mesh", at: int) -> View:
    """A mesh that was folded from this log, at its time (ms)."""
    running = mesh.stopped is None and mesh.departed is None
    return View(at, mesh, running, None, _last_roll_call(reader, mesh.head.sequence), _quoted(reader, mesh, at))


def latest(reader: "LogReader") -> "Mesh":
    """The mesh that the whole log makes; WgmeshError while it tells of no node that started."""
    return mesh_at(reader, reader.head.sequence)


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


def _quoted(reader: "LogReader", mesh: "Mesh", at: int) -> "dict[int, Record]":
    from wgmesh.projections.warnings import cited

    return records_of(reader, cited(mesh, at))


def _last_roll_call(reader: "LogReader", head: int) -> int | None:
    from wgmesh.domain.events import PeersSighted
    from wgmesh.domain.records import Record

    recent = (record for record in reader.records(max(0, head - RECENT), head) if isinstance(record, Record))
    return max((record.at for record in recent if isinstance(record.event, PeersSighted)), default=None)
