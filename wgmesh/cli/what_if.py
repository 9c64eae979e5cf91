"""`wgmesh what-if`: the same log under another setting, or the same inputs under another policy."""

from pathlib import Path
from typing import Annotated

import typer

from wgmesh.cli.place import AsJson, Interface, StateDir, find_state

Log = Annotated[
    Path | None, typer.Argument(metavar="[LOG]", help="A log, or its state directory; without it, this node's.")
]
Set = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="lan=off, liveness.SILENT_AFTER=60s"),
]
Inputs = Annotated[Path | None, typer.Option(metavar="FILE", help="A recording of the log, which is decided anew.")]


def what_if(
    supposed: Set,
    log: Log = None,
    inputs: Inputs = None,
    interface: Interface = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell what another setting or policy would have made."""
    from wgmesh.cli.supposed import show, suppose
    from wgmesh.supposing import parse

    suppositions = tuple(parse(text) for text in supposed)
    show(suppose(log or find_state(interface, state_dir), suppositions, inputs), as_json)
