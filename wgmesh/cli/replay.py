"""`wgmesh replay`: somebody's log, folded to a moment; with a recording of inputs, decided once more."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from wgmesh.cli.place import AsJson

Log = Annotated[Path, typer.Argument(metavar="LOG", help="A log, or the state directory that it is in.")]
Until = Annotated[str | None, typer.Option(metavar="T", help="Up to then: 12:03, -10m, or the sequence of a record.")]
Show = Annotated[Literal["status", "peers", "device"], typer.Option(help="What to show of that moment.")]
Step = Annotated[bool, typer.Option("--step", help="Tell each record; on a terminal, one for each Enter.")]
Inputs = Annotated[Path | None, typer.Option(metavar="FILE", help="A recording, made by join --record-inputs.")]


def replay(
    log: Log,
    until: Until = None,
    show: Show = "status",
    step: Step = False,
    inputs: Inputs = None,
    as_json: AsJson = False,
) -> None:
    """Fold a log, or decide again what its node decided, and stop at the first record that differs."""
    from wgmesh.cli.redeciding import decide
    from wgmesh.cli.replaying import Past, borrowed

    with borrowed(log) as copy:
        past = Past(copy, until)
        if inputs is None:
            past.show(show, step=step, as_json=as_json)
        else:
            decide(past, inputs, step=step)
