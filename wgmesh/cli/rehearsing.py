"""What `rehearse` looks at: the log folded here against the states kept there, then WireGuard as it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.reading import is_running, sample
from wgmesh.cli.replaying import MOST_DIFFERENCES, Past, borrowed
from wgmesh.cli.terminal import say, say_json

if TYPE_CHECKING:
    from wgmesh.domain.device import Change
    from wgmesh.domain.mesh import Mesh

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Rehearsal:
    """What was compared, the changes to WireGuard as sentences, and what nobody expects of a restart."""

    records: int
    program: str
    compared: str
    changes: tuple[str, ...]
    surprises: tuple[str, ...]


def rehearsed(directory: Path) -> Rehearsal:
    """Fold the log of a state directory and compare; WgmeshError if it tells of no node."""
    from wgmesh.domain.errors import WgmeshError

    with borrowed(directory) as copy:
        past = Past(copy, None)
        with past.opened() as reader:
            mesh, kept, surprises = _folded(past, reader)
        past.complain()
    if mesh.settings is None:
        raise WgmeshError("this log tells of no node that this wgmesh can read: it is empty, or of a newer version")
    if past.unreadable:
        surprises = (f"{past.unreadable}: this wgmesh would not start with this log", *surprises)
    compared, changes = _changes(directory, mesh, kept)
    return _summed_up(mesh, compared, changes, surprises)


def _summed_up(mesh: "Mesh", compared: str, changes: "tuple[Change, ...]", surprises: tuple[str, ...]) -> Rehearsal:
    from wgmesh.projections.change_sentences import describe
    from wgmesh.projections.rehearsal import is_routine

    odd = tuple(f"it would {describe(change)}" for change in changes if not is_routine(change))
    told = tuple(describe(change) for change in changes)
    return Rehearsal(mesh.head.sequence, mesh.program, compared, told, (*surprises, *odd))


def show(rehearsal: Rehearsal, as_json: bool) -> None:
    """Print it."""
    from wgmesh import __version__

    if as_json:
        say_json({"schema_version": SCHEMA_VERSION, "wgmesh": __version__, **vars(rehearsal)})
        return
    say(f"{rehearsal.records} records, last run by wgmesh {rehearsal.program}, folded by this one", "strong")
    say(f"WireGuard against {rehearsal.compared}: {len(rehearsal.changes) or 'nothing'} to change")
    for change in rehearsal.changes:
        say(f"  {change}")
    for surprise in rehearsal.surprises:
        say(f"! {surprise}", "bad")
    if not rehearsal.surprises:
        say("no surprise: a restart keeps what runs", "good")


def _folded(past: Past, reader: object) -> "tuple[Mesh, Mesh | None, tuple[str, ...]]":
    """The mesh here, the newest state that was kept there as it is there, and what is folded otherwise."""
    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.snapshot import decode, form

    assert isinstance(reader, LogReader)
    mesh, surprises = Mesh(), list[str]()
    for folded in past.folded(reader):
        mesh = folded.after
        surprises += (
            f"behind record {folded.record.sequence}, {each.fact} would be {each.here!r} and was {each.there!r}"
            for each in folded.differences
        )
    kept = [decode(state) for sequence, state in reader.snapshots(form(), past.last) if sequence == past.last]
    return mesh, kept[-1] if kept else None, tuple(surprises[:MOST_DIFFERENCES])


def _changes(directory: Path, mesh: "Mesh", kept: "Mesh | None") -> "tuple[str, tuple[Change, ...]]":
    """With what WireGuard was compared, and the changes."""
    from wgmesh.cli.times import now
    from wgmesh.projections.rehearsal import against_what_was_wished, on_this_device

    live = sample(directory) if is_running(directory) else None
    if live is not None:
        return "the device as it is", on_this_device(mesh, live, mesh.head.awake + max(0, now() - mesh.head.at))
    if kept is not None:
        return "what the stopped daemon wished for", against_what_was_wished(kept, mesh)
    return "nothing, since no daemon runs and none left its state behind", ()
