"""What `what-if` compares: the log as it is, and as it would be."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, takewhile, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.diff import line_of
from wgmesh.cli.redeciding import naming
from wgmesh.cli.replaying import Past, borrowed
from wgmesh.cli.terminal import remark, say, say_json

if TYPE_CHECKING:
    from wgmesh.domain.device import Device
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.records import Record
    from wgmesh.projections.difference import Change
    from wgmesh.supposing import Supposition

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Supposed:
    """What would be otherwise in the end, and, where inputs were decided anew, the first records that differ.

    `logged` and `decided`: the first pair of sentences that are not the same; None where one side has nothing.
    """

    records: int
    decided_records: int | None
    logged: str | None
    decided: str | None
    changes: "tuple[Change, ...]"


def suppose(log: Path, suppositions: "tuple[Supposition, ...]", recording: Path | None) -> Supposed:
    """Fold, or decide, once more; WgmeshError if the log tells of no node, or is not what was written."""
    from wgmesh.domain.errors import WgmeshError
    from wgmesh.domain.folding import fold

    if recording is None and any(each.is_policy for each in suppositions):
        remark("what was decided stays decided, and only views change: --inputs RECORDING decides anew")
    with borrowed(log) as copy:
        past = Past(copy, None)
        with past.opened() as reader:
            records = tuple(past.records(reader))
        past.complain()
    real = fold(records)
    if real.settings is None:
        raise WgmeshError("this log tells of no node that this wgmesh can read: it is empty, or of a newer version")
    if recording is None:
        return Supposed(len(records), None, None, None, _folded(real, records, suppositions))
    return _decided(real, records, suppositions, recording)


def show(supposed: Supposed, as_json: bool) -> None:
    """Print it."""
    if as_json:
        say_json({"schema_version": SCHEMA_VERSION, **vars(supposed)})
        return
    if supposed.decided_records is not None:
        say(f"{supposed.records} records in the log, {supposed.decided_records} as decided anew", "strong")
        if supposed.logged != supposed.decided:
            say(f"in the log: {supposed.logged or 'nothing'}")
            say(f"supposed:   {supposed.decided or 'nothing'}")
    if not supposed.changes:
        say("in the end nothing would be otherwise", "good")
    for change in supposed.changes:
        say(*line_of(change))


def _folded(
    real: "Mesh", records: "tuple[Record, ...]", suppositions: "tuple[Supposition, ...]"
) -> "tuple[Change, ...]":
    from wgmesh.domain.folding import fold
    from wgmesh.supposing import in_records, policies

    before = _device(real)
    with policies(suppositions):
        other = fold(in_records(records, suppositions))
        after = _device(other)
    return _changes(real, other, before, after)


def _decided(
    real: "Mesh", records: "tuple[Record, ...]", suppositions: "tuple[Supposition, ...]", recording: Path
) -> Supposed:
    from wgmesh.domain.folding import fold
    from wgmesh.node.recording import read_recording
    from wgmesh.replay import decide_on
    from wgmesh.supposing import in_input, policies

    with naming(recording), recording.open("rb") as file:
        beginning, taken = read_recording(file.read)
        known = takewhile(lambda each: each.sequence is None or each.sequence <= real.head.sequence, taken)
        earlier = tuple(record for record in records if record.sequence <= beginning.sequence)
        given = ((in_input(each.given, suppositions), each.now) for each in known)
        before = _device(real)
        with policies(suppositions):
            steps = list(decide_on(fold(earlier), beginning, given))
            other = steps[-1].state.mesh if steps else real
            after = _device(other)
    anew = tuple(chain.from_iterable(step.records for step in steps))
    logged, decided = next(_pairs(records[len(earlier) :], anew), (None, None))
    told = _told(records, logged), _told((*earlier, *anew), decided)
    return Supposed(len(records), len(earlier) + len(anew), *told, _changes(real, other, before, after))


def _pairs(logged: "tuple[Record, ...]", anew: "tuple[Record, ...]") -> "Iterator[tuple[Record | None, Record | None]]":
    for one, other in zip_longest(logged, anew):
        if one is None or other is None or (one.at, one.event) != (other.at, other.event):
            yield one, other


def _told(records: "tuple[Record, ...]", record: "Record | None") -> str | None:
    from wgmesh.cli.times import now, stamp
    from wgmesh.domain.folding import fold
    from wgmesh.projections.timeline import sentence

    if record is None:
        return None
    before = fold(each for each in records if each.sequence < record.sequence)
    return f"{record.sequence}  {stamp(record.at, now())}  {sentence(before, record)}"


def _device(mesh: "Mesh") -> "Device":
    from wgmesh.projections.desired_device import desired_device

    return desired_device(mesh, mesh.head.awake)


def _changes(real: "Mesh", other: "Mesh", before: "Device", after: "Device") -> "tuple[Change, ...]":
    """Of the device as each wished for it under its own policies."""
    from wgmesh.projections.change_sentences import describe
    from wgmesh.projections.device_changes import differences
    from wgmesh.projections.difference import Change, difference

    device = differences(before, after)
    rest = (change for change in difference(real, other) if change.topic != "device")
    return (*rest, *(Change("device", "WireGuard", "change", None, describe(change)) for change in device))
