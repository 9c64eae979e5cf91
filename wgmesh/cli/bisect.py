"""`wgmesh bisect`: the one record after which something is no longer so."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wgmesh.cli.moments import folded, moment, story
from wgmesh.cli.place import AsJson
from wgmesh.cli.replaying import Past, borrowed, tell
from wgmesh.cli.terminal import say, say_json

if TYPE_CHECKING:
    from wgmesh.domain.mesh import Mesh
    from wgmesh.domain.records import Record
    from wgmesh.projections.predicates import Predicate

# `>=` and `-10m` are no options.
CONTEXT = {"ignore_unknown_options": True}

Log = Annotated[Path, typer.Argument(metavar="LOG", help="A log, or the state directory that it is in.")]
Words = Annotated[list[str], typer.Argument(metavar="PREDICATE…", help="What was so: `connected beta`, `peers >= 2`.")]
Good = Annotated[str, typer.Option(metavar="T", help="When it was so: 12:03, -10m, or the sequence of a record.")]
Bad = Annotated[str | None, typer.Option(metavar="T", help="When it was no longer so.", show_default="the end")]


def bisect(log: Log, predicate: Words, good: Good, bad: Bad = None, as_json: AsJson = False) -> None:
    """Find the record after which something is no longer so.

    PREDICATE is one of: connected NAME, knows NAME, address NAME ADDRESS, endpoint NAME IP:PORT, layer NAME,
    peers >= N, connected >= N (also with < <= = != >), or one of these behind `not`.
    """
    from wgmesh.projections.predicates import predicate_of

    asked = " ".join(predicate)
    holds = predicate_of(asked)
    with borrowed(log) as copy:
        past = Past(copy, bad)
        before, record, times = _find(past, holds, good, asked)
        past.complain()
    _as_json(record, times) if as_json else _as_text(asked, before, record, times)


def _find(past: Past, holds: "Predicate", good: str, asked: str) -> "tuple[Mesh, Record, int]":
    """The record, the mesh before it, and how often it ceased to be so from `good` on."""
    from wgmesh.domain.errors import WgmeshError

    with past.opened() as reader:
        begun = moment(reader, good).sequence
        mesh, last, found = folded(reader, begun), begun, []
        if not holds(mesh):
            raise WgmeshError(f"`{asked}` does not hold behind record {begun} either: name an earlier --good")
        was = True
        for before, record, after in story(reader.records(begun, past.last), mesh):
            is_so, last = holds(after), record.sequence
            if was and not is_so:
                found.append((before, record))
            was = is_so
    if was or not found:
        raise WgmeshError(f"`{asked}` still holds behind record {last}: name a later --bad")
    return *found[-1], len(found)


def _as_json(record: "Record", times: int) -> None:
    from wgmesh.projections.event_object import event_object

    say_json({"schema_version": 1, "ceased": times, "record": event_object(record)})


def _as_text(asked: str, before: "Mesh", record: "Record", times: int) -> None:
    say(f"`{asked}` was so up to record {record.sequence - 1}, and ended with this one:")
    tell(before, record)
    if times > 1:
        say(f"it ceased to be so {times} times in between; this was the last", "faint")
