"""What `replay` does with a copy of a log: fold it and show a moment, or decide again what is recorded."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.moments import moment, readable
from wgmesh.cli.place import LOG_NAME
from wgmesh.cli.reading import View, is_running, view_of
from wgmesh.cli.terminal import is_terminal, remark, say

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.adapters.event_log.verify import Verdict
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.records import Record
    from wgmesh.replay import Folded

# Facts that are told one by one when they are folded otherwise; of the rest it is said how many.
MOST_DIFFERENCES = 8


@contextmanager
def borrowed(log: Path) -> Iterator[Path]:
    """A copy of the log, or of the one in a state directory, for as long as it is looked at."""
    from wgmesh.adapters.event_log.borrowed import borrow
    from wgmesh.domain.errors import WgmeshError

    path = log / LOG_NAME if log.is_dir() else log
    with tempfile.TemporaryDirectory(prefix="wgmesh-replay-") as directory:
        copy = borrow(path, Path(directory), running=path.name == LOG_NAME and is_running(path.parent))
        try:
            yield copy
        except WgmeshError as error:
            raise type(error)(str(error).replace(str(copy), str(path))) from error


class Past:
    """A log up to a moment. What does not verify is not looked at, and said in the end."""

    def __init__(self, log: Path, until: str | None) -> None:
        from wgmesh.adapters.event_log.verify import verify

        self._log = log
        self._verdict: Verdict = verify(log, running=False)
        if self._verdict.records == 0:
            self.complain()
        with self.opened() as reader:
            self.last = min(self._verdict.head.sequence, moment(reader, until).sequence)

    @property
    def unreadable(self) -> str:
        """The first record that this wgmesh cannot read, in a sentence; empty if it can read all."""
        return self._verdict.unreadable[0].reason if self._verdict.unreadable else ""

    def show(self, what: str, *, step: bool, as_json: bool) -> None:
        """Fold it and print the moment; WgmeshError if the log is bad, or makes another state than it made."""
        with self.opened() as reader:
            differing = None
            mesh = None
            for folded in self.folded(reader):
                mesh = folded.after
                differing = differing or (folded if folded.differences else None)
                if step:
                    tell(folded.before, folded.record)
                    wait()
            _show(what, _view(reader, mesh), as_json)
        if differing is not None:
            _complain_of(differing)
        self.complain()

    def records(self, reader: "LogReader") -> "Iterator[Record]":
        """What verifies and can be read, up to the moment."""
        return readable(reader.records(until=self.last))

    def folded(self, reader: "LogReader") -> "Iterator[Folded]":
        """Each record folded here, and against the states that were kept there."""
        from wgmesh.domain.snapshot import decode, form
        from wgmesh.replay import fold_again

        kept = {sequence: decode(state) for sequence, state in reader.snapshots(form(), self.last)}
        return fold_again(self.records(reader), kept)

    def opened(self) -> "LogReader":
        """The log, to be closed."""
        from wgmesh.adapters.event_log.reader import LogReader

        return LogReader(self._log, running=False)

    def complain(self) -> None:
        """WgmeshError, with the place, if the log is not what was written."""
        from wgmesh.domain.errors import WgmeshError

        if self._verdict.reason:
            where = f"record {self._verdict.first_bad} is bad: " if self._verdict.first_bad is not None else ""
            shown = "; shown is what is before it" if self._verdict.records else ""
            raise WgmeshError(f"{self._log}: {where}{self._verdict.reason}{shown}")


def tell(before: "Mesh", record: "Record") -> None:
    """The record, as `events` tells it, behind its sequence."""
    from wgmesh.cli.times import now, stamp
    from wgmesh.projections.timeline import sentence

    say(f"{record.sequence:>6}  {stamp(record.at, now())}  {record.cause}  {sentence(before, record)}")


def wait() -> None:
    """On a terminal, until Enter."""
    import sys

    if is_terminal() and is_terminal(sys.stdin):
        input()


def _view(reader: "LogReader", mesh: "Mesh | None") -> View:
    """The node as of its last record; WgmeshError where that tells of none."""
    from wgmesh.domain.errors import WgmeshError

    if mesh is None or mesh.settings is None:
        raise WgmeshError("up to this moment the log tells of no node that started: name a later one with --until")
    return view_of(reader, mesh, mesh.head.at)


def _show(what: str, view: View, as_json: bool) -> None:
    from wgmesh.cli.peers import show_peers
    from wgmesh.cli.status import show_status

    match what:
        case "status":
            show_status(view, as_json)
        case "peers":
            show_peers(view, as_json)
        case _:
            _show_device(view.mesh, as_json)


def _show_device(mesh: "Mesh", as_json: bool) -> None:
    from wgmesh.cli.terminal import say_json
    from wgmesh.projections.desired_device import desired_device
    from wgmesh.projections.wg_config import wg_config

    if as_json:
        say_json(desired_device(mesh, mesh.head.awake))
    else:
        print(wg_config(mesh), end="")


def _complain_of(folded: "Folded") -> None:
    from wgmesh.domain.errors import WgmeshError

    for each in folded.differences[:MOST_DIFFERENCES]:
        remark(f"{each.fact} is {each.here!r} here and was {each.there!r} there")
    if len(folded.differences) > MOST_DIFFERENCES:
        remark(f"and {len(folded.differences) - MOST_DIFFERENCES} facts more")
    raise WgmeshError(
        f"this wgmesh folds record {folded.first_different} otherwise than the one that kept the state behind record"
        f" {folded.record.sequence}: look at that record with --step"
    )
