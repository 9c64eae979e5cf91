"""`replay --inputs`: what is recorded is decided again, and both sides of the first difference are shown."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.replaying import Past, tell, wait
from wgmesh.cli.terminal import remark, say, say_json

if TYPE_CHECKING:
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.records import Record
    from wgmesh.node.recording import Taken
    from wgmesh.replay import Redecided


def decide(past: Past, recording: Path, *, step: bool) -> None:
    """Decide again up to the moment; WgmeshError at the first record that differs, or where nothing can be read on."""
    from wgmesh.domain.errors import WgmeshError

    if unreadable := past.unreadable:
        raise WgmeshError(f"{unreadable}: what rests on it cannot be decided again")
    for part in _parts(recording):
        with naming(part):
            _decide_part(past, part, step)
    past.complain()


def _decide_part(past: Past, part: Path, step: bool) -> None:
    from wgmesh import __version__
    from wgmesh.node.recording import read_recording
    from wgmesh.replay import decide_again

    inputs, records = 0, list["Record"]()
    with past.opened() as reader, part.open("rb") as file:
        beginning, taken = read_recording(file.read)
        if beginning.program != __version__:
            remark(f"recorded by wgmesh {beginning.program}; this is {__version__}")
        try:
            for again in decide_again(past.records(reader), beginning, _until(taken, past.last)):
                _check(again, step)
                inputs += 1
                records += again.decided
        finally:
            _sum_up(inputs, records)


def _until(taken: "Iterable[Taken]", last: int) -> "Iterator[Taken]":
    """Those that came to records up to the last, and what was in between."""
    return takewhile(lambda each: each.sequence is None or each.sequence <= last, taken)


def _check(again: "Redecided", step: bool) -> None:
    """Tell what was decided; WgmeshError, with both sides shown, where it is something else than it was."""
    from wgmesh.domain.errors import WgmeshError

    what = f"input {again.number}, {type(again.given).__name__}"
    if (pair := again.first_different) is not None:
        for side, record in zip(("in the log", "decided now"), pair, strict=True):
            _show_side(side, again.before, record)
        sequence = next(record.sequence for record in pair if record is not None)
        raise WgmeshError(f"record {sequence} is decided otherwise by this wgmesh, at {what}: both are shown")
    if not again.folds_alike:
        records = ", ".join(str(record.sequence) for record in again.decided)
        raise WgmeshError(f"record {records} is folded otherwise by this wgmesh, at {what}: the state after it differs")
    if step:
        say(f"{what}: {_counted(len(again.decided), 'record')}", "faint")
        for record in again.decided:
            tell(again.before, record)
        wait()


def _show_side(side: str, before: "Mesh", record: "Record | None") -> None:
    from wgmesh.projections.event_object import event_object

    say(f"{side}:{'' if record else ' nothing'}", "strong")
    if record is not None:
        tell(before, record)
        say_json(event_object(record))


def _sum_up(inputs: int, records: "list[Record]") -> None:
    place = f", {records[0].sequence} to {records[-1].sequence}" if records else ""
    say(f"decided {_counted(inputs, 'input')} again: {_counted(len(records), 'record')}{place}, as in the log", "good")


def _parts(recording: Path) -> list[Path]:
    """The file, and before it the older half of the ring where the file goes on from there."""
    from wgmesh.domain.session import Session
    from wgmesh.node.recording import read_recording

    older = recording.with_name(f"{recording.name}.old")
    with naming(recording), recording.open("rb") as file:
        begins_a_run = read_recording(file.read)[0].session == Session()
    return [recording] if begins_a_run or not older.is_file() else [older, recording]


@contextmanager
def naming(recording: Path) -> Iterator[None]:
    """What is wrong within is wrong with this file: WgmeshError says so."""
    from wgmesh.domain.errors import WgmeshError

    try:
        yield
    except OSError as error:
        raise WgmeshError(f"{recording} cannot be read: {error.strerror}") from error
    except WgmeshError as error:
        raise type(error)(f"{recording}: {error}") from error


def _counted(number: int, noun: str) -> str:
    from wgmesh.projections.wording import counted

    return counted(number, noun)
