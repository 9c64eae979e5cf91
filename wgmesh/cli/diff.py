"""`wgmesh diff T1 T2`: what changed between two moments."""

from typing import TYPE_CHECKING, Annotated

import typer

from wgmesh.cli.moments import mesh_at, moment
from wgmesh.cli.place import AsJson, Interface, StateDir, find_state
from wgmesh.cli.reading import open_log
from wgmesh.cli.terminal import say, say_json

if TYPE_CHECKING:
    from wgmesh.cli.moments import Moment
    from wgmesh.projections.difference import Change

# `-10m` is a moment here, and no option.
CONTEXT = {"ignore_unknown_options": True}
SCHEMA_VERSION = 1

First = Annotated[str, typer.Argument(metavar="T1", help="12:03, 2026-11-22T12:03, -10m, or the sequence of a record.")]
Second = Annotated[str | None, typer.Argument(metavar="[T2]", help="The same, later; the present if it is left out.")]


def diff(
    first: First,
    second: Second = None,
    interface: Interface = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell what changed between two moments."""
    from wgmesh.projections.difference import difference

    with open_log(find_state(interface, state_dir)) as reader:
        begun, ended = moment(reader, first), moment(reader, second)
        changes = difference(mesh_at(reader, begun.sequence), mesh_at(reader, ended.sequence))
    _as_json(begun, ended, changes) if as_json else _as_text(begun, ended, changes)


def _as_json(begun: "Moment", ended: "Moment", changes: "tuple[Change, ...]") -> None:
    moments = {name: {"at": it.at, "sequence": it.sequence} for name, it in (("from", begun), ("to", ended))}
    say_json({"schema_version": SCHEMA_VERSION, **moments, "changes": changes})


def _as_text(begun: "Moment", ended: "Moment", changes: "tuple[Change, ...]") -> None:
    from wgmesh.cli.times import now, stamp

    between = " to ".join(f"{stamp(it.at, now())} (record {it.sequence})" for it in (begun, ended))
    say(f"{between}: {'nothing changed' if not changes else f'{len(changes)} changed'}", "faint")
    for change in changes:
        say(*line_of(change))


def line_of(change: "Change") -> tuple[str, str]:
    """A change as a person reads it, and its style."""
    if change.topic == "device":
        return f"{change.topic:<7} {change.after}", ""
    subject = f"{change.topic:<7} {change.subject}  {change.what}"
    if change.before is None:
        return f"{subject}  + {change.after}", "good"
    if change.after is None:
        return f"{subject}  - {change.before}", "bad"
    return f"{subject}  {change.before} -> {change.after}", "odd"
